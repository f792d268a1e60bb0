package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// target is one path and how it is asked for.
type target struct {
	name, url, method, body string
	headers                 map[string]string
	// fromManyAddresses sends every request from a client address of its own, so that limits per address stay out of it.
	fromManyAddresses bool
	goal              string
}

// load is what wrk saw.
type load struct {
	requests int64
	duration time.Duration
	p50, p99 time.Duration
	// errors are answers other than 2xx and broken connections.
	errors int64
}

func (l load) rate() float64 {
	if l.duration == 0 {
		return 0
	}
	return float64(l.requests) / l.duration.Seconds()
}

// runWrk loads the target for the given time with one thread of wrk; the second core is the shop's.
func runWrk(ctx context.Context, path target, options Options) (load, error) {
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return load{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	script := filepath.Join(folder, "load.lua")
	if err := os.WriteFile(script, []byte(luaOf(path)), 0o600); err != nil {
		return load{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, options.Duration+30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, "wrk", "-t1", "-c"+strconv.Itoa(options.Connections),
		"-d"+strconv.Itoa(int(options.Duration.Seconds()))+"s", "--timeout", "10s", "-s", script, path.url)
	said, err := command.CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("wrk: %w\n%s", err, said)
	}
	return readLoad(string(said))
}

// luaOf is the script that makes the requests and prints what happened as one line.
func luaOf(path target) string {
	var lua strings.Builder
	fmt.Fprintf(&lua, "wrk.method = %q\n", path.method)
	if path.body != "" {
		fmt.Fprintf(&lua, "wrk.body = %q\n", path.body)
	}
	for name, value := range path.headers {
		fmt.Fprintf(&lua, "wrk.headers[%q] = %q\n", name, value)
	}
	if path.fromManyAddresses {
		lua.WriteString(`local n = math.random(0, 2^24)
request = function()
  n = n + 1
  wrk.headers["X-Forwarded-For"] = string.format("11.%d.%d.%d", math.floor(n / 65536) % 256, math.floor(n / 256) % 256, n % 256)
  return wrk.format()
end
`)
	}
	lua.WriteString(`done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"errors":%d}\n', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`)
	return lua.String()
}

func readLoad(said string) (load, error) {
	_, after, found := strings.Cut(said, "RESULT ")
	if !found {
		return load{}, fmt.Errorf("wrk printed no result:\n%s", said)
	}
	var read struct{ Requests, Microseconds, P50, P99, Errors int64 }
	if err := json.Unmarshal([]byte(strings.SplitN(after, "\n", 2)[0]), &read); err != nil {
		return load{}, fmt.Errorf("read the result of wrk: %w", err)
	}
	return load{
		requests: read.Requests, duration: time.Duration(read.Microseconds) * time.Microsecond, errors: read.Errors,
		p50: time.Duration(read.P50) * time.Microsecond, p99: time.Duration(read.P99) * time.Microsecond,
	}, nil
}
