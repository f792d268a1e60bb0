module github.com/bartgottschalk/startupwebapp/proto

go 1.26.0


require (
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
	github.com/grpc-ecosystem/grpc-gateway/v2 v2.33.0
	google.golang.org/genproto/googleapis/api v0.0.0-20261026165753-2ffab32bce7e
)
