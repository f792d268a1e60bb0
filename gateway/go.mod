module github.com/bartgottschalk/startupwebapp/gateway

go 1.26.0

require (
	github.com/bartgottschalk/startupwebapp/proto v0.0.0
	github.com/bartgottschalk/startupwebapp/services/platform v0.0.0
)

replace (
	github.com/bartgottschalk/startupwebapp/proto => ../proto
	github.com/bartgottschalk/startupwebapp/services/platform => ../services/platform
)

require (
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
	github.com/grpc-ecosystem/grpc-gateway/v2 v2.33.0
	github.com/stretchr/testify v1.12.1
	go.yaml.in/yaml/v3 v3.0.6
	go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp v0.72.0
	go.opentelemetry.io/otel v1.47.0
)
