module github.com/bartgottschalk/startupwebapp/services/order

go 1.26.0

require (
	github.com/bartgottschalk/startupwebapp/proto v0.0.0
	github.com/bartgottschalk/startupwebapp/services/platform v0.0.0
)

replace (
	github.com/bartgottschalk/startupwebapp/proto => ../../proto
	github.com/bartgottschalk/startupwebapp/services/platform => ../../services/platform
)

require (
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
	github.com/jackc/pgx/v5 v5.12.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/riverqueue/river v0.51.1
	github.com/riverqueue/river/riverdriver/riverpgxv5 v0.51.1
	github.com/riverqueue/river/rivertype v0.51.1
)

require (
	go.opentelemetry.io/otel v1.47.0
	go.opentelemetry.io/otel/metric v1.47.0
	go.opentelemetry.io/otel/sdk v1.47.0
	go.opentelemetry.io/otel/trace v1.47.0
)
