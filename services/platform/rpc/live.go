package rpc

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

// Healthcheck is the subcommand healthcheck of a process that serves gRPC at GRPC_ADDR.
func Healthcheck() *process.Healthcheck {
	return &process.Healthcheck{Variable: "GRPC_ADDR", Ask: askLive}
}

// askLive asks one server whether its process should go on living. It needs no secret.
func askLive(ctx context.Context, address string) (err error) {
	conn, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(), grpc.WithDisableServiceConfig())
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: LiveService})
	if err != nil {
		return fmt.Errorf("%s does not answer: %s", address, status.Convert(err).Message())
	}
	if answer.GetStatus() != serving {
		return fmt.Errorf("%s answers %s", address, answer.GetStatus())
	}
	return nil
}
