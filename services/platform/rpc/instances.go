package rpc

import (
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"
)

// fixedScheme names targets whose instances are listed in the target itself.
const fixedScheme = "fixed"

// instances understands comma-separated addresses, for places without a name service: two instances of
// each service on one machine. Names are looked up by dnsInstances; other schemes go to gRPC's own resolvers.
func instances(target string) (string, grpc.DialOption) {
	if !strings.Contains(target, ",") {
		return target, grpc.WithResolvers(dnsInstances{})
	}
	return fixedScheme + ":///" + target, grpc.WithResolvers(fixedInstances{})
}

type fixedInstances struct{}

// Scheme is the target scheme that this resolver serves.
func (fixedInstances) Scheme() string { return fixedScheme }

// Build tells the connection all addresses at once; they never change.
func (fixedInstances) Build(target resolver.Target, conn resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	var state resolver.State
	for address := range strings.SplitSeq(target.Endpoint(), ",") {
		if trimmed := strings.TrimSpace(address); trimmed != "" {
			state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: trimmed}}})
		}
	}
	return fixedInstances{}, conn.UpdateState(state)
}

// ResolveNow has nothing to do.
func (fixedInstances) ResolveNow(resolver.ResolveNowOptions) {}

// Close has nothing to release.
func (fixedInstances) Close() {}
