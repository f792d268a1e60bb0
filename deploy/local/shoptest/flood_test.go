package shoptest

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	floodAtOnce  = 200
	mostMemoryMB = 250
	// mostPatience bounds the slowest percent of other requests while two processors hash passwords, carry the flood and run
	// whatever other tests run beside this one.
	mostPatience = 1500 * time.Millisecond
)

// TestAFloodOfLoginsHoldsUpNobody sends 200 logins at once, each from an address of its own and under a name of its own,
// so that no limit but the hasher's queue is in the way, and meanwhile asks for other pages.
func TestAFloodOfLoginsHoldsUpNobody(t *testing.T) {
	member := guest(t)
	member.register(newUsername())
	intruders := make([]*customer, floodAtOnce)
	for i := range intruders {
		intruders[i] = guest(t)
		intruders[i].get("/user/token")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	times := measure(ctx, t, member, "/user/logged-in", "/order/products", "/order/cart-items")

	statuses := map[int]int{}
	var mu sync.Mutex
	begun := time.Now()
	atOnce(floodAtOnce, func(n int) {
		for range 3 {
			status, _, err := intruders[n].send(http.MethodPost, "/user/login", url.Values{
				"username": {newUsername()}, "password": {"Wrong&Horse1"}, "remember_me": {"false"},
			})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			statuses[status]++
			mu.Unlock()
		}
	})
	lasted := time.Since(begun)
	stop()
	for path, each := range times() {
		slices.Sort(each)
		p50, p99 := each[len(each)/2], each[len(each)*99/100]
		t.Logf("%s: %d answers during the flood, p50 %v, p99 %v", path, len(each), p50.Round(100*time.Microsecond), p99.Round(100*time.Microsecond))
		require.Less(t, p99, mostPatience, path)
	}
	t.Logf("%d logins in %v by status: %v", 3*floodAtOnce, lasted.Round(time.Millisecond), statuses)
	for status := range statuses {
		require.Contains(t, []int{http.StatusOK, http.StatusForbidden}, status, "refused or told to come back, never failed")
	}
	for _, process := range shop.Processes("user") {
		peak := peakMemoryMB(t, process.PID())
		t.Logf("user service: %d MB at its peak", peak)
		require.Less(t, peak, mostMemoryMB)
	}
}

// measure asks for each path over and over until ctx ends; the returned function waits for that and gives the times.
func measure(ctx context.Context, t testing.TB, c *customer, paths ...string) func() map[string][]time.Duration {
	times := make(map[string][]time.Duration, len(paths))
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, path := range paths {
		asking.Go(func() {
			for ctx.Err() == nil {
				begun := time.Now()
				status, _, err := c.send(http.MethodGet, path, nil)
				if err != nil || status != http.StatusOK {
					t.Errorf("%s: %d %v", path, status, err)
					return
				}
				mu.Lock()
				times[path] = append(times[path], time.Since(begun))
				mu.Unlock()
			}
		})
	}
	return func() map[string][]time.Duration {
		asking.Wait()
		return times
	}
}

// peakMemoryMB is the most that a process has had resident, MB.
func peakMemoryMB(t testing.TB, pid int) int {
	t.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if os.IsNotExist(err) {
		t.Skip("memory is read from /proc")
	}
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if rest, found := strings.CutPrefix(lines.Text(), "VmHWM:"); found {
			kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
			require.NoError(t, err)
			return kilobytes / 1000
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
