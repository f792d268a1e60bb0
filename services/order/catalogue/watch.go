package catalogue

import (
	"context"

	"google.golang.org/grpc"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// mostWatchers bounds the open streams; a shop has one for each process of the edge.
const mostWatchers = 256

var errTooManyWatchers = fault.New(fault.RateLimited, "too-many-watchers", "too many streams follow the catalogue")

// GetCatalogue answers from memory.
func (c *Catalogue) GetCatalogue(context.Context, *orderv1.GetCatalogueRequest) (*orderv1.GetCatalogueResponse, error) {
	return &orderv1.GetCatalogueResponse{Catalogue: c.Snapshot().Proto()}, nil
}

// WatchCatalogue sends the catalogue at once and whenever its version changes, until the watcher goes or the server
// drains. A watcher that is slow to receive gets only the newest.
func (c *Catalogue) WatchCatalogue(_ *orderv1.WatchCatalogueRequest, stream grpc.ServerStreamingServer[orderv1.WatchCatalogueResponse]) error {
	defer c.watchers.Add(-1)
	if c.watchers.Add(1) > mostWatchers {
		return errTooManyWatchers
	}
	sent := ""
	for {
		snapshot := c.Snapshot()
		if version := snapshot.proto.GetVersion(); version != sent {
			if err := stream.Send(&orderv1.WatchCatalogueResponse{Catalogue: snapshot.proto}); err != nil {
				return err
			}
			sent = version
		}
		select {
		case <-stream.Context().Done():
			return stream.Context().Err()
		case <-snapshot.replaced:
		}
	}
}
