package stripesandbox_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stripesandbox"
)

// BenchmarkPurchase measures a session that is created under a key, paid and told of by webhook, with 8 customers at once:
// go test -run xxx -bench Purchase -benchtime 5000x -cpuprofile cpu.out
func BenchmarkPurchase(b *testing.B) {
	server := httptest.NewUnstartedServer(nil)
	base := "http://" + server.Listener.Addr().String()
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer endpoint.Close()
	sandbox, err := stripesandbox.New(stripesandbox.Options{
		StateDir: b.TempDir(), PublicURL: base, SecretKey: secretKey, WebhookSecret: webhookSecret, WebhookURL: endpoint.URL,
	})
	require.NoError(b, err)
	server.Config.Handler = sandbox.Handler()
	server.Start()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sandbox.Run(ctx) }()
	api := apiClient(base, secretKey)
	browser := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{MaxIdleConnsPerHost: 8},
	}
	var number atomic.Int64
	b.SetParallelism(4) // times the two processors of the machine that the numbers in README.md are from
	b.ResetTimer()
	b.RunParallel(func(next *testing.PB) {
		for next.Next() {
			purchase(b, api.CheckoutSessions.New, browser, base, number.Add(1))
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "purchases/s")
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	b.ReportMetric(float64(memory.HeapAlloc)/1e6, "heap-MB")
	server.Close()
	cancel()
	require.NoError(b, <-ended)
	require.NoError(b, sandbox.Close())
}

func purchase(b *testing.B, open func(*stripe.CheckoutSessionParams) (*stripe.CheckoutSession, error), browser *http.Client, base string, number int64) {
	params := order()
	params.SetIdempotencyKey("purchase-" + strconv.FormatInt(number, 10))
	made, err := open(params)
	if err != nil {
		b.Error(err)
		return
	}
	answer, err := browser.PostForm(base+"/pay/"+made.ID, payForm(goodCard))
	if err != nil {
		b.Error(err)
		return
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		b.Errorf("paying answered %d", answer.StatusCode)
	}
}
