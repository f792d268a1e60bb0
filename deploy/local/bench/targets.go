package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const memberPassword = "Tr0ub4dor&Horse"

// bareServer sends fixed bytes and does nothing else: the ceiling of net/http on this machine.
type bareServer struct {
	url  string
	stop func()
}

func serveBare(ctx context.Context, source string) (bareServer, error) {
	body, err := fetch(ctx, source)
	if err != nil {
		return bareServer{}, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return bareServer{}, err
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(listener) }()
	return bareServer{url: "http://" + listener.Addr().String(), stop: func() { _ = server.Close(); <-ended }}, nil
}

func fetch(ctx context.Context, source string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", source, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// prepare registers a member with a cart and says what is asked for; the bare server comes first.
func prepare(ctx context.Context, shop *stack.Stack, bare string) ([]target, error) {
	member, err := register(ctx, shop.APIURL())
	if err != nil {
		return nil, fmt.Errorf("prepare a member: %w", err)
	}
	api, signedIn := shop.APIURL(), map[string]string{"Cookie": member.cookies()}
	form := map[string]string{
		"Cookie": "csrftoken=" + member.cookie("csrftoken"), "X-CSRFToken": member.cookie("csrftoken"),
		"Content-Type": "application/x-www-form-urlencoded",
	}
	login := url.Values{"username": {member.username}, "password": {memberPassword}, "remember_me": {"true"}}.Encode()
	page := "/clientevent/pageview?client_event_id=null&anonymous_id=null&pageWidth=1280&url=" + url.QueryEscape("http://localhost:8080/products")
	return []target{
		{name: "bare net/http", url: bare, method: http.MethodGet},
		{name: "products", url: api + "/order/products", method: http.MethodGet, goal: "60 % of bare"},
		{name: "product", url: api + "/order/product/bSusp6dBHm", method: http.MethodGet},
		{name: "logged-in, guest", url: api + "/user/logged-in", method: http.MethodGet},
		{name: "logged-in, member", url: api + "/user/logged-in", method: http.MethodGet, headers: signedIn, goal: "< 0.5 ms"},
		{name: "cart-items, member", url: api + "/order/cart-items", method: http.MethodGet, headers: signedIn, goal: "< 0.7 ms"},
		{name: "pageview", url: api + page, method: http.MethodGet, goal: "< 0.1 ms"},
		{name: "login", url: api + "/user/login", method: http.MethodPost, headers: form, body: login, fromManyAddresses: true},
	}, nil
}

// member is a browser that has signed up.
type member struct {
	api, username string
	client        *http.Client
}

func register(ctx context.Context, api string) (*member, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	m := &member{api: api, username: "bench-" + identifier.New(10), client: &http.Client{Jar: jar, Timeout: 10 * time.Second}}
	if err := m.do(ctx, http.MethodGet, "/user/token", nil, ""); err != nil {
		return nil, err
	}
	err = m.do(ctx, http.MethodPost, "/user/create-account", url.Values{
		"firstname": {"Ben"}, "lastname": {"Chmark"}, "username": {m.username}, "email_address": {m.username + "@example.com"},
		"password": {memberPassword}, "confirm_password": {memberPassword}, "newsletter": {"false"}, "remember_me": {"true"},
	}, `"true"`)
	if err != nil {
		return nil, err
	}
	for _, sku := range []string{"1", "6", "7"} {
		if err := m.do(ctx, http.MethodPost, "/order/cart-add-product-sku", url.Values{"sku_id": {sku}, "quantity": {"2"}}, "success"); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// do sends a request and expects the answer to hold a text.
func (m *member) do(ctx context.Context, method, path string, form url.Values, expected string) error {
	request, err := http.NewRequestWithContext(ctx, method, m.api+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-CSRFToken", m.cookie("csrftoken"))
	answer, err := m.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(said), expected) {
		return errors.New(path + ": " + answer.Status + " " + string(said))
	}
	return nil
}

func (m *member) cookie(name string) string {
	for _, cookie := range m.jar() {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

func (m *member) cookies() string {
	var pairs []string
	for _, cookie := range m.jar() {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	return strings.Join(pairs, "; ")
}

func (m *member) jar() []*http.Cookie {
	address, err := url.Parse(m.api)
	if err != nil {
		return nil
	}
	return m.client.Jar.Cookies(address)
}
