package shopper_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/shopper"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

const (
	live = "abcdefghij0123456789abcdefghij01"
	cart = "abcdefghij0123456789"
)

func clock() time.Time { return time.Unix(1700000000, 0) }

// sessions knows one live token and fails as told.
type sessions struct {
	userv1.SessionServiceClient
	failure error
	asked   int
}

func (s *sessions) ResolveSession(_ context.Context, request *userv1.ResolveSessionRequest, _ ...grpc.CallOption) (*userv1.ResolveSessionResponse, error) {
	s.asked++
	if s.failure != nil {
		return nil, s.failure
	}
	if request.GetToken() != live {
		return nil, fault.New(fault.Unauthenticated, "session-unknown", "")
	}
	return &userv1.ResolveSessionResponse{Account: &userv1.Account{AccountId: 7, Username: "grace", Email: "grace@mail.example"}}, nil
}

func visit(t *testing.T, cookies ...string) (context.Context, *visitor.Visitor) {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("Cookie", strings.Join(cookies, "; "))
	met := visitor.NewPolicy(visitor.Settings{Key: signing.Key{Secret: "secret"}}, clock).Meet(request)
	return met.In(t.Context()), met
}

func cookiesOf(met *visitor.Visitor) string {
	header := http.Header{}
	met.WriteHeaders(header)
	return strings.Join(header["Set-Cookie"], "\n")
}

func signedCart() string {
	return "an_ct=" + signing.NewCookieSigner(signing.Key{Secret: "secret"}, "an_ct", "anonymouscartcookieisthis", clock).Sign(cart)
}

func TestAGuestNeedsNoQuestion(t *testing.T) {
	t.Parallel()
	asked := &sessions{}
	ctx, met := visit(t, signedCart())
	who, err := shopper.NewFinder(asked).Shopper(ctx)
	require.NoError(t, err)
	require.Zero(t, who.GetAccountId())
	require.Equal(t, cart, who.GetAnonymousCartId())
	require.Zero(t, asked.asked)
	require.Empty(t, cookiesOf(met))
}

func TestAMemberIsWhoTheSessionSays(t *testing.T) {
	t.Parallel()
	asked := &sessions{}
	ctx, met := visit(t, "sessionid="+live, signedCart())
	who, err := shopper.NewFinder(asked).Shopper(ctx)
	require.NoError(t, err)
	require.Equal(t, int64(7), who.GetAccountId())
	require.Equal(t, "grace", who.GetUsername())
	require.Equal(t, "grace@mail.example", who.GetEmail())
	require.Equal(t, cart, who.GetAnonymousCartId(), "the order service makes up for a merge that was interrupted")
	require.Equal(t, 1, asked.asked)
	require.Empty(t, cookiesOf(met))
}

func TestDeadSessionsAreForgotten(t *testing.T) {
	t.Parallel()
	for _, token := range []string{strings.Repeat("z", 32), "", "malformed", "A" + live[1:]} {
		ctx, met := visit(t, "sessionid="+token, "an_ct=tampered:1:x")
		who, err := shopper.NewFinder(&sessions{}).Shopper(ctx)
		require.NoError(t, err, token)
		require.Zero(t, who.GetAccountId(), token)
		require.Empty(t, who.GetAnonymousCartId(), token)
		require.Contains(t, cookiesOf(met), `sessionid=""; expires=Thu, 01 Jan 1970`, token)
	}
}

// Who cannot be recognised at the moment must not be signed out.
func TestASessionSurvivesTroubleOfOurOwn(t *testing.T) {
	t.Parallel()
	for _, failure := range []error{
		fault.New(fault.Unavailable, "unavailable", ""), fault.New(fault.DeadlineExceeded, "deadline-exceeded", ""), fault.New(fault.Internal, "internal", ""),
		fault.New(fault.Unauthenticated, "service-secret-refused", ""),
	} {
		ctx, met := visit(t, "sessionid="+live)
		_, err := shopper.NewFinder(&sessions{failure: failure}).Shopper(ctx)
		require.ErrorIs(t, err, failure)
		require.Empty(t, cookiesOf(met))
	}
}
