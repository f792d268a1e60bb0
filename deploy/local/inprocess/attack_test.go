package inprocess

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	formType = "application/x-www-form-urlencoded; charset=UTF-8"
	// answerLimit bounds an answer on a busy machine under the race detector, with 10 MB to send.
	answerLimit = 10 * time.Second
)

// attack is one request that no page would send. The zero value of a field means what a page would send.
type attack struct {
	name        string
	method      string
	path        string // with the query, as written
	contentType string
	body        string
	bodySize    int64 // of zeros instead of body
	chunked     bool
	host        string
	header      map[string]string
	cookies     map[string]string // instead of the browser's own; an empty value leaves one out
	status      int               // 0: any below 500
}

// siege sends attacks in the name of one browser and watches what they leave behind.
type siege struct {
	t      testing.TB
	from   *customer
	client *http.Client
	before content // what is stored, nil when an accepted request may have changed it
	sent   int

	slowest     time.Duration
	slowestName string
}

// firstLook is when payment has looked for missed events for the first time, five seconds after its start (services/payment,
// inbox.Run), with room for a slow machine. It would write a dropped event in the middle of a siege; the next time is minutes away.
const firstLook = 10 * time.Second

// besiege begins a test of sieges: nobody else writes meanwhile. The sandbox would report every session that a changed
// cart has made it end, some time after the request.
func besiege(t testing.TB) {
	t.Helper()
	require.Eventually(t, func() bool { return time.Since(shop.paymentRuns) > firstLook }, patience, 50*time.Millisecond)
	webhooks(t, "drop")
	shop.logs.forget()
	shop.spans.forget()
}

func newSiege(t testing.TB, from *customer) *siege {
	from.get("/user/token")
	transport := &http.Transport{MaxConnsPerHost: 1, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &siege{
		t: t, from: from,
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// all sends each of them and judges each answer.
func (s *siege) all(attacks []attack) {
	s.t.Helper()
	for _, one := range attacks {
		s.send(one)
	}
}

// send requires what holds for whatever a client sends: an answer below 500, soon, and when it says that the request was
// refused, nothing of it in any table.
func (s *siege) send(one attack) (status int) {
	s.t.Helper()
	if s.before == nil {
		s.before = shop.content(s.t)
	}
	began := time.Now()
	status, header, body, err := s.deliver(one)
	require.NoError(s.t, err, "%s", one)
	if strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		require.NotContains(s.t, string(body), "<script>", "nothing that was sent comes back as markup: %s", one)
	}
	took := time.Since(began)
	require.Less(s.t, took, answerLimit, "%s", one)
	if took > s.slowest {
		s.slowest, s.slowestName = took, one.name
	}
	require.Less(s.t, status, http.StatusInternalServerError, "%s\n%s", one, body)
	require.GreaterOrEqual(s.t, status, http.StatusOK, "%s", one)
	if one.status != 0 {
		require.Equal(s.t, one.status, status, "%s\n%s", one, body)
	}
	s.sent++
	if status < http.StatusBadRequest {
		s.before = nil
		return status
	}
	require.Equal(s.t, s.before, shop.content(s.t), "%s was refused with %d, but stored something", one, status)
	return status
}

func (s *siege) deliver(one attack) (status int, header http.Header, body []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	request, err := s.request(ctx, one)
	if err != nil {
		return 0, nil, nil, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, response.Header, body, err
}

func (s *siege) request(ctx context.Context, one attack) (*http.Request, error) {
	content := io.Reader(strings.NewReader(one.body))
	size := int64(len(one.body))
	if one.bodySize > 0 {
		content, size = zeros(one.bodySize), one.bodySize
	}
	request, err := http.NewRequestWithContext(ctx, one.method, s.from.api, content)
	if err != nil {
		return nil, err
	}
	request.URL.RawPath, request.URL.RawQuery, _ = strings.Cut(one.path, "?")
	if request.URL.Path, err = url.PathUnescape(request.URL.RawPath); err != nil {
		return nil, err
	}
	request.ContentLength = size
	if one.chunked {
		request.ContentLength = -1
	}
	if size == 0 {
		request.Body, request.ContentLength = http.NoBody, 0
	}
	if one.host != "" {
		request.Host = one.host
	}
	s.dress(request, one)
	return request, nil
}

// dress adds what makes the request pass the door, unless the attack says otherwise.
func (s *siege) dress(request *http.Request, one attack) {
	request.Header.Set("X-Forwarded-For", nextAddress()) // limits are not what is tested here
	request.Header.Set("Content-Type", one.contentType)
	if one.contentType == "" {
		request.Header.Set("Content-Type", formType)
	}
	request.Header.Set("X-Csrftoken", s.from.cookies["csrftoken"])
	cookies := maps.Clone(s.from.cookies)
	maps.Copy(cookies, one.cookies)
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(cookies)) {
		if cookies[name] != "" {
			pairs = append(pairs, name+"="+cookies[name])
		}
	}
	request.Header["Cookie"] = []string{strings.Join(pairs, "; ")}
	for name, value := range one.header {
		request.Header[name] = []string{value}
	}
}

// String names the attack in failures.
func (a attack) String() string {
	return fmt.Sprintf("%s: %s %.200q, %s, body %.300q (%d bytes), host %q, headers %.300q, cookies %.300q",
		a.name, a.method, a.path, a.contentType, a.body, max(int64(len(a.body)), a.bodySize), a.host, fmt.Sprint(a.header), fmt.Sprint(a.cookies))
}
