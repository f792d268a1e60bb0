package stripesandbox

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

//go:embed page.html
var pageSource string

// pages are the templates of what people see.
type pages struct {
	payment  *template.Template
	overview *template.Template
}

func parsePages() (pages, error) {
	payment, err := template.New("payment").Parse(pageSource)
	if err != nil {
		return pages{}, err
	}
	overview, err := template.New("overview").Parse(overviewSource)
	return pages{payment: payment, overview: overview}, err
}

// payResult is what became of a form that was sent to the payment page.
type payResult struct {
	status   int // of the HTTP answer
	session  session
	form     checkoutForm
	problems []string
}

func (s *Sandbox) routePages(mux *http.ServeMux) {
	mux.HandleFunc("GET /pay/{id}", s.showPage)
	mux.HandleFunc("POST /pay/{id}", s.takePayment)
	mux.HandleFunc("GET /{$}", s.showOverview)
}

func (s *Sandbox) showPage(w http.ResponseWriter, r *http.Request) {
	var result payResult
	err := s.state.journal.Update(func() error {
		s.advance(s.now())
		result = s.lookAt(r.PathValue("id"))
		return nil
	})
	s.answerPage(w, r, result, err)
}

func (s *Sandbox) takePayment(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form cannot be read.", http.StatusBadRequest)
		return
	}
	form := readCheckoutForm(r.PostForm)
	var result payResult
	err := s.state.journal.Update(func() error {
		now := s.now()
		s.advance(now)
		result = s.pay(r.PathValue("id"), form, now)
		return nil
	})
	s.answerPage(w, r, result, err)
}

func readCheckoutForm(sent url.Values) checkoutForm {
	field := func(name string) string { return strings.TrimSpace(sent.Get(name)) }
	return checkoutForm{
		Card:          field("card"),
		PromotionCode: field("promotion_code"),
		Customer: customer{
			Email: field("email"), Name: field("name"), Phone: field("phone"),
			Address: address{
				Line1: field("line1"), Line2: field("line2"), City: field("city"), State: field("state"),
				PostalCode: field("postal_code"), Country: strings.ToUpper(field("country")),
			},
		},
	}
}

// lookAt is what the page shows before anything is sent.
func (s *Sandbox) lookAt(id string) payResult {
	stored, known := s.state.sessions.Get(id)
	switch {
	case !known:
		return payResult{status: http.StatusNotFound}
	case stored.Status == statusExpired:
		return payResult{status: http.StatusGone, session: stored}
	default:
		return payResult{status: http.StatusOK, session: stored, form: exampleForm(stored)}
	}
}

// exampleForm fills the page with test data, so that one click pays.
func exampleForm(of session) checkoutForm {
	form := checkoutForm{Card: "4242 4242 4242 4242", Customer: customer{
		Email: "buyer@example.com", Name: "Ada Buyer", Phone: "+1 312 555 0100",
		Address: address{Line1: "1 Main St", City: "Chicago", State: "IL", PostalCode: "60601", Country: "US"},
	}}
	if of.CustomerEmail != "" {
		form.Customer.Email = of.CustomerEmail
	}
	return form
}

// pay carries out a form. It runs inside an update, alone: of two forms for one session the second finds it complete and
// is sent on to the shop like the first, so a session is paid once.
func (s *Sandbox) pay(id string, form checkoutForm, now time.Time) payResult {
	result := s.lookAt(id)
	if result.status != http.StatusOK {
		return result
	}
	stored := result.session
	if stored.Status == statusComplete {
		return payResult{status: http.StatusSeeOther, session: stored}
	}
	if stored.CustomerEmail != "" {
		form.Customer.Email = stored.CustomerEmail
	}
	result.form = form
	priced, problems := s.priceOnPage(stored, form, now)
	if result.problems = append(form.problems(stored), problems...); len(result.problems) > 0 {
		result.status = http.StatusBadRequest
		return result
	}
	if refusal := form.refusal(priced); refusal != "" {
		result.status, result.problems = http.StatusPaymentRequired, []string{refusal}
		return result
	}
	result.session = priced.complete(form, now, s.settlementTime(now))
	s.state.putSession(result.session)
	s.redeem(priced.Discount)
	s.recordEvent(event{Type: eventCompleted, Session: result.session}, now)
	result.status = http.StatusSeeOther
	return result
}

// priceOnPage is the session with the promotion code of the form, and what is wrong with that code or the shop's coupon.
func (s *Sandbox) priceOnPage(stored session, form checkoutForm, now time.Time) (session, []string) {
	if !s.isRedeemable(stored.Discount) {
		return stored, []string{"The discount of this order was used up meanwhile."}
	}
	if form.PromotionCode == "" {
		return stored, nil
	}
	applied := findPromotion(form.PromotionCode, now)
	if !stored.Rules.AllowPromotionCodes || applied == nil {
		return stored, []string{"This promotion code is not valid."}
	}
	stored.Discount = applied
	if stored = stored.priced(); !stored.isChargeable() {
		return stored, []string{"With this promotion code the amount is too small to be charged."}
	}
	return stored, nil
}

// problems lists what is wrong with the form itself.
func (f checkoutForm) problems(of session) []string {
	var found []string
	if !isMailAddress(f.Customer.Email) {
		found = append(found, "Please enter a valid e-mail address.")
	}
	found = append(found, f.missingFields()...)
	if allowed := of.Rules.ShippingCountries; len(allowed) > 0 && !slices.Contains(allowed, f.Customer.Address.Country) {
		found = append(found, "The shop ships to "+strings.Join(allowed, ", ")+" only.")
	} else if !countryCode.MatchString(f.Customer.Address.Country) {
		found = append(found, "Please enter the country as two letters.")
	}
	return found
}

func (f checkoutForm) missingFields() []string {
	var found []string
	needed := []struct{ label, value string }{
		{"name", f.Customer.Name}, {"street", f.Customer.Address.Line1}, {"city", f.Customer.Address.City},
		{"postal code", f.Customer.Address.PostalCode},
	}
	for _, field := range needed {
		if field.value == "" {
			found = append(found, "Please enter the "+field.label+".")
		}
	}
	to := f.Customer.Address
	for _, text := range []string{f.Customer.Name, f.Customer.Phone, to.Line1, to.Line2, to.City, to.State, to.PostalCode} {
		if utf8.RuneCountInString(text) > 500 || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			found = append(found, "A field is too long or holds characters that cannot be printed.")
		}
	}
	return found
}

// refusal is why the card does not pay, or empty. A free order needs no card.
func (f checkoutForm) refusal(of session) string {
	if of.amountTotal() == 0 {
		return ""
	}
	used, known := findCard(f.number())
	if !known {
		return "The sandbox does not know this card. Please use one of its test cards."
	}
	return used.Refusal
}

func (s *Sandbox) answerPage(w http.ResponseWriter, r *http.Request, result payResult, err error) {
	if err != nil {
		http.Error(w, s.stateFailed(err).Message, http.StatusInternalServerError)
		return
	}
	if result.status == http.StatusSeeOther {
		http.Redirect(w, r, result.session.successAddress(), http.StatusSeeOther)
		return
	}
	writePage(w, result.status, s.pages.payment, s.pageView(result))
}

// writePage sends a page that runs no scripts and loads nothing but pictures.
func writePage(w http.ResponseWriter, status int, page *template.Template, view any) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; img-src http: https:; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_ = page.Execute(w, view)
}

// pageLine is a line item as the page shows it.
type pageLine struct {
	Name, Description, Image, Amount string
	Quantity                         int64
}

// pageView is what page.html gets.
type pageView struct {
	State           string // unknown, open, complete or expired
	Lines           []pageLine
	Discount        string // what it takes off, with its name; empty: none
	Tax             string // empty: none
	Total           string
	Form            checkoutForm
	Problems        []string
	EmailFixed      bool
	PromotionsAsked bool
	SuccessURL      string
	CancelURL       string
}

func (s *Sandbox) pageView(result payResult) pageView {
	shown := result.session
	if shown.ID == "" {
		return pageView{State: "unknown"}
	}
	view := pageView{
		State: shown.Status, Total: displayAmount(shown.amountTotal(), shown.Currency), Form: result.form, Problems: result.problems,
		EmailFixed: shown.CustomerEmail != "", PromotionsAsked: shown.Rules.AllowPromotionCodes,
		SuccessURL: shown.successAddress(), CancelURL: shown.CancelURL,
	}
	if shown.Discount != nil {
		view.Discount = shown.Discount.Coupon.Name + " -" + displayAmount(shown.AmountDiscount, shown.Currency)
	}
	if shown.TaxRate > 0 {
		view.Tax = displayAmount(shown.AmountTax, shown.Currency)
	}
	for _, line := range shown.Lines {
		image := ""
		if len(line.Images) > 0 {
			image = line.Images[0]
		}
		view.Lines = append(view.Lines, pageLine{
			Name: line.Name, Description: line.Description, Image: image, Quantity: line.Quantity,
			Amount: displayAmount(line.amount(), shown.Currency),
		})
	}
	return view
}

// displayAmount writes minor units for people, as in 12.50 USD.
func displayAmount(minor int64, currency string) string {
	return fmt.Sprintf("%d.%02d %s", minor/100, minor%100, strings.ToUpper(currency))
}
