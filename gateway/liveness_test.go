package gateway

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// A new version that never comes up never counts as up, and one that came up is not killed for what is behind it.
func TestLive(t *testing.T) {
	t.Parallel()
	p := &peer{}
	p.sick.Store(true)
	addr, stopPeer := startPeer(t, p)
	cfg := edgeConfig(addr)
	cfg.DrainDelay = 500 * time.Millisecond
	base, stop := startEdge(t, cfg, telemetry.Silent())
	health := func() (int, string) {
		var said bytes.Buffer
		environ := []string{"API_ADDR=" + strings.TrimPrefix(base, "http://"), "HTTP_PROXY=http://127.0.0.1:1"}
		return process.Run(context.Background(), Program(), []string{"healthcheck"}, environ, io.Discard, &said), said.String()
	}
	// Two rounds at least, so that what the keeper and the services' state may learn late is learnt.
	for range 3 {
		got := fetch(base+"/livez", "Host", "10.0.0.7")
		require.Equal(t, 503, got.status)
		require.Contains(t, got.body, "payment")
		code, said := health()
		require.Equal(t, 1, code)
		require.Contains(t, said, "gateway: healthcheck: ")
		require.Contains(t, said, "503 Service Unavailable")
	}
	p.sick.Store(false)
	require.Eventually(t, func() bool { return fetch(base+"/livez").status == 200 }, patience, 20*time.Millisecond)
	stopPeer()
	require.Eventually(t, func() bool { return fetch(base+"/healthz").status == 503 }, patience, 20*time.Millisecond)
	got := fetch(base+"/livez", "Host", "10.0.0.7", "X-Forwarded-Proto", "http")
	require.Equal(t, 200, got.status)
	require.JSONEq(t, `{"status":"ok"}`, got.body)
	code, said := health()
	require.Zero(t, code, said)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	require.Eventually(t, func() bool { return fetch(base+"/livez").status == 503 }, patience, 5*time.Millisecond, "told before it closes")
	code, _ = health()
	require.Equal(t, 1, code)
	<-stopped
	code, said = health()
	require.Equal(t, 1, code)
	require.Contains(t, said, "does not answer")
}
