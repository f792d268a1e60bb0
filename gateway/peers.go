package gateway

import (
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// peers are the connections to the four services, all that the edge may call.
type peers struct {
	user, order, payment, clientevent *grpc.ClientConn
}

func dialPeers(cfg Config, tel telemetry.Telemetry) (*peers, error) {
	made := &peers{}
	for _, peer := range []struct {
		conn     **grpc.ClientConn
		target   string
		services []protoreflect.ServiceDescriptor
	}{
		{&made.user, cfg.UserAddr, userServices()},
		{&made.order, cfg.OrderAddr, orderServices()},
		{&made.payment, cfg.PaymentAddr, servicesOf(paymentv1.File_payment_v1_payment_proto)},
		{&made.clientevent, cfg.ClientEventAddr, servicesOf(clienteventv1.File_clientevent_v1_clientevent_proto)},
	} {
		conn, err := rpc.Dial(peer.target, cfg.Secrets, tel, peer.services...)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("dial the services: %w", err), made.close())
		}
		*peer.conn = conn
	}
	return made, nil
}

// userServices are those of the user service that the edge asks.
func userServices() []protoreflect.ServiceDescriptor {
	return servicesOf(userv1.File_user_v1_account_proto, userv1.File_user_v1_session_proto, userv1.File_user_v1_verification_proto,
		userv1.File_user_v1_credential_proto, userv1.File_user_v1_subscription_proto, userv1.File_user_v1_terms_proto,
		userv1.File_user_v1_chat_proto, userv1.File_user_v1_prospect_proto, userv1.File_user_v1_limit_proto)
}

// orderServices are those of the order service that the edge asks.
func orderServices() []protoreflect.ServiceDescriptor {
	return servicesOf(orderv1.File_order_v1_catalogue_proto, orderv1.File_order_v1_cart_proto, orderv1.File_order_v1_checkout_proto,
		orderv1.File_order_v1_order_proto, orderv1.File_order_v1_idempotency_proto)
}

func (p *peers) close() error {
	var failures []error
	for _, conn := range []*grpc.ClientConn{p.user, p.order, p.payment, p.clientevent} {
		if conn != nil {
			failures = append(failures, conn.Close())
		}
	}
	return errors.Join(failures...)
}

func servicesOf(files ...protoreflect.FileDescriptor) []protoreflect.ServiceDescriptor {
	var found []protoreflect.ServiceDescriptor
	for _, file := range files {
		for i := range file.Services().Len() {
			found = append(found, file.Services().Get(i))
		}
	}
	return found
}
