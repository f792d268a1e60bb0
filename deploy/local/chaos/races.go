package chaos

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
)

// Race is one of those that shops lose: what happens at once, and what must come out.
type Race struct {
	Name string
	// prepare puts up what all rounds need; nil when they need nothing.
	prepare func(ctx context.Context, shop *Shop, rounds int) (base int64, err error)
	// round runs it once more, with goods or an account that prepare numbered from base, and says what came out wrong; empty when
	// nothing did.
	round func(shop *Shop, ctx context.Context, number int64) (wrong string, err error)
}

// Races are all that there are.
func Races() []Race {
	return []Race{
		{"two tabs pay one cart", nil, (*Shop).raceTwoTabs},
		{"one cart is submitted twice", nil, (*Shop).raceSubmittedTwice},
		{"the same SKU is added twice", nil, (*Shop).raceAddedTwice},
		{"twelve press pay for five pieces", shelvesOf(5), (*Shop).raceFivePieces},
		{"stock is cut while twelve pay", shelvesOf(12), (*Shop).raceCutStock},
		{"a login merges carts while goods are added", members, (*Shop).raceLogin},
		{"the price changes while paying", priced, (*Shop).racePrice},
	}
}

// lanes is how many rounds run at once: each is many requests at once by itself.
const lanes = 3

// roundPatience bounds one round.
const roundPatience = time.Minute

// Run runs a race so many times and tells each time that came out wrong.
func (s *Shop) Run(ctx context.Context, race Race, rounds int) (lost []string, err error) {
	base := int64(0)
	if race.prepare != nil {
		if base, err = race.prepare(ctx, s, rounds); err != nil {
			return nil, fmt.Errorf("prepare %q: %w", race.Name, err)
		}
	}
	var mutex sync.Mutex
	var actors crew
	next := make(chan int64)
	for range lanes {
		actors.start(func() error {
			for number := range next {
				bounded, cancel := context.WithTimeout(ctx, roundPatience)
				wrong, err := race.round(s, bounded, base+number)
				cancel()
				if err != nil {
					wrong = "failed: " + err.Error()
				}
				if wrong != "" {
					mutex.Lock()
					lost = append(lost, fmt.Sprintf("%s, round %d: %s", race.Name, number, wrong))
					mutex.Unlock()
				}
			}
			return nil
		})
	}
	for number := range int64(rounds) {
		next <- number
	}
	close(next)
	return lost, actors.wait()
}

// atOnce lets all begin at the same moment and waits for them.
func atOnce(acts ...func() error) []error {
	failures := make([]error, len(acts))
	start := make(chan struct{})
	var group sync.WaitGroup
	for i, act := range acts {
		group.Go(func() {
			<-start
			failures[i] = act()
		})
	}
	close(start)
	group.Wait()
	return failures
}

// filled is a guest with one piece of each SKU in the cart.
func (s *Shop) filled(ctx context.Context, gateway int, skus ...int64) (*shopper.Shopper, error) {
	guest, err := s.visitor(gateway)
	if err != nil {
		return nil, err
	}
	for _, sku := range skus {
		if err := guest.Add(ctx, sku, 1); err != nil {
			return nil, err
		}
	}
	return guest, nil
}

// tab is another tab of the same browser, which a load balancer sends to the other gateway.
func (s *Shop) tab(browser *shopper.Shopper) *shopper.Shopper {
	other := *browser
	s.otherGateway(&other)
	return &other
}

// bought are the pieces of a SKU in the orders that sessions became, and how many orders these are. It waits until every session
// that was paid is an order.
func (s *Shop) bought(ctx context.Context, sku int64, paidSessions []string) (orders, pieces int, err error) {
	err = until(ctx, 20*time.Second, func(ctx context.Context) (bool, error) {
		settled, err := s.count(ctx, `SELECT count(*) FROM unnest($1::text[]) AS paid (id)
			WHERE EXISTS (SELECT FROM orders.purchase p WHERE p.session_id = paid.id) OR EXISTS (SELECT FROM orders.payment_exception x WHERE x.session_id = paid.id)`, paidSessions)
		return settled == len(paidSessions), err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("%v do not settle: %w", paidSessions, err)
	}
	const ordered = `SELECT count(DISTINCT p.id), coalesce(sum(l.quantity) FILTER (WHERE l.sku_id = $2), 0)
		FROM orders.purchase p JOIN orders.purchase_line l ON l.purchase_id = p.id WHERE p.session_id = ANY($1)`
	err = s.books.QueryRow(ctx, ordered, paidSessions, sku).Scan(&orders, &pieces)
	return orders, pieces, err
}
