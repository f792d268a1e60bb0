package catalogue_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const pause = 5 * time.Millisecond

func retitle(t *testing.T, shop *ordertest.Shop, title string) {
	t.Helper()
	shop.ChangeCatalogue(t, fmt.Sprintf(`UPDATE product SET title = '%s' WHERE id = 1`, title),
		func(s *catalogue.Snapshot) bool { return s.Proto().GetProducts()[0].GetTitle() == title })
}

func TestWatchersGetTheCatalogueNowAndOnChange(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	ctx, cancel := context.WithTimeout(t.Context(), ordertest.Patience)
	defer cancel()
	watchers := make([]grpc.ServerStreamingClient[orderv1.WatchCatalogueResponse], 20)
	for i := range watchers {
		stream, err := shop.CatalogueClient.WatchCatalogue(ctx, &orderv1.WatchCatalogueRequest{})
		require.NoError(t, err)
		first, err := stream.Recv()
		require.NoError(t, err)
		require.Len(t, first.GetCatalogue().GetProducts(), 3)
		watchers[i] = stream
	}
	shop.Exec(t, `UPDATE product SET title = title`) // the same content again is no change
	retitle(t, shop, "changed")
	for _, stream := range watchers {
		next, err := stream.Recv()
		require.NoError(t, err)
		require.Equal(t, "changed", next.GetCatalogue().GetProducts()[0].GetTitle())
	}
}

// slowStream lets its sends through only when told to.
type slowStream struct {
	grpc.ServerStreamingServer[orderv1.WatchCatalogueResponse]
	ctx    context.Context
	titles chan string
}

func (s slowStream) Context() context.Context { return s.ctx }

func (s slowStream) Send(response *orderv1.WatchCatalogueResponse) error {
	s.titles <- response.GetCatalogue().GetProducts()[0].GetTitle()
	return nil
}

func TestSlowWatcherGetsOnlyTheNewest(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	retitle(t, shop, "before")
	ctx, cancel := context.WithCancel(t.Context())
	stream, ended := slowStream{ctx: ctx, titles: make(chan string)}, make(chan error, 1)
	go func() { ended <- shop.Catalogue.WatchCatalogue(&orderv1.WatchCatalogueRequest{}, stream) }()
	require.Equal(t, "before", receive(t, stream.titles))

	retitle(t, shop, "one") // this may already be on its way when the next ones come
	for _, title := range []string{"two", "three", "newest"} {
		retitle(t, shop, title)
	}
	if got := receive(t, stream.titles); got == "one" {
		require.Equal(t, "newest", receive(t, stream.titles))
	} else {
		require.Equal(t, "newest", got)
	}
	cancel()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(ordertest.Patience):
		t.Fatal("the watch did not end with its stream")
	}
}

func receive(t *testing.T, titles <-chan string) string {
	t.Helper()
	select {
	case title := <-titles:
		return title
	case <-time.After(ordertest.Patience):
		t.Fatal("nothing was sent")
		return ""
	}
}

func TestWatchersAreBounded(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	const most = 256
	ended := make(chan error, most)
	for range most {
		stream := slowStream{ctx: ctx, titles: make(chan string, 1)}
		go func() { ended <- shop.Catalogue.WatchCatalogue(&orderv1.WatchCatalogueRequest{}, stream) }()
		receive(t, stream.titles)
	}
	one := func() error {
		ctx, cancel := context.WithCancel(t.Context())
		stream := slowStream{ctx: ctx, titles: make(chan string, 1)}
		defer cancel()
		go func() {
			select {
			case <-stream.titles:
				cancel()
			case <-ctx.Done():
			}
		}()
		return shop.Catalogue.WatchCatalogue(&orderv1.WatchCatalogueRequest{}, stream)
	}
	require.True(t, fault.HasReason(boundedly(t, one), "too-many-watchers"))
	cancel()
	for range most {
		require.ErrorIs(t, <-ended, context.Canceled)
	}
	require.ErrorIs(t, boundedly(t, one), context.Canceled, "there is room again")
}

func boundedly(t *testing.T, work func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- work() }()
	select {
	case err := <-done:
		return err
	case <-time.After(ordertest.Patience):
		t.Fatal("took too long")
		return nil
	}
}
