module github.com/bartgottschalk/startupwebapp/deploy/local

go 1.26.0

require (
	github.com/bartgottschalk/startupwebapp/gateway v0.0.0
	github.com/bartgottschalk/startupwebapp/proto v0.0.0
	github.com/bartgottschalk/startupwebapp/services/clientevent v0.0.0
	github.com/bartgottschalk/startupwebapp/services/order v0.0.0
	github.com/bartgottschalk/startupwebapp/services/payment v0.0.0
	github.com/bartgottschalk/startupwebapp/services/platform v0.0.0
	github.com/bartgottschalk/startupwebapp/services/user v0.0.0
)

replace (
	github.com/bartgottschalk/startupwebapp/gateway => ../../gateway
	github.com/bartgottschalk/startupwebapp/proto => ../../proto
	github.com/bartgottschalk/startupwebapp/services/clientevent => ../../services/clientevent
	github.com/bartgottschalk/startupwebapp/services/order => ../../services/order
	github.com/bartgottschalk/startupwebapp/services/payment => ../../services/payment
	github.com/bartgottschalk/startupwebapp/services/platform => ../../services/platform
	github.com/bartgottschalk/startupwebapp/services/user => ../../services/user
)

require (
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
	github.com/stretchr/testify v1.12.1
	github.com/jackc/pgx/v5 v5.12.0
	github.com/stripe/stripe-go/v76 v76.25.0
	github.com/emersion/go-message v0.18.2
	github.com/emersion/go-smtp v0.25.1
	go.opentelemetry.io/otel/sdk v1.47.0
	go.opentelemetry.io/otel/trace v1.47.0
)
