// Package shopper acts as a customer's browser does, from outside: cookies, the CSRF header, an address of its own, and
// the payment page of the Stripe sandbox. Benches and fault tests buy with it. It judges nothing: what the shop refuses comes
// back as a Refusal, and every answer can be watched.
package shopper

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// Patience is how long one request may take.
const Patience = 20 * time.Second

// Answer is what came of one request to the API.
type Answer struct {
	// API is the gateway that was asked.
	API, Method, Path string
	// Status is 0 when there was no answer; Err says why.
	Status       int
	Body         []byte
	Err          error
	Began, Ended time.Time
}

// Shopper is one browser. Safe for concurrent use, like tabs, once its fields are set.
type Shopper struct {
	// API is the gateway that is asked.
	API string
	// Address is the client's, which the shop believes behind a proxy (TRUSTED_PROXY_HOPS=1). Limits count by it.
	Address string
	// Email is where confirmations go.
	Email string
	// Watch, when set, is told of every answer of the API.
	Watch func(Answer)

	client *http.Client
}

// New is a browser without cookies. The transport may be shared by many.
func New(api, address, email string, transport http.RoundTripper) (*Shopper, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &Shopper{API: api, Address: address, Email: email, client: &http.Client{
		Jar: jar, Timeout: Patience, Transport: transport, CheckRedirect: stay,
	}}, nil
}

// stay: where a payment page leads is for the caller to follow.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Transport keeps enough idle connections for many shoppers.
func Transport() *http.Transport {
	return &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 128, IdleConnTimeout: time.Minute}
}

// Object is a JSON answer.
type Object map[string]any

// Object is the object under a key; nil when there is none.
func (o Object) Object(key string) Object {
	inner, _ := o[key].(map[string]any)
	return inner
}

// Text is the text under a key; empty when there is none.
func (o Object) Text(key string) string {
	text, _ := o[key].(string)
	return text
}

// Trouble is an answer that is no outcome: not a 200, or none at all.
type Trouble struct{ Answer }

// Error names the request and what came of it, without what the page said.
func (t *Trouble) Error() string {
	if t.Err != nil {
		return fmt.Sprintf("%s %s: %v", t.Method, t.Path, t.Err)
	}
	return fmt.Sprintf("%s %s: status %d", t.Method, t.Path, t.Status)
}

// Unwrap gives what kept the answer from arriving.
func (t *Trouble) Unwrap() error { return t.Err }

// Get asks for an object.
func (s *Shopper) Get(ctx context.Context, path string) (Object, error) {
	return s.ask(ctx, http.MethodGet, path, nil, "")
}

// Post sends a form; the CSRF cookie is fetched when there is none.
func (s *Shopper) Post(ctx context.Context, path string, form url.Values) (Object, error) {
	return s.postUnder(ctx, path, form, "")
}

// postUnder sends an Idempotency-Key along, unless it is empty.
func (s *Shopper) postUnder(ctx context.Context, path string, form url.Values, key string) (Object, error) {
	if s.cookie("csrftoken") == "" {
		if _, err := s.Get(ctx, "/user/token"); err != nil {
			return nil, err
		}
	}
	if form == nil {
		form = url.Values{}
	}
	return s.ask(ctx, http.MethodPost, path, form, key)
}

func (s *Shopper) ask(ctx context.Context, method, path string, form url.Values, key string) (Object, error) {
	answer := Answer{API: s.API, Method: method, Path: path, Began: time.Now()}
	answer.Status, answer.Body, answer.Err = s.send(ctx, method, path, form, key)
	answer.Ended = time.Now()
	if s.Watch != nil {
		s.Watch(answer)
	}
	if answer.Err != nil || answer.Status != http.StatusOK {
		return nil, &Trouble{answer}
	}
	var said Object
	if err := json.Unmarshal(answer.Body, &said); err != nil {
		answer.Err = err
		return nil, &Trouble{answer}
	}
	return said, nil
}

func (s *Shopper) send(ctx context.Context, method, path string, form url.Values, key string) (int, []byte, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(ctx, method, s.API+path, body)
	if err != nil {
		return 0, nil, err
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
		request.Header.Set("X-CSRFToken", s.cookie("csrftoken"))
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	request.Header.Set("X-Forwarded-For", s.Address)
	answer, err := s.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, nil, err // half an answer is none
	}
	return answer.StatusCode, said, nil
}

func (s *Shopper) cookie(name string) string {
	address, err := url.Parse(s.API)
	if err != nil {
		return ""
	}
	for _, cookie := range s.client.Jar.Cookies(address) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}
