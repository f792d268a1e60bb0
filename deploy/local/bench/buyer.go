package bench

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// buying is a load of whole purchases.
type buying struct {
	API string
	// Customers is how many buy at once, each one purchase after the other.
	Customers int
	// Duration is how long purchases are begun; Orders, when above 0, is how many there are instead.
	Duration time.Duration
	Orders   int
}

// bought is what came of it.
type bought struct {
	// Took are the times of the purchases that became an order, ascending.
	Took []time.Duration
	// Lasted is from the first begin to the last end.
	Lasted time.Duration
	// Failed purchases, and why the first one did.
	Failed  int
	Because string
}

func (b bought) rate() float64 {
	if b.Lasted <= 0 {
		return 0
	}
	return float64(len(b.Took)) / b.Lasted.Seconds()
}

// percentile of the times; 0 when there is none.
func (b bought) percentile(percent int) time.Duration {
	if len(b.Took) == 0 {
		return 0
	}
	return b.Took[(len(b.Took)-1)*percent/100].Round(100 * time.Microsecond)
}

// LoadCommand is the first argument of the process that buys; it is a process of its own so that what it spends is not
// taken for the shop's or the sandbox's.
const LoadCommand = "purchase-load"

// Load is that process: it buys as the arguments say and prints what came of it as JSON.
func Load(ctx context.Context, arguments []string, out io.Writer) error {
	var load buying
	flags := flag.NewFlagSet(LoadCommand, flag.ContinueOnError)
	flags.StringVar(&load.API, "api", "", "the gateway")
	flags.IntVar(&load.Customers, "customers", 1, "at once")
	flags.DurationVar(&load.Duration, "duration", time.Second, "for how long")
	flags.IntVar(&load.Orders, "orders", 0, "how many instead")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	came, err := load.run(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(came)
}

// run prepares a member for every customer and then lets all begin together. Every other purchase is a new guest's.
func (b buying) run(ctx context.Context) (bought, error) {
	transport := shopper.Transport()
	defer transport.CloseIdleConnections()
	members := make([]*shopper.Shopper, b.Customers)
	for i := range members {
		member, err := newVisitor(b.API, transport)
		if err != nil {
			return bought{}, err
		}
		if err := member.Register(ctx, "bench"+strings.ToLower(identifier.New(10))); err != nil {
			return bought{}, fmt.Errorf("prepare a member: %w", err)
		}
		members[i] = member
	}
	var came bought
	var mutex sync.Mutex
	var customers sync.WaitGroup
	var begun atomic.Int64
	start := time.Now()
	another := func() bool {
		n := begun.Add(1)
		return ctx.Err() == nil && (b.Orders > 0 && int(n) <= b.Orders || b.Orders == 0 && time.Since(start) < b.Duration)
	}
	for i := range b.Customers {
		customers.Go(func() {
			for n := i; another(); n++ {
				took, err := b.purchase(ctx, n, members[i], transport)
				mutex.Lock()
				came.note(took, err)
				mutex.Unlock()
			}
		})
	}
	customers.Wait()
	came.Lasted = time.Since(start)
	slices.Sort(came.Took)
	return came, nil
}

func (b *bought) note(took time.Duration, err error) {
	if err == nil {
		b.Took = append(b.Took, took)
		return
	}
	if b.Failed == 0 {
		b.Because = err.Error()
	}
	b.Failed++
}

func newVisitor(api string, transport http.RoundTripper) (*shopper.Shopper, error) {
	return shopper.New(api, newAddress(), strings.ToLower(identifier.New(12))+"@example.com", transport)
}

// newAddress spreads purchases over addresses, so that limits per address stay out of the way.
func newAddress() string {
	var number uint32
	for _, letter := range []byte(identifier.New(12)) {
		number = number*31 + uint32(letter)
	}
	return fmt.Sprintf("11.%d.%d.%d", number>>16&255, number>>8&255, number&255)
}

// elsewhere is the same browser at another address: a member who is back. What one address may begin in an hour is less than
// what a member buys here.
func elsewhere(browser *shopper.Shopper) *shopper.Shopper {
	moved := *browser
	moved.Address = newAddress()
	return &moved
}

func (b buying) purchase(ctx context.Context, n int, member *shopper.Shopper, transport http.RoundTripper) (time.Duration, error) {
	customer, isGuest := elsewhere(member), n%2 == 0
	if isGuest {
		visitor, err := newVisitor(b.API, transport)
		if err != nil {
			return 0, err
		}
		customer = visitor
	}
	began := time.Now()
	err := buy(ctx, customer, isGuest)
	return time.Since(began), err
}

// buy asks for all that the pages ask for, from the first look at the goods to the order's own page.
func buy(ctx context.Context, customer *shopper.Shopper, isGuest bool) error {
	if err := look(ctx, customer, "/user/token", "/order/products", "/order/product/bSusp6dBHm"); err != nil {
		return err
	}
	if err := errors.Join(customer.Add(ctx, 1, 2), customer.Add(ctx, 7, 1)); err != nil {
		return err
	}
	if err := look(ctx, customer, "/order/cart-items", "/order/cart-shipping-methods", "/order/cart-discount-codes"); err != nil {
		return err
	}
	if err := customer.Ship(ctx, "UPSGround"); err != nil {
		return err
	}
	if err := look(ctx, customer, "/order/cart-totals", "/order/checkout-allowed", "/order/confirm-items",
		"/order/confirm-shipping-method", "/order/confirm-discount-codes", "/order/confirm-totals"); err != nil {
		return err
	}
	if isGuest {
		if _, err := customer.Post(ctx, "/order/anonymous-email-address-payment-lookup", url.Values{"anonymous_email_address": {customer.Email}}); err != nil {
			return err
		}
	}
	return payAndArrive(ctx, customer)
}

func payAndArrive(ctx context.Context, customer *shopper.Shopper) error {
	payment, err := customer.CheckOut(ctx)
	if err != nil {
		return err
	}
	status, err := customer.Pay(ctx, payment.Page, shopper.GoodCard, "")
	if err != nil {
		return err
	}
	if status != http.StatusSeeOther {
		return fmt.Errorf("the payment page answered %d", status)
	}
	ordered, err := customer.Arrive(ctx, payment.Session)
	if err != nil {
		return err
	}
	return look(ctx, customer, "/order/"+ordered)
}

func look(ctx context.Context, customer *shopper.Shopper, paths ...string) error {
	for _, path := range paths {
		if _, err := customer.Get(ctx, path); err != nil {
			return err
		}
	}
	return nil
}
