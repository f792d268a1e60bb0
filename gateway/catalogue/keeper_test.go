package catalogue_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/catalogue"
	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

var secrets = config.Secrets{"a-secret-of-tests"}

// orders is an order service whose catalogue tests change; its streams can be refused or broken.
type orders struct {
	orderv1.UnimplementedCatalogueServiceServer

	mu       sync.Mutex
	now      *orderv1.Catalogue
	changed  chan struct{}
	refusing bool
	silent   bool // GetCatalogue fails
	asked    int
	watched  int
	hold     chan struct{} // when set, GetCatalogue answers late with what was true early
}

func newOrders(first *orderv1.Catalogue) *orders {
	return &orders{now: first, changed: make(chan struct{})}
}

func (o *orders) change(to *orderv1.Catalogue) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = to
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *orders) set(refusing, silent bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refusing, o.silent = refusing, silent
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *orders) counts() (asked, watched int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked, o.watched
}

func (o *orders) GetCatalogue(context.Context, *orderv1.GetCatalogueRequest) (*orderv1.GetCatalogueResponse, error) {
	o.mu.Lock()
	o.asked++
	now, silent := o.now, o.silent
	o.mu.Unlock()
	if silent {
		return nil, fault.New(fault.Internal, "broken", "")
	}
	if o.hold != nil {
		<-o.hold
	}
	return &orderv1.GetCatalogueResponse{Catalogue: now}, nil
}

func (o *orders) WatchCatalogue(_ *orderv1.WatchCatalogueRequest, stream grpc.ServerStreamingServer[orderv1.WatchCatalogueResponse]) error {
	o.mu.Lock()
	o.watched++
	o.mu.Unlock()
	for {
		o.mu.Lock()
		now, changed, refusing := o.now, o.changed, o.refusing
		o.mu.Unlock()
		if refusing {
			return fault.New(fault.Internal, "stream-broken", "")
		}
		if err := stream.Send(&orderv1.WatchCatalogueResponse{Catalogue: now}); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// connect serves the orders over a real connection and returns a client of them.
func connect(t testing.TB, service *orders) orderv1.CatalogueServiceClient {
	t.Helper()
	server, err := rpc.NewServer(rpc.ServerConfig{Addr: "127.0.0.1:0", Secrets: secrets, DrainTimeout: time.Second}, telemetry.Silent(), func(context.Context) error { return nil })
	require.NoError(t, err)
	orderv1.RegisterCatalogueServiceServer(server, service)
	background(t, func(ctx context.Context) { _ = server.Serve(ctx) })
	conn, err := rpc.Dial(server.Addr(), secrets, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return orderv1.NewCatalogueServiceClient(conn)
}

func background(t testing.TB, run func(ctx context.Context)) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
}

func newKeeper(t testing.TB, service orderv1.CatalogueServiceClient) *catalogue.Keeper {
	t.Helper()
	renderer, err := dialect.NewRenderer(storefrontv1.File_storefront_v1_order_proto.Services().ByName("OrderAreaService"))
	require.NoError(t, err)
	return catalogue.NewKeeper(service, renderer, telemetry.Silent())
}

func clips(version string, price int64) *orderv1.Catalogue {
	return &orderv1.Catalogue{Version: version, Products: []*orderv1.Product{
		{
			ProductId: 1, Identifier: "zzz", Title: "Paper \"Clips\" ümläut", TitleUrl: "PaperClips", Headline: proto.String("Hold <b>it</b>"), DescriptionPart_1: proto.String(prose), DescriptionPart_2: proto.String(""),
			Images: []*orderv1.Image{{ImageId: 9, Url: "/img/main.jpg", Main: true, Caption: proto.String("c")}, {ImageId: 2, Url: "/img/other.jpg"}},
			Videos: []*orderv1.Video{{VideoId: 4, Url: "v", ThumbnailUrl: "t"}},
			Skus: []*orderv1.Sku{
				{SkuId: 5, Color: proto.String("Red"), PriceMinor: price, Inventory: &orderv1.Inventory{Identifier: "in-stock", Title: "In stock"}, Images: []*orderv1.Image{{ImageId: 7, Url: "/img/red.jpg", Main: true}}},
				{SkuId: 6, PriceMinor: 599, Inventory: &orderv1.Inventory{Identifier: "out-of-stock", Title: "Out", Description: proto.String("gone")}},
			},
		},
		{ProductId: 2, Identifier: "aaa", Title: "Nothing to buy", TitleUrl: "Nothing"},
	}}
}

// prose is long enough to be worth compressing.
const prose = "a clip a clip a clip a clip a clip a clip a clip a clip a clip a clip a clip a clip a clip a clip a clip a clip a clip"

const wantList = `{"products_data":{` +
	`"zzz":{"title":"Paper \"Clips\" ümläut","title_url":"PaperClips","identifier":"zzz","headline":"Hold <b>it</b>","description_part_1":"` + prose + `","description_part_2":"","price_low":"3.99","price_high":"5.99","product_image_url":"/img/main.jpg"},` +
	`"aaa":{"title":"Nothing to buy","title_url":"Nothing","identifier":"aaa","headline":null,"description_part_1":null,"description_part_2":null,"price_low":null,"price_high":null,"product_image_url":null}},"order-api-version":"0.0.1"}`

const wantProduct = `{"product":"success","product_identifier":"zzz","product_data":{"title":"Paper \"Clips\" ümläut","title_url":"PaperClips","identifier":"zzz","headline":"Hold <b>it</b>","description_part_1":"` + prose + `","description_part_2":"",` +
	`"product_images":{"9":{"image_url":"/img/main.jpg","main":true,"caption":"c"},"2":{"image_url":"/img/other.jpg","main":false,"caption":null}},` +
	`"product_videos":{"4":{"video_url":"v","video_thumbnail_url":"t","caption":null}},` +
	`"skus":{"5":{"color":"Red","size":null,"description":null,"price":"3.99","inventory_status_identifier":"in-stock","inventory_status_title":"In stock","inventory_status_description":null,"sku_images":{"7":{"image_url":"/img/red.jpg","main":true,"caption":null}}},` +
	`"6":{"color":null,"size":null,"description":null,"price":"5.99","inventory_status_identifier":"out-of-stock","inventory_status_title":"Out","inventory_status_description":"gone","sku_images":{}}}},"order-api-version":"0.0.1"}`

func get(keeper *catalogue.Keeper, path string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "method" {
			request.Method = headers[i+1]
			continue
		}
		request.Header.Add(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	if path == "/order/products" {
		keeper.ServeList(recorder, request)
	} else {
		keeper.ServeProduct(recorder, request)
	}
	return recorder
}

func running(t testing.TB, service *orders) *catalogue.Keeper {
	t.Helper()
	keeper := newKeeper(t, connect(t, service))
	background(t, keeper.Run)
	require.Eventually(t, keeper.Loaded, 10*time.Second, 5*time.Millisecond)
	return keeper
}

// requireBody compares texts, not JSON values: the order of keys is the order of display.
func requireBody(t *testing.T, want string, answer *httptest.ResponseRecorder) {
	t.Helper()
	if got := answer.Body.String(); got != want {
		t.Fatalf("want %s\ngot  %s", want, got)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	keeper := running(t, newOrders(clips("1", 399)))
	list := get(keeper, "/order/products")
	require.Equal(t, 200, list.Code)
	requireBody(t, wantList, list)
	require.Equal(t, "application/json", list.Header().Get("Content-Type"))
	require.Contains(t, list.Header().Get("Vary"), "origin")
	require.Contains(t, list.Header().Get("Vary"), "Accept-Encoding")
	requireBody(t, wantProduct, get(keeper, "/order/product/zzz"))
	unknown := get(keeper, "/order/product/Unknown1")
	require.Equal(t, 200, unknown.Code)
	requireBody(t, `{"product":"error","errors":{"error":"product-identifier-not-found"},"product_identifier":"Unknown1","order-api-version":"0.0.1"}`, unknown)
	head := get(keeper, "/order/products", "method", "HEAD")
	require.Empty(t, head.Body.String())
	require.Equal(t, list.Header().Get("Content-Length"), head.Header().Get("Content-Length"))
}

func TestCompressedAnswers(t *testing.T) {
	t.Parallel()
	keeper := running(t, newOrders(clips("1", 399)))
	plain := get(keeper, "/order/products")
	for _, takes := range []string{"gzip", "gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.8", "*", "x-gzip", "GZip"} {
		got := get(keeper, "/order/products", "Accept-Encoding", takes)
		require.Equal(t, "gzip", got.Header().Get("Content-Encoding"), takes)
		reader, err := gzip.NewReader(bytes.NewReader(got.Body.Bytes()))
		require.NoError(t, err)
		unpacked, err := io.ReadAll(reader)
		require.NoError(t, err)
		require.JSONEq(t, wantList, string(unpacked))
		require.NotEqual(t, plain.Header().Get("Etag"), got.Header().Get("Etag"))
	}
	for _, refuses := range []string{"", "identity", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "br"} {
		require.Empty(t, get(keeper, "/order/products", "Accept-Encoding", refuses).Header().Get("Content-Encoding"), refuses)
	}
}

func TestNotModified(t *testing.T) {
	t.Parallel()
	service := newOrders(clips("1", 399))
	keeper := running(t, service)
	tag := get(keeper, "/order/products").Header().Get("Etag")
	packedTag := get(keeper, "/order/products", "Accept-Encoding", "gzip").Header().Get("Etag")
	for _, held := range []string{tag, "W/" + tag, `"other", ` + tag, "*", packedTag} {
		got := get(keeper, "/order/products", "If-None-Match", held)
		require.Equal(t, http.StatusNotModified, got.Code, held)
		require.Empty(t, got.Body.String())
		require.Equal(t, tag, got.Header().Get("Etag"))
		require.NotEmpty(t, got.Header().Get("Vary"))
	}
	require.Equal(t, 200, get(keeper, "/order/products", "If-None-Match", `"other"`).Code)
	service.change(clips("2", 400))
	require.Eventually(t, func() bool { return get(keeper, "/order/products", "If-None-Match", tag).Code == 200 }, 10*time.Second, 5*time.Millisecond)
}

func price(t *testing.T, keeper *catalogue.Keeper) string {
	t.Helper()
	var list struct {
		Products map[string]struct {
			Low string `json:"price_low"`
		} `json:"products_data"`
	}
	require.NoError(t, json.Unmarshal(get(keeper, "/order/products").Body.Bytes(), &list))
	return list.Products["zzz"].Low
}

func TestPushedVersionsAreShown(t *testing.T) {
	t.Parallel()
	service := newOrders(clips("1", 100))
	keeper := running(t, service)
	for i := range 5 {
		service.change(clips(string(rune('a'+i)), int64(101+i)))
	}
	require.Eventually(t, func() bool { return price(t, keeper) == "1.05" }, 10*time.Second, 5*time.Millisecond)
	_, watched := service.counts()
	require.Equal(t, 1, watched, "one stream carries all changes")
}

func TestBrokenStreamFallsBackToAsking(t *testing.T) {
	t.Parallel()
	service := newOrders(clips("1", 100))
	keeper := running(t, service)
	service.set(true, true)
	require.Eventually(t, func() bool { asked, _ := service.counts(); return asked > 1 }, 10*time.Second, 5*time.Millisecond)
	require.Equal(t, "1.00", price(t, keeper), "the last edition stays")
	service.change(clips("2", 200))
	service.set(true, false)
	require.Eventually(t, func() bool { return price(t, keeper) == "2.00" }, 10*time.Second, 5*time.Millisecond)
	service.set(false, true)
	service.change(clips("3", 300))
	require.Eventually(t, func() bool { return price(t, keeper) == "3.00" }, 10*time.Second, 5*time.Millisecond)
}

func TestRequestBeforeTheFirstEditionAsks(t *testing.T) {
	t.Parallel()
	service := newOrders(clips("1", 100))
	keeper := newKeeper(t, connect(t, service))
	require.False(t, keeper.Loaded())
	require.Equal(t, "1.00", price(t, keeper))
	require.True(t, keeper.Loaded())

	service.set(true, true)
	empty := newKeeper(t, connect(t, service))
	got := get(empty, "/order/products")
	require.Equal(t, 503, got.Code)
	require.NotEmpty(t, got.Header().Get("Retry-After"))
}

// What was asked for arrives after something newer was pushed: the newer stays.
func TestLateAnswerGivesWay(t *testing.T) {
	t.Parallel()
	service := newOrders(clips("old", 100))
	service.hold = make(chan struct{})
	keeper := newKeeper(t, connect(t, service))
	early := make(chan int, 1)
	go func() { early <- get(keeper, "/order/products").Code }()
	require.Eventually(t, func() bool { asked, _ := service.counts(); return asked == 1 }, 10*time.Second, time.Millisecond)
	require.Equal(t, 503, get(keeper, "/order/products").Code, "one asks, the others do not wait in line")
	service.change(clips("new", 200))
	background(t, keeper.Run)
	require.Eventually(t, keeper.Loaded, 10*time.Second, time.Millisecond)
	close(service.hold)
	require.Equal(t, 200, <-early)
	require.Equal(t, "2.00", price(t, keeper))
}

// Many readers while versions change: every answer is one whole edition.
func TestAnswersAreNeverMixed(t *testing.T) {
	t.Parallel()
	service := newOrders(clips("v100", 100))
	keeper := running(t, service)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 200 {
				got := get(keeper, "/order/products", "Accept-Encoding", "gzip")
				reader, err := gzip.NewReader(bytes.NewReader(got.Body.Bytes()))
				if err == nil {
					_, err = io.ReadAll(reader)
				}
				if err != nil || !json.Valid(get(keeper, "/order/product/zzz").Body.Bytes()) {
					t.Error("a broken answer", err)
					return
				}
			}
		})
	}
	for i := range int64(50) {
		service.change(clips(string(rune('A'+i)), 100+i))
	}
	readers.Wait()
}
