package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
)

// tries is how often a customer presses a button again that did not work.
const tries = 12

// errLeft: the customer changed their mind.
var errLeft = errors.New("left")

// customer buys again and again, as a new guest or as the member that it is too.
type customer struct {
	shop     *Shop
	random   *rand.Rand
	diary    *diary
	happened *record
	member   *shopper.Shopper
	username string
	keys     int // that were used
}

// newCustomer signs up a member, while everything still works.
func (s *Shop) newCustomer(ctx context.Context, seed uint64, number int, diary *diary, happened *record) (*customer, error) {
	c := &customer{
		shop: s, random: source(seed, fmt.Sprint("customer ", number)), diary: diary, happened: happened,
		username: fmt.Sprintf("chaos%s%d", s.run, number),
	}
	member, err := s.visitor(number)
	if err != nil {
		return nil, err
	}
	member.Watch, c.member = happened.watch, member
	return c, member.Register(ctx, c.username)
}

// buyUntil begins purchases until ctx ends; the last one is finished.
func (c *customer) buyUntil(ctx context.Context) error {
	for ctx.Err() == nil {
		ended := context.WithoutCancel(ctx)
		browser, err := c.browser(ended)
		if err != nil {
			return err
		}
		err = c.purchase(ended, browser)
		if c.random.IntN(4) == 0 {
			_ = c.persist(ended, browser, func() error { return browser.DeleteCart(ended) }) // nobody minds what is left
		}
		switch {
		case errors.Is(err, errLeft):
			c.diary.note("left the payment page")
		case err != nil:
			c.diary.note(outcome(err))
		}
		pause(ctx, c.random, 0, 150*time.Millisecond)
	}
	return nil
}

// browser is a new guest's, the member's, or one that signs in to the member's account with a guest's cart.
func (c *customer) browser(ctx context.Context) (*shopper.Shopper, error) {
	kind := c.random.IntN(10)
	if kind >= 7 && kind < 9 {
		c.shop.move(c.member)
		return c.member, nil
	}
	browser, err := c.shop.visitor(c.random.IntN(2))
	if err != nil {
		return nil, err
	}
	browser.Watch = c.happened.watch
	if kind == 9 {
		browser.Email = c.member.Email
		err := c.persist(ctx, browser, func() error { return browser.Add(ctx, pick(c.random, c.shop.goods.free), 1) })
		if err == nil && c.persist(ctx, browser, func() error { return browser.LogIn(ctx, c.username) }) == nil {
			c.member = browser
			c.diary.note("signed in with a cart")
			return browser, nil
		}
		return c.shop.visitor(0)
	}
	return browser, nil
}

// persist presses a button again that did not work, at the other gateway, until it does or the customer loses patience.
// Refusals that say "try again" count as not working.
func (c *customer) persist(ctx context.Context, browser *shopper.Shopper, press func() error) (err error) {
	for range tries {
		err = press()
		var trouble *shopper.Trouble
		code := shopper.CodeOf(err)
		if !errors.As(err, &trouble) && code != "stripe-error" && code != "unexpected-error" {
			return err
		}
		c.shop.otherGateway(browser)
		if !pause(ctx, c.random, 50*time.Millisecond, 400*time.Millisecond) {
			return err
		}
	}
	return err
}

// purchase fills the cart and pays in one of the ways that customers have.
func (c *customer) purchase(ctx context.Context, browser *shopper.Shopper) error {
	if err := c.fill(ctx, browser); err != nil {
		return err
	}
	withCode, err := c.useCode(ctx, browser)
	if err != nil {
		return err
	}
	page, shown, err := c.checkOut(ctx, browser)
	if err != nil {
		return err
	}
	if c.random.IntN(6) == 0 {
		if page, shown, err = c.changeMind(ctx, browser, page, shown); err != nil {
			return err
		}
	}
	if err := c.pay(ctx, browser, page, shown, withCode); err != nil {
		return err
	}
	return c.arrive(ctx, browser, page)
}

func (c *customer) fill(ctx context.Context, browser *shopper.Shopper) error {
	skus := append(append([]int64{1, 6, 7}, c.shop.goods.free...), c.shop.goods.counted...)
	skus = append(skus, c.shop.goods.counted...) // what runs out is wanted most
	for range 1 + c.random.IntN(3) {
		sku, quantity := pick(c.random, skus), 1+c.random.IntN(4)
		err := c.persist(ctx, browser, func() error { return browser.Add(ctx, sku, quantity) })
		if code := shopper.CodeOf(err); code == "sku-not-found" || code == "" && isRefusal(err) {
			continue // sold out, or more than 99 of it
		}
		if err != nil {
			return err
		}
	}
	method := pick(c.random, []string{"USPSRetailGround", "USPSRetailGround", "UPSGround", "FedExGround", "USPSPriorityMail2Day"})
	return c.persist(ctx, browser, func() error { return browser.Ship(ctx, method) })
}

func isRefusal(err error) bool {
	var refused *shopper.Refusal
	return errors.As(err, &refused)
}

// useCode puts a discount code on some carts, and tells whether there is one.
func (c *customer) useCode(ctx context.Context, browser *shopper.Shopper) (bool, error) {
	codes := append(append([]string{}, c.shop.goods.codes...), c.shop.goods.few, c.shop.goods.few)
	if len(c.shop.goods.codes) == 0 || c.random.IntN(3) > 0 {
		return browser == c.member, nil // a member's cart may still have one
	}
	for range 1 + c.random.IntN(2) {
		code := pick(c.random, codes)
		err := c.persist(ctx, browser, func() error { return browser.ApplyCode(ctx, code) })
		if err != nil && !isRefusal(err) {
			return true, err
		}
	}
	return true, nil
}

// checkOut presses the pay button, and reads the total before and after. A total that changed in between is none to hold the shop to:
// an earlier payment of this cart became its order at that moment, and took its goods along.
func (c *customer) checkOut(ctx context.Context, browser *shopper.Shopper) (page shopper.Payment, shown int64, err error) {
	before, err := c.total(ctx, browser)
	if err != nil {
		return page, 0, err
	}
	key := ""
	if c.random.IntN(3) == 0 {
		c.keys++
		key = fmt.Sprint(c.username, "-", c.keys)
	}
	err = c.persist(ctx, browser, func() (err error) {
		page, err = browser.CheckOutUnder(ctx, key)
		return err
	})
	if err != nil {
		if code := shopper.CodeOf(err); code != "" {
			_ = c.persist(ctx, browser, func() error { return browser.DeleteCart(ctx) }) // whatever is in it cannot be bought
		}
		return page, 0, err
	}
	after, err := c.total(ctx, browser)
	if err == nil && after != before {
		c.diary.note("the cart changed by itself while checking out")
		return page, unknown, nil
	}
	return page, before, err
}

func (c *customer) total(ctx context.Context, browser *shopper.Shopper) (total int64, err error) {
	err = c.persist(ctx, browser, func() (err error) {
		total, err = browser.Total(ctx)
		return err
	})
	return total, err
}

// changeMind puts something more into the cart and checks out again; the page that was open before takes no money then. When
// there is no new page, the old one may be paid.
func (c *customer) changeMind(ctx context.Context, browser *shopper.Shopper, old shopper.Payment, shownOld int64) (shopper.Payment, int64, error) {
	err := c.persist(ctx, browser, func() error { return browser.Add(ctx, pick(c.random, c.shop.goods.free), 1) })
	if err != nil {
		return old, shownOld, nil //nolint:nilerr // then the customer buys what is at the open page
	}
	page, shown, err := c.checkOut(ctx, browser)
	if err != nil {
		return old, shownOld, nil //nolint:nilerr // as above
	}
	if page.Session == old.Session {
		c.diary.complain("%s was given out again for another cart", page.Session)
	}
	before := c.diary.hasPaid(old.Session) // late: then the page leads on, and takes nothing
	status, err := browser.Pay(ctx, old.Page, shopper.GoodCard, "")
	if err == nil && status == http.StatusSeeOther && !before {
		c.diary.complain("%s could be paid after %s had been given out in its place", old.Session, page.Session)
	}
	c.diary.note("changed the cart while paying")
	return page, shown, err
}

// pay fills in the payment page in one of the ways that there are.
func (c *customer) pay(ctx context.Context, browser *shopper.Shopper, page shopper.Payment, shown int64, withCode bool) error {
	made := paid{session: page.Session, email: browser.Email, shown: shown}
	card, promotion := shopper.GoodCard, ""
	switch way := c.random.IntN(20); {
	case way == 0:
		return errLeft
	case way <= 2:
		if status, err := browser.Pay(ctx, page.Page, shopper.DeclinedCard, ""); err == nil && status == http.StatusSeeOther && shown > 0 {
			c.diary.complain("%s: a declined card paid", page.Session)
		}
	case way <= 5:
		card = shopper.LateCard
	case way == 6 && !withCode:
		promotion, made.shown = pick(c.random, []string{"TENOFF", "HALFOFF", "FREE100"}), unknown
	}
	status, err := browser.Pay(ctx, page.Page, card, promotion)
	if err != nil {
		return err
	}
	if status != http.StatusSeeOther {
		c.diary.note(fmt.Sprintf("the payment page answered %d", status))
		return nil
	}
	if card == shopper.LateCard && c.random.IntN(3) == 0 {
		settled, err := c.shop.control(ctx, http.MethodPost, "/sandbox/sessions/"+page.Session+"/settle", url.Values{"outcome": {"failed"}})
		made.mayFail = err == nil && settled == http.StatusOK
	}
	c.diary.note("paid")
	c.diary.pay(made)
	return nil
}

// arrive opens the success page, where the customer did not close the browser before.
func (c *customer) arrive(ctx context.Context, browser *shopper.Shopper, page shopper.Payment) error {
	if c.random.IntN(4) == 0 {
		c.diary.note("closed the browser after paying")
		return nil
	}
	order, err := browser.Arrive(ctx, page.Session)
	if err != nil {
		c.diary.note("success page: " + strings.TrimPrefix(outcome(err), "refused: "))
		return nil
	}
	return c.persist(ctx, browser, func() error {
		_, err := browser.Get(ctx, "/order/"+order)
		return err
	})
}
