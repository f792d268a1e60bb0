package mailbox_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/mailbox"
)

// world is a running mailbox.
type world struct {
	t    *testing.T
	dir  string
	smtp string
	base string
	stop func()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) start() {
	w.t.Helper()
	box, err := mailbox.New(mailbox.Options{StateDir: w.dir})
	require.NoError(w.t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- box.ServeSMTP(ctx, listener) }()
	pages := httptest.NewServer(box.Handler())
	w.smtp, w.base = listener.Addr().String(), pages.URL
	w.stop = sync.OnceFunc(func() {
		pages.Close()
		cancel()
		select {
		case err := <-ended:
			require.NoError(w.t, err)
		case <-time.After(10 * time.Second):
			w.t.Error("ServeSMTP does not end")
		}
		require.NoError(w.t, box.Close())
	})
}

// send sends a mail; lines of the raw text may end in \n.
func (w *world) send(raw string, recipients ...string) error {
	return smtp.SendMail(w.smtp, nil, "shop@localhost", recipients, []byte(strings.ReplaceAll(raw, "\n", "\r\n")))
}

func (w *world) mustSend(raw string, recipients ...string) {
	w.t.Helper()
	require.NoError(w.t, w.send(raw, recipients...))
}

func (w *world) do(method, path string, form url.Values) (int, string, http.Header) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.base+path, strings.NewReader(form.Encode()))
	require.NoError(w.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return response.StatusCode, string(body), response.Header
}

func (w *world) messages() []mailbox.Message {
	w.t.Helper()
	status, body, _ := w.do(http.MethodGet, "/messages", nil)
	require.Equal(w.t, http.StatusOK, status)
	var found []mailbox.Message
	require.NoError(w.t, json.Unmarshal([]byte(body), &found))
	return found
}

func (w *world) fail(pairs ...string) {
	w.t.Helper()
	form := url.Values{}
	for place := 0; place < len(pairs); place += 2 {
		form.Set(pairs[place], pairs[place+1])
	}
	status, body, _ := w.do(http.MethodPost, "/sandbox/fail", form)
	require.Equal(w.t, http.StatusOK, status, body)
}

const plain = `From: The Shop <shop@localhost>
To: Ada <ada@example.com>, bob@example.com
Cc: carol@example.com
Reply-To: help@localhost
Subject: Your order
Message-ID: <order-1@localhost>

Hello,

see http://localhost:8080/account/order?identifier=A1&em_cd=x.
.a line with a dot in front
`

func TestAMailIsShownWithItsRecipients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSend(plain, "ada@example.com", "BOB@example.com", "carol@example.com", "archive@localhost")
	found := w.messages()
	require.Len(t, found, 1)
	got := found[0]
	require.Equal(t, "The Shop <shop@localhost>", got.From)
	require.Equal(t, []string{"Ada <ada@example.com>", "bob@example.com"}, got.To)
	require.Equal(t, []string{"carol@example.com"}, got.Cc)
	require.Equal(t, []string{"archive@localhost"}, got.Bcc)
	require.Equal(t, "help@localhost", got.ReplyTo)
	require.Equal(t, "Your order", got.Subject)
	require.Contains(t, got.Text, "Hello,\n\nsee http")
	require.Contains(t, got.Text, "\n.a line with a dot in front\n")
	require.Equal(t, "order-1@localhost", got.MessageID)
	require.WithinDuration(t, time.Now(), got.Time, time.Minute)

	status, one, _ := w.do(http.MethodGet, "/messages/"+got.ID, nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, one, "Your order")
	status, _, _ = w.do(http.MethodGet, "/messages/none", nil)
	require.Equal(t, http.StatusNotFound, status)
}

func TestTheJSONHasListsEvenWhenTheyAreEmpty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, body, _ := w.do(http.MethodGet, "/messages", nil)
	require.JSONEq(t, `[]`, body)
	w.mustSend("Subject: bare\n\nbody\n", "hidden@example.com")
	_, body, _ = w.do(http.MethodGet, "/messages", nil)
	require.Contains(t, body, `"to":[],"cc":[],"bcc":["hidden@example.com"],"reply_to":""`)
	require.Equal(t, "shop@localhost", w.messages()[0].From, "the envelope's sender when the mail names none")
}

func TestMIMEIsDecoded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSend(`From: =?utf-8?q?L=C3=A4den?= <shop@localhost>
To: "Doe, =?iso-8859-1?Q?J=FCrgen?=" <j@example.com>
Subject: =?UTF-8?B?`+base64.StdEncoding.EncodeToString([]byte("Bestellung bestätigt ✓"))+`?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

--outer
Content-Type: multipart/alternative; boundary="inner"

--inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

A very long line that is sof=
t-wrapped: =C3=BC =3D 1.

--inner
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: base64

`+base64.StdEncoding.EncodeToString([]byte("<p>\xfc</p>"))+`
--inner--
--outer
Content-Type: application/pdf
Content-Disposition: attachment; filename="bill.pdf"
Content-Transfer-Encoding: base64

`+base64.StdEncoding.EncodeToString([]byte("12345"))+`
--outer--
`, "j@example.com")
	got := w.messages()[0]
	require.Equal(t, "Läden <shop@localhost>", got.From)
	require.Equal(t, "Bestellung bestätigt ✓", got.Subject)
	require.Len(t, got.To, 1)
	require.Contains(t, got.To[0], "Doe")
	require.Contains(t, got.To[0], "<j@example.com>")
	require.Empty(t, got.Bcc)
	require.Equal(t, "A very long line that is soft-wrapped: ü = 1.\n", got.Text)
	require.Equal(t, "<p>ü</p>", got.HTML)
	require.Equal(t, []mailbox.Attachment{{Name: "bill.pdf", Type: "application/pdf", Size: 5}}, got.Attachments)
}

func TestEightBitTextPasses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSend("From: a@b.c\nTo: d@e.f\nSubject: ü\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGrüße\n", "d@e.f")
	require.Equal(t, "Grüße\n", w.messages()[0].Text)
	require.Equal(t, "ü", w.messages()[0].Subject)
}

func TestOddMailsAreKeptToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, odd := range []string{
		"To: not an address at all <<>>\nSubject: \xff\xfe\n\n\x00\xff\n",
		"Content-Type: text/plain; charset=klingon\nSubject: unknown charset\n\nnuqneH\n",
		"Content-Type: multipart/alternative; boundary=x\nSubject: no parts\n\nnothing\n",
		"Content-Type: ;;;\nSubject: bad type\n\nbody\n",
	} {
		_ = w.send(odd, "d@e.f") // may be refused, must not break anything
	}
	w.mustSend("Subject: last\n\nbody\n", "d@e.f")
	require.Equal(t, "last", w.messages()[0].Subject)
	require.GreaterOrEqual(t, len(w.messages()), 3)
}

func TestTheNewestIsFirstAndNothingIsMerged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for number := range 3 {
		w.mustSend(fmt.Sprintf("To: a@b.c\nMessage-ID: <same@localhost>\nSubject: mail %d\n\nbody\n", number), "a@b.c")
	}
	found := w.messages()
	require.Len(t, found, 3)
	require.Equal(t, "mail 2", found[0].Subject)
	require.NotEqual(t, found[0].ID, found[1].ID)
	require.Equal(t, found[0].MessageID, found[2].MessageID)
}

func TestManySendersAtOnceAndARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var senders sync.WaitGroup
	for number := range 20 {
		senders.Go(func() {
			if err := w.send(fmt.Sprintf("To: a@b.c\nSubject: mail %d\n\nbody\n", number), "a@b.c"); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
	before := w.messages()
	require.Len(t, before, 20)
	w.stop()
	w.start()
	require.Equal(t, before, w.messages())

	status, _, _ := w.do(http.MethodDelete, "/messages", nil)
	require.Equal(t, http.StatusNoContent, status)
	require.Empty(t, w.messages())
	w.stop()
	w.start()
	require.Empty(t, w.messages())
}

func TestATooLargeMailIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Error(t, w.send("Subject: large\n\n"+strings.Repeat(strings.Repeat("x", 900)+"\n", 12_000), "a@b.c"))
	require.Empty(t, w.messages())
	w.mustSend("Subject: small\n\nx\n", "a@b.c")
	require.Len(t, w.messages(), 1)
}

func TestPagesEscapeAndShutOffWhatCameByMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustSend(`From: a@b.c
To: d@e.f
Subject: <script>alert(1)</script>
Content-Type: multipart/alternative; boundary=x

--x
Content-Type: text/plain

<script>alert(2)</script> see https://example.com/a?b=1&c="><script>3</script>
--x
Content-Type: text/html

<script>alert(4)</script><b>hi</b>
--x--
`, "d@e.f")
	id := w.messages()[0].ID
	for _, path := range []string{"/", "/mails/" + id} {
		status, body, header := w.do(http.MethodGet, path, nil)
		require.Equal(t, http.StatusOK, status)
		require.NotContains(t, body, "<script>")
		require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
	}
	_, body, _ := w.do(http.MethodGet, "/mails/"+id, nil)
	require.Contains(t, body, `href="https://example.com/a?b=1&amp;c="`)
	require.Contains(t, body, `<iframe sandbox=`)
	_, html, header := w.do(http.MethodGet, "/mails/"+id+"/html", nil)
	require.Contains(t, html, "<b>hi</b>")
	require.Contains(t, header.Get("Content-Security-Policy"), "sandbox")
	require.NotContains(t, header.Get("Content-Security-Policy"), "allow-scripts")
	status, _, _ := w.do(http.MethodGet, "/mails/none", nil)
	require.Equal(t, http.StatusNotFound, status)
}

func TestItMisbehavesOnRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const raw = "Subject: x\n\nbody\n"
	w.fail("mode", "refuse", "times", "2")
	require.ErrorContains(t, w.send(raw, "a@b.c"), "451")
	w.stop()
	w.start()
	require.ErrorContains(t, w.send(raw, "a@b.c"), "451", "a restart does not forget it")
	w.mustSend(raw, "a@b.c")
	require.Len(t, w.messages(), 1)

	w.fail("mode", "refuse", "code", "550")
	require.ErrorContains(t, w.send(raw, "a@b.c"), "550")
	w.fail("mode", "disconnect")
	require.Error(t, w.send(raw, "a@b.c"))
	require.Len(t, w.messages(), 1)
	w.fail("mode", "disconnect", "stored", "true")
	require.Error(t, w.send(raw, "a@b.c"))
	require.Len(t, w.messages(), 2, "kept, though the sender does not know")

	w.fail("mode", "slow", "delay", "200ms")
	began := time.Now()
	w.mustSend(raw, "a@b.c")
	require.GreaterOrEqual(t, time.Since(began), 200*time.Millisecond)

	w.fail("mode", "refuse", "times", "1000")
	status, _, _ := w.do(http.MethodDelete, "/sandbox/fail", nil)
	require.Equal(t, http.StatusOK, status)
	w.mustSend(raw, "a@b.c")
	for _, bad := range []url.Values{{}, {"mode": {"explode"}}, {"mode": {"slow"}, "delay": {"x"}}, {"mode": {"refuse"}, "code": {"250"}}, {"mode": {"refuse"}, "times": {"0"}}} {
		status, _, _ := w.do(http.MethodPost, "/sandbox/fail", bad)
		require.Equal(t, http.StatusBadRequest, status, bad)
	}
}

func TestItStopsWhileAConnectionIsOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail("mode", "slow", "delay", "1h")
	idle, err := smtp.Dial(w.smtp)
	require.NoError(t, err)
	defer func() { _ = idle.Close() }()
	var sender sync.WaitGroup
	sender.Go(func() { _ = w.send("Subject: slow\n\nbody\n", "a@b.c") })
	require.Eventually(t, func() bool { return len(w.messages()) == 1 }, 10*time.Second, 10*time.Millisecond)
	w.stop()
	sender.Wait()
}
