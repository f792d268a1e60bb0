package user_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// sesSink speaks as much of Amazon SES v2 as the service uses. What it answers is decided by the recipient.
type sesSink struct {
	mu       sync.Mutex
	received []sesRequest
	answers  map[string][]func(http.ResponseWriter) // by recipient, one after the other; then mails are taken
	hung     chan struct{}                          // closed when the test ends
}

type sesRequest struct {
	FromEmailAddress string
	Destination      struct{ ToAddresses, BccAddresses []string }
	Content          struct{ Raw struct{ Data []byte } }
}

func (s *sesSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request sesRequest
	body, err := io.ReadAll(r.Body)
	signed := strings.Contains(r.Header.Get("Authorization"), "/us-east-1/ses/aws4_request")
	if err != nil || json.Unmarshal(body, &request) != nil || r.Method+r.URL.Path != "POST/v2/email/outbound-emails" || !signed {
		refuse("UnexpectedRequest", "", http.StatusBadRequest)(w)
		return
	}
	if answer := s.take(request); answer != nil {
		answer(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"MessageId":"0100"}`)
}

func (s *sesSink) take(request sesRequest) func(http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = append(s.received, request)
	to := request.Destination.ToAddresses[0]
	if len(s.answers[to]) == 0 {
		return nil
	}
	answer := s.answers[to][0]
	s.answers[to] = s.answers[to][1:]
	return answer
}

func (s *sesSink) requestsTo(address string) (found []sesRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, request := range s.received {
		if request.Destination.ToAddresses[0] == address {
			found = append(found, request)
		}
	}
	return found
}

func refuse(code, message string, status int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("X-Amzn-ErrorType", code)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"message":%q}`, message)
	}
}

func dropped(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func garbage(w http.ResponseWriter) {
	w.WriteHeader(http.StatusBadGateway)
	_, _ = io.WriteString(w, "<html>out to lunch</html>")
}

func (s *sesSink) hang(http.ResponseWriter) { <-s.hung }

// startSES points the AWS SDK of this test's process to a sink, which keeps the test from running beside others.
func startSES(t *testing.T) *sesSink {
	t.Helper()
	sink := &sesSink{answers: map[string][]func(http.ResponseWriter){}, hung: make(chan struct{})}
	server := httptest.NewServer(sink)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(sink.hung) })
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SESV2": server.URL, "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_MAX_ATTEMPTS": "5",
	} {
		t.Setenv(name, value)
	}
	return sink
}

// openSES is a shop whose mails go to SES.
func openSES(t *testing.T) *shop {
	t.Helper()
	s := open(t)
	s.stop()
	s.transport = "ses://us-east-1"
	s.start()
	return s
}

func TestSES(t *testing.T) {
	sink := startSES(t)
	s := openSES(t)
	s.exec("UPDATE mail_templates SET bcc_address = 'books@shop.example' WHERE code = $1", guestTemplate)
	throttled := refuse("TooManyRequestsException", "Maximum sending rate exceeded.", http.StatusTooManyRequests)
	permanent := map[string]func(http.ResponseWriter){
		"rejected@mail.example": refuse("MessageRejected", "Email contains a virus, rejected@mail.example", http.StatusBadRequest),
		"bad@mail.example":      refuse("BadRequestException", "Illegal address", http.StatusBadRequest),
	}
	passing := map[string][]func(http.ResponseWriter){
		"throttled@mail.example":  {throttled, throttled},
		"paused@mail.example":     {refuse("SendingPausedException", "paused", http.StatusBadRequest)},
		"suspended@mail.example":  {refuse("AccountSuspendedException", "suspended", http.StatusBadRequest)},
		"unverified@mail.example": {refuse("MailFromDomainNotVerifiedException", "no", http.StatusBadRequest)},
		"sandbox@mail.example":    {refuse("MessageRejected", "Email address is not verified. The following identities failed the check in region US-EAST-1: shop@shop.example", http.StatusBadRequest)},
		"forbidden@mail.example":  {refuse("AccessDeniedException", "no", http.StatusForbidden)},
		"expired@mail.example":    {refuse("ExpiredTokenException", "no", http.StatusForbidden)},
		"broken@mail.example":     {refuse("InternalServiceErrorException", "no", http.StatusInternalServerError), garbage, dropped},
		"first@mail.example":      {},
	}
	sink.mu.Lock()
	for address, answer := range permanent {
		sink.answers[address] = []func(http.ResponseWriter){answer}
	}
	tries := map[string]int{}
	for address, answers := range passing {
		sink.answers[address], tries[address] = answers, len(answers)+1
	}
	sink.mu.Unlock()
	orders := map[string]string{}
	for address := range sink.recipients() {
		order := guestOrder()
		order.Email = address
		s.confirm(order)
		orders[address] = order.GetOrderIdentifier()
	}
	require.Eventually(t, func() bool { return s.count("SELECT count(*) FROM mails WHERE state = 'queued'") == 0 }, 2*patience, tick)

	for address, times := range tries {
		got := sink.requestsTo(address)
		require.Len(t, got, times, address)
		requireSESMail(t, got[times-1], orders[address])
	}
	require.Equal(t, len(permanent), s.count("SELECT count(*) FROM mail_failures WHERE kind = 'smtp_send'"))
	for address := range permanent {
		require.Len(t, sink.requestsTo(address), 1, "what is refused for good is not tried again")
		require.Equal(t, 1, s.count("SELECT count(*) FROM mails WHERE state = 'failed' AND handed_over_at IS NULL AND recipient = $1", address))
		require.Contains(t, s.logs.String(), orders[address])
	}
	require.Contains(t, s.text("SELECT string_agg(message, ' ') FROM mail_failures"), "virus")
	require.Contains(t, s.logs.String(), "mail server answered MessageRejected")
	require.Contains(t, s.logs.String(), "[ORDER_EMAIL_FAILURE]")
	require.NotContains(t, s.logs.String(), "@mail.example")
	require.NotContains(t, s.text("SELECT string_agg(errors::text, ' ') FROM river_job"), "@mail.example")
	require.Empty(t, s.sink.mails())
}

func (s *sesSink) recipients() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[string]bool{}
	for address := range s.answers {
		known[address] = true
	}
	return known
}

func requireSESMail(t *testing.T, request sesRequest, order string) {
	t.Helper()
	require.Equal(t, "shop@shop.example", request.FromEmailAddress)
	require.Equal(t, []string{"books@shop.example"}, request.Destination.BccAddresses)
	got := parseMail(string(request.Content.Raw.Data), nil)
	require.NotContains(t, got.raw, "books@shop.example")
	require.Equal(t, `"The Shop" <shop@shop.example>`, got.header.Get("From"))
	require.Equal(t, []string{strings.Trim(got.header.Get("To"), "<>")}, request.Destination.ToAddresses)
	require.Contains(t, got.text, "Order number: "+order+"\r\n")
	require.Contains(t, got.html, "Order number: "+order)
}

func TestSESThatDoesNotAnswer(t *testing.T) {
	sink := startSES(t)
	s := openSES(t)
	sink.mu.Lock()
	sink.answers["buyer@mail.example"] = []func(http.ResponseWriter){sink.hang}
	sink.mu.Unlock()
	s.confirm(guestOrder())
	s.failed()
	require.Equal(t, "interrupted", s.text("SELECT kind FROM mail_failures"), "SES may have it")
	require.Len(t, sink.requestsTo("buyer@mail.example"), 1)
	s.mailCommandWorks("resend-mail", "-yes", "-by", "ada", s.text("SELECT id::text FROM mails"))
	require.Eventually(t, func() bool { return s.count("SELECT count(*) FROM mails WHERE state = 'sent'") == 1 }, patience, tick)
}

func TestSESThatCannotBeReached(t *testing.T) {
	startSES(t)
	t.Setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:1")
	s := openSES(t)
	s.confirm(guestOrder())
	require.Eventually(t, func() bool { return s.count("SELECT max(attempt) FROM river_job WHERE kind = 'mail.send'") > 1 }, patience, tick)
	require.Zero(t, s.count("SELECT count(*) FROM mail_failures"))
}

func TestSESWithoutCredentials(t *testing.T) {
	sink := startSES(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	s := openSES(t)
	s.confirm(guestOrder())
	require.Eventually(t, func() bool { return s.count("SELECT max(attempt) FROM river_job WHERE kind = 'mail.send'") > 1 }, patience, tick)
	require.Zero(t, s.count("SELECT count(*) FROM mail_failures"), "for the operator to repair")
	require.Zero(t, s.count("SELECT count(*) FROM mails WHERE handed_over_at IS NOT NULL"))
	require.Empty(t, sink.requestsTo("buyer@mail.example"))
}
