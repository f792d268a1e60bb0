package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// BenchmarkProducts is the handler's cost without the network.
func BenchmarkProducts(b *testing.B) {
	addr, _ := startPeer(b, &peer{})
	edge, err := New(b.Context(), edgeConfig(addr), telemetry.Silent())
	require.NoError(b, err)
	start(b, edge.Run)
	require.Eventually(b, edge.keeper.Loaded, patience, patience/1000)
	benchmark(b, edge.server.Handler, "/order/products")
}

// BenchmarkWire compares the edge's catalogue with a bare server that answers the same bytes, over kept connections and a
// client that does next to nothing.
func BenchmarkWire(b *testing.B) {
	base, _ := startReady(b, &peer{}, nil, telemetry.Silent())
	list := fetch(base+"/order/products", "Accept-Encoding", "identity")
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(list.body)))
		_, _ = io.WriteString(w, list.body)
	}))
	b.Cleanup(bare.Close)
	b.Run("bare", func(b *testing.B) { overTheWire(b, bare.URL) })
	b.Run("edge", func(b *testing.B) { overTheWire(b, base) })
}

func overTheWire(b *testing.B, base string) {
	b.Helper()
	address := strings.TrimPrefix(base, "http://")
	asked := []byte("GET /order/products HTTP/1.1\r\nHost: localhost:8000\r\nOrigin: " + pageOrigin + "\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n")
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		answers := bufio.NewReaderSize(conn, 64<<10)
		for pb.Next() {
			if _, err := conn.Write(asked); err != nil {
				b.Error(err)
				return
			}
			if err := skipAnswer(answers); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func skipAnswer(answers *bufio.Reader) error {
	length := -1
	for {
		line, err := answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if rest, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			if _, err := fmt.Sscan(rest, &length); err != nil {
				return err
			}
		}
	}
	_, err := answers.Discard(length)
	return err
}
