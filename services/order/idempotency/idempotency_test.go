package idempotency_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/idempotency"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// clock is set by hand and read by many.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time           { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) advance(by time.Duration) { c.at.Add(int64(by)) }

type room struct {
	*idempotency.Keys
	t     *testing.T
	db    *postgres.Database
	clock *clock
}

func open(t *testing.T) *room {
	t.Helper()
	r := &room{t: t, db: dbtest.New(t, migrations.Set()), clock: &clock{}}
	r.clock.advance(time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC).Sub(time.Unix(0, 0)))
	r.Keys = idempotency.New(r.db, r.clock.now)
	return r
}

func named(key string) *orderv1.RequestKey {
	return &orderv1.RequestKey{Owner: "a-digest", Operation: "POST /order/create-checkout-session", Key: key}
}

func (r *room) begin(key *orderv1.RequestKey, content string) (*orderv1.BeginRequestResponse, error) {
	fingerprint := sha256.Sum256([]byte(content))
	return r.BeginRequest(r.t.Context(), &orderv1.BeginRequestRequest{Key: key, Fingerprint: fingerprint[:]})
}

// claim begins a request that may go on.
func (r *room) claim(key *orderv1.RequestKey, content string) string {
	r.t.Helper()
	begun, err := r.begin(key, content)
	require.NoError(r.t, err)
	require.Nil(r.t, begun.GetAnswer())
	require.NotEmpty(r.t, begun.GetClaim())
	return begun.GetClaim()
}

func (r *room) finish(key *orderv1.RequestKey, claim, body string) error {
	_, err := r.FinishRequest(r.t.Context(), &orderv1.FinishRequestRequest{Key: key, Claim: claim, Answer: answered(body)})
	return err
}

func (r *room) abandon(key *orderv1.RequestKey, claim string) {
	r.t.Helper()
	_, err := r.AbandonRequest(r.t.Context(), &orderv1.AbandonRequestRequest{Key: key, Claim: claim})
	require.NoError(r.t, err)
}

func (r *room) requireReplay(key *orderv1.RequestKey, content, body string) {
	r.t.Helper()
	begun, err := r.begin(key, content)
	require.NoError(r.t, err)
	require.Empty(r.t, begun.GetClaim())
	require.True(r.t, proto.Equal(answered(body), begun.GetAnswer()), "%v", begun)
}

func (r *room) rows() (count int) {
	r.t.Helper()
	require.NoError(r.t, r.db.QueryRow(r.t.Context(), "SELECT count(*) FROM idempotent_request").Scan(&count))
	return count
}

func answered(body string) *orderv1.KeptAnswer {
	return &orderv1.KeptAnswer{Status: 200, ContentType: "application/json", Body: []byte(body)}
}

func requireReason(t *testing.T, err error, kind fault.Kind, reason string) {
	t.Helper()
	require.Equal(t, reason, fault.ReasonOf(err), "%v", err)
	require.Equal(t, kind, fault.KindOf(err))
}

func TestARepeatedRequestGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	r := open(t)
	claim := r.claim(named("k"), "form")
	_, err := r.begin(named("k"), "form")
	requireReason(t, err, fault.Conflict, "idempotency-key-in-use")
	require.Equal(t, time.Second, fault.Of(err).RetryAfter)
	require.NoError(t, r.finish(named("k"), claim, `{"a":"\xff"}`+"\xff\x00"))
	r.requireReplay(named("k"), "form", `{"a":"\xff"}`+"\xff\x00")

	require.NoError(t, r.finish(named("k"), claim, "second thoughts"), "a repeated finish is none")
	r.abandon(named("k"), claim)
	r.requireReplay(named("k"), "form", `{"a":"\xff"}`+"\xff\x00")
	r.clock.advance(time.Hour)
	r.requireReplay(named("k"), "form", `{"a":"\xff"}`+"\xff\x00")
}

func TestAnEmptyAnswerIsAnAnswer(t *testing.T) {
	t.Parallel()
	r := open(t)
	claim := r.claim(named("k"), "")
	_, err := r.FinishRequest(t.Context(), &orderv1.FinishRequestRequest{Key: named("k"), Claim: claim, Answer: &orderv1.KeptAnswer{Status: 204}})
	require.NoError(t, err)
	begun, err := r.begin(named("k"), "")
	require.NoError(t, err)
	require.Equal(t, int32(204), begun.GetAnswer().GetStatus())
	require.Empty(t, begun.GetAnswer().GetBody())
}

func TestAKeyIsForOneContent(t *testing.T) {
	t.Parallel()
	r := open(t)
	claim := r.claim(named("k"), "form")
	_, err := r.begin(named("k"), "another form")
	requireReason(t, err, fault.Conflict, "idempotency-key-reused")
	r.clock.advance(time.Minute)
	_, err = r.begin(named("k"), "another form")
	requireReason(t, err, fault.Conflict, "idempotency-key-reused")
	require.NoError(t, r.finish(named("k"), claim, "late, and nobody took over"))
	_, err = r.begin(named("k"), "another form")
	requireReason(t, err, fault.Conflict, "idempotency-key-reused")
}

func TestNobodyGetsTheAnswerOfSomebodyElse(t *testing.T) {
	t.Parallel()
	r := open(t)
	require.NoError(t, r.finish(named("k"), r.claim(named("k"), "form"), "mine"))
	others, elsewhere := named("k"), named("k")
	others.Owner, elsewhere.Operation = "another-digest", "POST /order/something-else"
	for _, key := range []*orderv1.RequestKey{others, elsewhere, named("K"), named("k2")} {
		require.NoError(t, r.finish(key, r.claim(key, "another form"), "theirs"))
	}
	r.requireReplay(named("k"), "form", "mine")
	r.requireReplay(others, "another form", "theirs")
}

// The process that held the claim died: after 30 seconds the next one carries on, and what the dead one still says is not kept.
func TestADeadClaimIsTakenOver(t *testing.T) {
	t.Parallel()
	r := open(t)
	dead := r.claim(named("k"), "form")
	r.clock.advance(30*time.Second - time.Microsecond)
	_, err := r.begin(named("k"), "form")
	requireReason(t, err, fault.Conflict, "idempotency-key-in-use")
	r.clock.advance(time.Microsecond)
	heir := r.claim(named("k"), "form")
	require.NotEqual(t, dead, heir)
	_, err = r.begin(named("k"), "form")
	requireReason(t, err, fault.Conflict, "idempotency-key-in-use")

	requireReason(t, r.finish(named("k"), dead, "from the grave"), fault.Conflict, "idempotency-claim-lost")
	r.abandon(named("k"), dead)
	require.NoError(t, r.finish(named("k"), heir, "alive"))
	r.requireReplay(named("k"), "form", "alive")
	requireReason(t, r.finish(named("k"), dead, "from the grave"), fault.Conflict, "idempotency-claim-lost")
	r.requireReplay(named("k"), "form", "alive")
}

func TestAnAbandonedKeyIsFree(t *testing.T) {
	t.Parallel()
	r := open(t)
	claim := r.claim(named("k"), "form")
	r.abandon(named("k"), claim)
	r.abandon(named("k"), claim)
	require.Zero(t, r.rows())
	requireReason(t, r.finish(named("k"), claim, "too late"), fault.Conflict, "idempotency-claim-lost")
	require.NoError(t, r.finish(named("k"), r.claim(named("k"), "another form"), "done"), "nothing of the first try is left")
	r.requireReplay(named("k"), "another form", "done")
}

// 24 hours count from the beginning, also for one that was taken over; what is under way then is not given away.
func TestAKeyIsNewAgainAfterADay(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.claim(named("k"), "form")
	r.clock.advance(time.Hour)
	require.NoError(t, r.finish(named("k"), r.claim(named("k"), "form"), "first"))
	r.clock.advance(23*time.Hour - time.Microsecond)
	r.requireReplay(named("k"), "form", "first")
	r.clock.advance(time.Microsecond)
	require.NoError(t, r.finish(named("k"), r.claim(named("k"), "another form"), "second"))
	r.requireReplay(named("k"), "another form", "second")
	require.Equal(t, 1, r.rows())

	r.claim(named("late"), "form")
	r.clock.advance(24*time.Hour - time.Second)
	r.claim(named("late"), "form")
	r.clock.advance(2 * time.Second)
	_, err := r.begin(named("late"), "form")
	requireReason(t, err, fault.Conflict, "idempotency-key-in-use")
	r.clock.advance(time.Minute)
	r.claim(named("late"), "another form")
}

// Whoever invents keys gets no further than a hundred; what was kept for him stays kept, and nobody else hears of it.
func TestAnOwnerHasSoManyKeys(t *testing.T) {
	t.Parallel()
	r := open(t)
	began := r.clock.now()
	require.NoError(t, r.finish(named("first"), r.claim(named("first"), "form"), "first"))
	r.clock.advance(time.Hour)
	for n := range 99 {
		r.claim(named(fmt.Sprint("k", n)), "form")
	}
	_, err := r.begin(named("one-more"), "form")
	requireReason(t, err, fault.RateLimited, "idempotency-keys-used-up")
	require.Equal(t, began.Add(idempotency.KeptFor).Sub(r.clock.now()), fault.Of(err).RetryAfter, "until the oldest is forgotten")
	require.Equal(t, 100, r.rows())

	r.requireReplay(named("first"), "form", "first")
	_, err = r.begin(named("k1"), "form")
	requireReason(t, err, fault.Conflict, "idempotency-key-in-use")
	_, err = r.begin(named("k1"), "another form")
	requireReason(t, err, fault.Conflict, "idempotency-key-reused")
	others := named("one-more")
	others.Owner = "another-digest"
	require.NoError(t, r.finish(others, r.claim(others, "form"), "theirs"))

	r.clock.advance(time.Minute)
	heir := r.claim(named("k1"), "form")
	r.abandon(named("k1"), heir)
	r.claim(named("one-more"), "form")
	_, err = r.begin(named("k1"), "form")
	requireReason(t, err, fault.RateLimited, "idempotency-keys-used-up")
	r.clock.advance(idempotency.KeptFor - time.Hour)
	r.claim(named("k1"), "form")
}

// Of many at once none may wait for another; some more than a hundred may get through, not all.
func TestAnOwnersManyKeysAtOnce(t *testing.T) {
	t.Parallel()
	r := open(t)
	for n := range 90 {
		r.claim(named(fmt.Sprint("k", n)), "form")
	}
	var number atomic.Int32
	claims, told := outcomes(func() (*orderv1.BeginRequestResponse, error) {
		return r.begin(named(fmt.Sprint("new", number.Add(1))), "form")
	})
	require.GreaterOrEqual(t, len(claims), 10)
	require.Equal(t, 50, len(claims)+told["idempotency-keys-used-up"], "%v", told)
	_, err := r.begin(named("one-more"), "form")
	requireReason(t, err, fault.RateLimited, "idempotency-keys-used-up")
}

func TestPurge(t *testing.T) {
	t.Parallel()
	r := open(t)
	require.NoError(t, r.finish(named("old"), r.claim(named("old"), ""), "old"))
	r.claim(named("forgotten"), "")
	r.clock.advance(idempotency.KeptFor)
	require.NoError(t, r.finish(named("new"), r.claim(named("new"), ""), "new"))
	r.clock.advance(time.Hour)
	purged, err := r.Purge(t.Context(), r.clock.now().Add(-idempotency.KeptFor))
	require.NoError(t, err)
	require.Equal(t, int64(2), purged)
	r.requireReplay(named("new"), "", "new")
	purged, err = r.Purge(t.Context(), r.clock.now().Add(-idempotency.KeptFor))
	require.NoError(t, err)
	require.Zero(t, purged)
}

func TestWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	r := open(t)
	begin := func(change func(*orderv1.BeginRequestRequest)) error {
		request := &orderv1.BeginRequestRequest{Key: named("k"), Fingerprint: make([]byte, 32)}
		change(request)
		_, err := r.BeginRequest(t.Context(), request)
		return err
	}
	for _, key := range []string{"", " ", "a b", "a\x00", "é", "\x7f", "tab\t", strings.Repeat("k", 256)} {
		requireReason(t, begin(func(b *orderv1.BeginRequestRequest) { b.Key.Key = key }), fault.Invalid, "idempotency-key-invalid")
	}
	require.NoError(t, begin(func(b *orderv1.BeginRequestRequest) { b.Key.Key = `!"` + strings.Repeat("~", 253) }))
	requireReason(t, begin(func(b *orderv1.BeginRequestRequest) { b.Key = nil }), fault.Invalid, "idempotency-key-invalid")
	for name, change := range map[string]func(*orderv1.BeginRequestRequest){
		"no owner":          func(b *orderv1.BeginRequestRequest) { b.Key.Owner = "" },
		"a long owner":      func(b *orderv1.BeginRequestRequest) { b.Key.Owner = strings.Repeat("o", 101) },
		"a strange owner":   func(b *orderv1.BeginRequestRequest) { b.Key.Owner = "a\x00" },
		"no operation":      func(b *orderv1.BeginRequestRequest) { b.Key.Operation = "" },
		"a long operation":  func(b *orderv1.BeginRequestRequest) { b.Key.Operation = strings.Repeat("o", 201) },
		"no fingerprint":    func(b *orderv1.BeginRequestRequest) { b.Fingerprint = nil },
		"a short one":       func(b *orderv1.BeginRequestRequest) { b.Fingerprint = make([]byte, 31) },
		"a long one":        func(b *orderv1.BeginRequestRequest) { b.Fingerprint = make([]byte, 33) },
		"an odd operation":  func(b *orderv1.BeginRequestRequest) { b.Key.Operation = "POST\n/" },
		"an owner in words": func(b *orderv1.BeginRequestRequest) { b.Key.Owner = "grace at mail" },
	} {
		requireReason(t, begin(change), fault.Invalid, "idempotency-request-invalid")
		require.Equal(t, 1, r.rows(), name)
	}
}

func TestWhatIsNoAnswer(t *testing.T) {
	t.Parallel()
	r := open(t)
	claim := r.claim(named("k"), "form")
	finish := func(change func(*orderv1.FinishRequestRequest)) error {
		request := &orderv1.FinishRequestRequest{Key: named("k"), Claim: claim, Answer: answered("")}
		change(request)
		_, err := r.FinishRequest(t.Context(), request)
		return err
	}
	for _, change := range []func(*orderv1.FinishRequestRequest){
		func(f *orderv1.FinishRequestRequest) { f.Answer = nil },
		func(f *orderv1.FinishRequestRequest) { f.Answer.Status = 0 },
		func(f *orderv1.FinishRequestRequest) { f.Answer.Status = 199 },
		func(f *orderv1.FinishRequestRequest) { f.Answer.Status = 600 },
		func(f *orderv1.FinishRequestRequest) { f.Answer.ContentType = "a\r\nSet-Cookie: b" },
		func(f *orderv1.FinishRequestRequest) { f.Answer.ContentType = strings.Repeat("a", 256) },
		func(f *orderv1.FinishRequestRequest) { f.Answer.Body = make([]byte, 16<<10+1) },
		func(f *orderv1.FinishRequestRequest) { f.Claim = "" },
		func(f *orderv1.FinishRequestRequest) { f.Claim = strings.Repeat("c", 101) },
	} {
		requireReason(t, finish(change), fault.Invalid, "idempotency-request-invalid")
	}
	requireReason(t, finish(func(f *orderv1.FinishRequestRequest) { f.Key = nil }), fault.Invalid, "idempotency-key-invalid")
	_, err := r.AbandonRequest(t.Context(), &orderv1.AbandonRequestRequest{Key: named("k")})
	requireReason(t, err, fault.Invalid, "idempotency-request-invalid")

	largest := string(bytes.Repeat([]byte("x"), 16<<10))
	require.NoError(t, r.finish(named("k"), claim, largest))
	r.requireReplay(named("k"), "form", largest)
}
