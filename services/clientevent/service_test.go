package clientevent_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
	"github.com/bartgottschalk/startupwebapp/services/clientevent"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const patience = 20 * time.Second

// site is one clientevent service behind a cable to its database that can be cut.
type site struct {
	t       *testing.T
	cfg     clientevent.Config
	client  clienteventv1.ClientEventServiceClient
	stop    func()
	cable   *cable
	metrics *sdkmetric.ManualReader
	db      *postgres.Database // for the tests' own questions; not through the cable
}

func newSite(t *testing.T) *site {
	t.Helper()
	direct := dbtest.URL(t, migrations.Set())
	db, err := postgres.Open(t.Context(), postgres.Config{URL: direct, MaxConns: 2}, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(db.Close)
	address, err := url.Parse(direct)
	require.NoError(t, err)
	s := &site{t: t, db: db, cable: newCable(t, address.Host)}
	address.Host = s.cable.addr()
	s.cfg.ServerConfig = rpc.ServerConfig{Addr: "127.0.0.1:0", Secrets: config.Secrets{"a-secret-of-the-tests"}, DrainTimeout: 10 * time.Second}
	s.cfg.Config = postgres.Config{URL: address.String(), MaxConns: 3}
	s.cfg.EventRetention = 13
	s.start()
	return s
}

func (s *site) start() {
	s.t.Helper()
	s.metrics = sdkmetric.NewManualReader()
	tel := telemetry.Silent()
	tel.Meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(s.metrics))
	service, err := clientevent.New(s.t.Context(), s.cfg, tel)
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(s.t, <-ended)
	}
	s.t.Cleanup(s.stop)
	conn, err := rpc.Dial(service.Addr(), s.cfg.Secrets, telemetry.Silent())
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	s.client = clienteventv1.NewClientEventServiceClient(conn)
	require.Eventually(s.t, func() bool {
		_, err := s.client.GetSettings(s.t.Context(), &clienteventv1.GetSettingsRequest{})
		return err == nil
	}, patience, 10*time.Millisecond, "service does not answer")
}

func (s *site) record(events ...*clienteventv1.Event) *clienteventv1.RecordEventsResponse {
	s.t.Helper()
	answer, err := s.client.RecordEvents(s.t.Context(), &clienteventv1.RecordEventsRequest{Events: events})
	require.NoError(s.t, err)
	return answer
}

func (s *site) number(sql string, args ...any) int {
	s.t.Helper()
	var n int
	require.NoError(s.t, s.db.QueryRow(s.t.Context(), sql, args...).Scan(&n))
	return n
}

// rows gives each row of a query as one text; nulls are "NULL".
func (s *site) rows(sql string) []string {
	s.t.Helper()
	found, err := s.db.Query(s.t.Context(), sql)
	require.NoError(s.t, err)
	defer found.Close()
	var texts []string
	for found.Next() {
		var text string
		require.NoError(s.t, found.Scan(&text))
		texts = append(texts, text)
	}
	require.NoError(s.t, found.Err())
	return texts
}

func (s *site) eventually(table string, rows int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.number("SELECT count(*) FROM "+table) >= rows }, patience, 20*time.Millisecond)
	require.Equal(s.t, rows, s.number("SELECT count(*) FROM "+table))
}

func (s *site) counter(name string) int64 {
	s.t.Helper()
	var gathered metricdata.ResourceMetrics
	require.NoError(s.t, s.metrics.Collect(s.t.Context(), &gathered))
	total := int64(0)
	for _, scope := range gathered.ScopeMetrics {
		for _, each := range scope.Metrics {
			if sum, ok := each.Data.(metricdata.Sum[int64]); ok && each.Name == name {
				for _, point := range sum.DataPoints {
					total += point.Value
				}
			}
		}
	}
	return total
}

func pageview(address string) *clienteventv1.Event {
	return &clienteventv1.Event{Url: address, Kind: &clienteventv1.Event_Pageview{Pageview: &clienteventv1.Pageview{}}}
}

func pageviews(n int) []*clienteventv1.Event {
	events := make([]*clienteventv1.Event, n)
	for i := range events {
		events[i] = pageview("https://shop.example/")
	}
	return events
}
