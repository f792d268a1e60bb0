package rollout

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	buyers = 3
	// think is between two requests of a customer; the machine has others to serve.
	think = 20 * time.Millisecond
	// viewedPage is what page views of the load are of.
	viewedPage = "http://localhost:8080/rollout"
)

// clients gives every browser an address of its own, which it really has.
var clients atomic.Uint32

// newBrowser is a customer at an address of its own, with connections of its own.
func newBrowser(t testing.TB, c *cluster) (*shopper.Shopper, func()) {
	t.Helper()
	n := clients.Add(1)
	address := fmt.Sprintf("127.%d.%d.%d", 4+n>>16&3, n>>8&255, 1+n%250)
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: from.DialContext, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute}
	browser, err := shopper.New(c.around.APIURL(), address, "buyer-"+strings.ToLower(identifier.New(10))+"@example.com", transport)
	require.NoError(t, err)
	return browser, transport.CloseIdleConnections
}

// load is customers who use the shop until it is ended.
type load struct {
	c    *cluster
	stop context.CancelFunc
	on   sync.WaitGroup

	mutex     sync.Mutex
	counts    map[string]int // of what customers did
	paid      []string       // sessions
	troubles  []string
	brokenGet []string
	slowest   shopper.Answer
}

// begin sends in the customers: some buy, a member looks at the own pages, others look at goods and are counted.
func begin(t testing.TB, c *cluster) *load {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	l := &load{c: c, stop: stop, counts: map[string]int{}}
	t.Cleanup(l.end)
	member, leave := newBrowser(t, c)
	require.NoError(t, member.Register(t.Context(), "member"+strings.ToLower(identifier.New(10))))
	require.NoError(t, member.Add(t.Context(), 7, 2))
	member.Watch = l.watch
	l.repeat(ctx, "member", leave, func(ctx context.Context) error { return l.look(ctx, member) })
	visitor, leave := newBrowser(t, c)
	visitor.Watch = l.watch
	l.repeat(ctx, "visitor", leave, func(ctx context.Context) error { return l.browse(ctx, visitor) })
	for range buyers {
		l.repeat(ctx, "purchase", func() {}, func(ctx context.Context) error { return l.buy(ctx, t) })
	}
	return l
}

// repeat does something until ctx ends; what was begun is finished.
func (l *load) repeat(ctx context.Context, what string, leave func(), once func(context.Context) error) {
	l.on.Go(func() {
		defer leave()
		for ctx.Err() == nil {
			err := once(context.WithoutCancel(ctx))
			l.mutex.Lock()
			if err == nil {
				l.counts[what]++
			} else {
				l.troubles = append(l.troubles, what+": "+err.Error())
			}
			l.mutex.Unlock()
			time.Sleep(think/2 + rand.N(think))
		}
	})
}

// end lets everybody finish what they are at.
func (l *load) end() {
	l.stop()
	l.on.Wait()
}

func (l *load) watch(answer shopper.Answer) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if answer.Ended.Sub(answer.Began) > l.slowest.Ended.Sub(l.slowest.Began) {
		l.slowest = answer
	}
	if answer.Method == http.MethodGet && answer.Status != http.StatusOK {
		l.brokenGet = append(l.brokenGet, fmt.Sprint(answer.Path, " ", answer.Status, " ", answer.Err, " ", string(answer.Body[:min(200, len(answer.Body))])))
	}
}

// buy is a whole purchase of a new guest.
func (l *load) buy(ctx context.Context, t testing.TB) error {
	browser, leave := newBrowser(t, l.c)
	defer leave()
	browser.Watch = l.watch
	for _, step := range []func() error{
		func() error { return browser.Add(ctx, 1, 1+rand.IntN(3)) },
		func() error { return browser.Add(ctx, 7, 1) },
		func() error { return browser.Ship(ctx, "USPSRetailGround") },
		func() error { _, err := browser.Total(ctx); return err },
	} {
		if err := step(); err != nil {
			return err
		}
		time.Sleep(think)
	}
	page, err := browser.CheckOut(ctx)
	if err != nil {
		return err
	}
	if status, err := browser.Pay(ctx, page.Page, shopper.GoodCard, ""); err != nil || status != http.StatusSeeOther {
		return fmt.Errorf("the payment page answered %d, %w", status, err)
	}
	l.mutex.Lock()
	l.paid = append(l.paid, page.Session)
	l.mutex.Unlock()
	order, err := browser.Arrive(ctx, page.Session)
	if err != nil {
		return err
	}
	_, err = browser.Get(ctx, "/order/"+order)
	return err
}

// look is a member at the own pages, who must stay signed in and keep the cart.
func (l *load) look(ctx context.Context, member *shopper.Shopper) error {
	said, err := member.Get(ctx, "/user/logged-in")
	if err != nil {
		return err
	}
	if said["logged_in"] != true {
		return fmt.Errorf("the member was signed out: %v", said)
	}
	lines, err := member.Lines(ctx)
	if err == nil && lines[7] != 2 {
		err = fmt.Errorf("the member's cart is %v", lines)
	}
	return err
}

// browse is a visitor without a cart, whose pages are counted.
func (l *load) browse(ctx context.Context, visitor *shopper.Shopper) error {
	if _, err := visitor.Get(ctx, "/order/products"); err != nil {
		return err
	}
	view := url.Values{"client_event_id": {"null"}, "url": {viewedPage}, "pageWidth": {"1280"}}
	var answered *shopper.Trouble
	_, err := visitor.Get(ctx, "/clientevent/pageview?"+view.Encode())
	if !errors.As(err, &answered) || answered.Status != http.StatusOK { // it is thanked for with a text, which is no object
		return fmt.Errorf("the page view: %w", err)
	}
	l.mutex.Lock()
	l.counts["view"]++
	l.mutex.Unlock()
	_, err = visitor.Get(ctx, "/order/cart-items")
	return err
}

// count tells how often something was done.
func (l *load) count(what string) int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.counts[what]
}

// awaitMore waits until everybody has got on: two purchases were begun and ended since, and the others did all that they do.
func (l *load) awaitMore(t testing.TB) {
	t.Helper()
	wanted := map[string]int{"purchase": l.count("purchase") + buyers + 2, "member": l.count("member") + 2, "visitor": l.count("visitor") + 2}
	met := func() bool {
		for what, number := range wanted {
			if l.count(what) < number {
				return false
			}
		}
		return true
	}
	for began := time.Now(); !met(); time.Sleep(tick) {
		if time.Since(began) > patience {
			troubles, _, broken := l.complaints()
			require.FailNow(t, "customers do not get on", "%v\n%v", troubles[:min(5, len(troubles))], broken[:min(5, len(broken))])
		}
	}
}

// complaints are what went wrong since the last time, for customers and behind the balancer.
func (l *load) complaints() (troubles, brokenGet, broken []string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	troubles, l.troubles = l.troubles, nil
	brokenGet, l.brokenGet = l.brokenGet, nil
	return troubles, brokenGet, l.c.edge.failures()
}

// requireNoFailure is zero failed requests: of customers, and of the webhooks that come through the balancer as well.
func (l *load) requireNoFailure(t testing.TB, while string) {
	t.Helper()
	troubles, _, broken := l.complaints()
	require.Empty(t, troubles, while)
	require.Empty(t, broken, while)
}

// slowestAnswer tells the longest wait of a customer since the last time.
func (l *load) slowestAnswer() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	slowest := l.slowest
	l.slowest = shopper.Answer{}
	path, _, _ := strings.Cut(slowest.Path, "?")
	return fmt.Sprint(slowest.Method, " ", path, " ", slowest.Ended.Sub(slowest.Began).Round(time.Millisecond))
}
