// Package rpc builds the gRPC servers, clients and in-process connections of the shop.
package rpc

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

var errStub = errors.New("not built yet")

// ServerConfig is what the environment says about a gRPC server.
type ServerConfig struct {
	Addr         string         `env:"GRPC_ADDR" envDefault:"127.0.0.1:0" help:"where the service listens; port 0 takes a free one" expects:"host:port"`
	Secrets      config.Secrets `env:"SERVICE_SECRETS,required" help:"shared by the services: the first is sent, all are accepted"`
	DrainTimeout time.Duration  `env:"DRAIN_TIMEOUT" envDefault:"20s" help:"how long calls under way may take to finish at shutdown"`
}

// Server is a gRPC server that listens already.
type Server struct{}

// NewServer listens at once.
func NewServer(cfg ServerConfig, tel telemetry.Telemetry, healthy func(context.Context) error) (*Server, error) {
	return nil, errStub
}

// RegisterService adds a service; call it before Serve.
func (s *Server) RegisterService(desc *grpc.ServiceDesc, implementation any) {}

// Addr is the address that the server listens on, as host:port.
func (s *Server) Addr() string { return "" }

// Serve answers calls until ctx is done, then drains.
func (s *Server) Serve(ctx context.Context) error { return errStub }

// Dial makes a client connection.
func Dial(target string, secrets config.Secrets, tel telemetry.Telemetry, services ...protoreflect.ServiceDescriptor) (*grpc.ClientConn, error) {
	return nil, errStub
}

// InProcessConn calls handlers in the same process; it is a grpc.ClientConnInterface and a grpc.ServiceRegistrar.
type InProcessConn struct{}

// InProcess makes a connection whose calls pass the interceptors, the first one outermost.
func InProcess(interceptors ...grpc.UnaryServerInterceptor) *InProcessConn { return &InProcessConn{} }

// RegisterService adds a service; call it before the first Invoke.
func (c *InProcessConn) RegisterService(desc *grpc.ServiceDesc, implementation any) {}

// Invoke calls the registered handler.
func (c *InProcessConn) Invoke(ctx context.Context, method string, request, reply any, options ...grpc.CallOption) error {
	return errStub
}

// NewStream always fails: in-process calls are unary.
func (c *InProcessConn) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errStub
}
