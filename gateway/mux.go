package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/gateway/web"
)

// newMux is grpc-gateway over the in-process handlers. Requests come to it through the front door, which has left
// nothing in them but method, path and fields.
func newMux(ctx context.Context, conn grpc.ClientConnInterface, renderer *dialect.Renderer, now func() time.Time) (*runtime.ServeMux, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, dialect.NewCodec(renderer)),
		runtime.WithForwardResponseOption(finisher(renderer, now)),
		runtime.WithErrorHandler(fail),
		runtime.WithRoutingErrorHandler(failRouting),
		runtime.WithIncomingHeaderMatcher(noHeader),
		runtime.WithOutgoingHeaderMatcher(noHeader),
		runtime.WithOutgoingTrailerMatcher(noHeader),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithWriteContentLength(),
	)
	for _, register := range []func(context.Context, *runtime.ServeMux) error{
		func(ctx context.Context, mux *runtime.ServeMux) error {
			return storefrontv1.RegisterUserAreaServiceHandlerClient(ctx, mux, storefrontv1.NewUserAreaServiceClient(conn))
		},
		func(ctx context.Context, mux *runtime.ServeMux) error {
			return storefrontv1.RegisterOrderAreaServiceHandlerClient(ctx, mux, storefrontv1.NewOrderAreaServiceClient(conn))
		},
		func(ctx context.Context, mux *runtime.ServeMux) error {
			return storefrontv1.RegisterClientEventAreaServiceHandlerClient(ctx, mux, storefrontv1.NewClientEventAreaServiceClient(conn))
		},
	} {
		if err := register(ctx, mux); err != nil {
			return nil, err
		}
	}
	return mux, nil
}

func noHeader(string) (string, bool) { return "", false }

// finisher sends what the visitor is to keep, forbids keeping the index pages (contract encodings.md 7), and sets the
// status of an answer that is not 200.
func finisher(renderer *dialect.Renderer, now func() time.Time) func(context.Context, http.ResponseWriter, proto.Message) error {
	return func(ctx context.Context, w http.ResponseWriter, answer proto.Message) error {
		guest := visitor.From(ctx)
		header := w.Header()
		if renderer.IsPage(answer) {
			header.Set("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate, private")
			header.Set("Expires", now().UTC().Format(http.TimeFormat))
		}
		guest.WriteHeaders(header)
		if status := guest.AnswerStatus(); status != 0 {
			w.WriteHeader(status)
		}
		return nil
	}
}

// fail answers with the page of the failure; cookies are sent all the same, a dead session is dead in any case.
func fail(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
	visitor.From(ctx).WriteHeaders(w.Header())
	web.Fail(w, err)
}

// failRouting is reached only when routes.yaml and the generated code disagree.
func failRouting(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, _ int) {
	web.Fail(w, errNoHandler)
}
