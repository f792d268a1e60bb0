package rpc

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// InProcessConn calls handlers in the same process; it is a grpc.ClientConnInterface and a
// grpc.ServiceRegistrar. Register everything before the first call; from then on it is safe for concurrent use.
//
// Nothing is copied or encoded: the handler gets the caller's own request, and the caller's reply shares
// nested messages, lists and maps with what the handler returned. So neither side may change a message
// after handing it over; a handler may return one message to many callers.
//
// Values of the caller's context reach the handler. Outgoing metadata arrives as incoming metadata and is not
// sent on by calls that the handler makes. grpc.SetHeader, SendHeader and SetTrailer work, and reach callers
// that pass grpc.Header or grpc.Trailer. Other call options are ignored.
type InProcessConn struct {
	intercept grpc.UnaryServerInterceptor
	methods   map[string]inProcessMethod
}

type inProcessMethod struct {
	implementation any
	call           grpc.MethodHandler
}

// InProcess makes a connection whose calls pass the interceptors, the first one outermost. Nothing is built
// in: Report and Recover are what a server has.
func InProcess(interceptors ...grpc.UnaryServerInterceptor) *InProcessConn {
	return &InProcessConn{intercept: chain(interceptors), methods: map[string]inProcessMethod{}}
}

// RegisterService adds the unary methods of a service.
func (c *InProcessConn) RegisterService(desc *grpc.ServiceDesc, implementation any) {
	for _, method := range desc.Methods {
		c.methods["/"+desc.ServiceName+"/"+method.MethodName] = inProcessMethod{implementation, method.Handler}
	}
}

// Invoke calls the registered handler. reply is a message of the handler's reply type, or a *proto.Message
// that is set to the handler's own reply. Errors are *fault.Error, as those of Dial.
func (c *InProcessConn) Invoke(ctx context.Context, method string, request, reply any, options ...grpc.CallOption) error {
	registered, ok := c.methods[method]
	if !ok {
		return received(status.Error(codes.Unimplemented, "no handler for "+method))
	}
	headers := &inProcessHeaders{method: method}
	ctx = grpc.NewContextWithServerTransportStream(arriving(ctx), headers)
	answer, err := registered.call(registered.implementation, ctx, notDecoding, c.passing(request))
	headers.deliver(options)
	if err != nil {
		return received(err)
	}
	return received(fill(reply, answer))
}

// NewStream always fails: in-process calls are unary.
func (c *InProcessConn) NewStream(_ context.Context, _ *grpc.StreamDesc, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, received(status.Error(codes.Unimplemented, "no in-process stream "+method))
}

// notDecoding leaves the generated code's fresh request empty; passing replaces it.
func notDecoding(any) error { return nil }

// passing is the interceptor given to the generated handler: it puts the caller's request in place of the
// empty one that the generated code made, and runs the interceptors.
func (c *InProcessConn) passing(request any) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, _ any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		return c.intercept(ctx, request, info, handler)
	}
}

func chain(interceptors []grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	if len(interceptors) == 0 {
		return func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			return handler(ctx, request)
		}
	}
	first, rest := interceptors[0], chain(interceptors[1:])
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		return first(ctx, request, info, func(ctx context.Context, request any) (any, error) {
			return rest(ctx, request, info, handler)
		})
	}
}

// arriving is the context as a server would see it: what the caller sent has arrived, and nothing is left to
// be sent on to other services by accident (a browser's cookies, say).
func arriving(ctx context.Context) context.Context {
	sent, ok := metadata.FromOutgoingContext(ctx)
	if !ok {
		return ctx
	}
	return metadata.NewIncomingContext(metadata.NewOutgoingContext(ctx, metadata.MD{}), sent)
}

// fill moves the answer into the caller's message: the top-level fields are set, what they hold is shared.
func fill(reply, answer any) error {
	message, ok := answer.(proto.Message)
	if !ok {
		return fmt.Errorf("a handler returned %T, which is no message", answer)
	}
	if holder, ok := reply.(*proto.Message); ok {
		*holder = message
		return nil
	}
	target, ok := reply.(proto.Message)
	if !ok {
		return fmt.Errorf("a reply goes into a message, not into %T", reply)
	}
	to, from := target.ProtoReflect(), message.ProtoReflect()
	if to.Type() != from.Type() {
		return fmt.Errorf("a reply %s does not go into %s", from.Descriptor().FullName(), to.Descriptor().FullName())
	}
	proto.Reset(target)
	from.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		to.Set(field, value)
		return true
	})
	to.SetUnknown(from.GetUnknown())
	return nil
}
