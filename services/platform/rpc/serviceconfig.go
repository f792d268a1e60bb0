package rpc

import (
	"encoding/json"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// The JSON form of gRPC's service config, as far as it is used here.
type clientPolicy struct {
	LoadBalancing   []map[string]struct{} `json:"loadBalancingConfig"`
	HealthCheck     map[string]string     `json:"healthCheckConfig"`
	RetryThrottling retryThrottling       `json:"retryThrottling"`
	Methods         []methodPolicy        `json:"methodConfig,omitempty"`
}

type retryThrottling struct {
	MaxTokens  int     `json:"maxTokens"`
	TokenRatio float64 `json:"tokenRatio"`
}

type methodPolicy struct {
	Names []methodName `json:"name"`
	Retry retryPolicy  `json:"retryPolicy"`
}

type methodName struct {
	Service string `json:"service"`
	Method  string `json:"method"`
}

type retryPolicy struct {
	MaxAttempts          int      `json:"maxAttempts"`
	InitialBackoff       string   `json:"initialBackoff"`
	MaxBackoff           string   `json:"maxBackoff"`
	BackoffMultiplier    float64  `json:"backoffMultiplier"`
	RetryableStatusCodes []string `json:"retryableStatusCodes"`
}

// serviceConfig writes the policy of a client: where calls go and which may be repeated. The throttle stops
// retries while most calls fail, so that a peer in trouble is not asked three times as much.
func serviceConfig(services []protoreflect.ServiceDescriptor) string {
	policy := clientPolicy{
		LoadBalancing:   []map[string]struct{}{{"round_robin": {}}},
		HealthCheck:     map[string]string{"serviceName": ""},
		RetryThrottling: retryThrottling{MaxTokens: 20, TokenRatio: 0.2},
	}
	if names := repeatable(services); len(names) > 0 {
		policy.Methods = []methodPolicy{{Names: names, Retry: retryPolicy{
			MaxAttempts: 3, InitialBackoff: "0.05s", MaxBackoff: "0.5s", BackoffMultiplier: 3,
			RetryableStatusCodes: []string{"UNAVAILABLE"},
		}}}
	}
	text, err := json.Marshal(policy)
	if err != nil {
		return "{}" // cannot happen: strings and numbers alone
	}
	return string(text)
}

func repeatable(services []protoreflect.ServiceDescriptor) []methodName {
	var names []methodName
	for _, service := range services {
		for i := range service.Methods().Len() {
			method := service.Methods().Get(i)
			if isRepeatable(method) {
				names = append(names, methodName{Service: string(service.FullName()), Method: string(method.Name())})
			}
		}
	}
	return names
}

// isRepeatable trusts what the contract says; a stream is reopened by whoever reads it.
func isRepeatable(method protoreflect.MethodDescriptor) bool {
	options, ok := method.Options().(*descriptorpb.MethodOptions)
	if !ok || method.IsStreamingClient() || method.IsStreamingServer() {
		return false
	}
	level := options.GetIdempotencyLevel()
	return level == descriptorpb.MethodOptions_NO_SIDE_EFFECTS || level == descriptorpb.MethodOptions_IDEMPOTENT
}
