package userarea_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/gateway/shopper"
	"github.com/bartgottschalk/startupwebapp/gateway/userarea"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

const (
	oldToken = "abcdefghij0123456789abcdefghij01"
	newToken = "zyxwvutsrq9876543210zyxwvutsrq98"
	csrf     = "abcdefghijklmnopqrstuvwxyzABCDEF"
	cartID   = "abcdefghij0123456789"
	key      = "a-secret-key-of-tests"
	browser  = "A Browser/1.0 (of tests)"
	version  = `"user-api-version":"0.0.1"`
)

func clock() time.Time { return time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC) }

func grace() *userv1.Account {
	return &userv1.Account{AccountId: 7, Username: "gracehopper", FirstName: "Grace", LastName: "Öz", Email: "grace@mail.example", MemberCode: "m"}
}

// services stands in for the user and order services. A call fails with what fails says of its method.
type services struct {
	userv1.SessionServiceClient
	userv1.AccountServiceClient
	userv1.VerificationServiceClient
	userv1.CredentialServiceClient
	userv1.SubscriptionServiceClient
	userv1.TermsServiceClient
	userv1.ChatServiceClient
	userv1.ProspectServiceClient
	orderv1.CartServiceClient
	orderv1.OrderServiceClient

	fails      map[string]error
	asked      []string // methods, in order
	requests   map[string]proto.Message
	violations []*userv1.FieldViolation
	profile    *userv1.GetProfileResponse
	silent     bool // pages should report no events
	claims     bool // a verified address brings guest orders along
	terms      *userv1.CheckAgreementResponse
	sessions   []*userv1.SessionSummary
	afterwards map[string]planned
	ended      bool // the session of the browser is dead from now on
}

func (s *services) hear(method string, request proto.Message) error {
	s.asked = append(s.asked, method)
	s.requests[method] = request
	err := s.fails[method]
	if later, planned := s.afterwards[method]; planned {
		s.fails[later.method] = later.failure
	}
	return err
}

// failsAfter makes a method fail from the time on when another has been asked.
func (s *services) failsAfter(first, method string, failure error) {
	s.afterwards = map[string]planned{first: {method, failure}}
}

type planned struct {
	method  string
	failure error
}

func (s *services) LogClientEvents() bool { return !s.silent }

func (s *services) ResolveSession(_ context.Context, request *userv1.ResolveSessionRequest, _ ...grpc.CallOption) (*userv1.ResolveSessionResponse, error) {
	if request.GetToken() != oldToken || s.ended {
		return nil, fault.New(fault.Unauthenticated, "session-unknown", "")
	}
	return &userv1.ResolveSessionResponse{Account: grace()}, s.hear("ResolveSession", request)
}

func (s *services) LogIn(_ context.Context, request *userv1.LogInRequest, _ ...grpc.CallOption) (*userv1.LogInResponse, error) {
	return &userv1.LogInResponse{Account: grace(), Session: begun(request.GetRemember())}, s.hear("LogIn", request)
}

func (s *services) LogOut(_ context.Context, request *userv1.LogOutRequest, _ ...grpc.CallOption) (*userv1.LogOutResponse, error) {
	return &userv1.LogOutResponse{}, s.hear("LogOut", request)
}

func (s *services) CreateAccount(_ context.Context, request *userv1.CreateAccountRequest, _ ...grpc.CallOption) (*userv1.CreateAccountResponse, error) {
	if len(s.violations) > 0 {
		return &userv1.CreateAccountResponse{Violations: s.violations}, s.hear("CreateAccount", request)
	}
	return &userv1.CreateAccountResponse{Account: grace(), Session: begun(request.GetRemember())}, s.hear("CreateAccount", request)
}

func (s *services) GetProfile(_ context.Context, request *userv1.GetProfileRequest, _ ...grpc.CallOption) (*userv1.GetProfileResponse, error) {
	return s.profile, s.hear("GetProfile", request)
}

func (s *services) CountCartLines(_ context.Context, request *orderv1.CountCartLinesRequest, _ ...grpc.CallOption) (*orderv1.CountCartLinesResponse, error) {
	return &orderv1.CountCartLinesResponse{Lines: 3}, s.hear("CountCartLines", request)
}

func (s *services) AdoptCart(_ context.Context, request *orderv1.AdoptCartRequest, _ ...grpc.CallOption) (*orderv1.AdoptCartResponse, error) {
	return &orderv1.AdoptCartResponse{}, s.hear("AdoptCart", request)
}

func (s *services) ListOrders(_ context.Context, request *orderv1.ListOrdersRequest, _ ...grpc.CallOption) (*orderv1.ListOrdersResponse, error) {
	return &orderv1.ListOrdersResponse{Orders: []*orderv1.OrderSummary{
		{OrderId: 12, Identifier: "Abc1234567", OrderedAt: timestamppb.New(clock()), TotalMinor: 1656},
		{OrderId: 11, Identifier: "Xyz1234567", OrderedAt: timestamppb.New(clock().Add(-time.Millisecond)), SalesTaxMinor: 8, TotalMinor: 350},
	}}, s.hear("ListOrders", request)
}

func begun(remember bool) *userv1.Session {
	return &userv1.Session{Token: newToken, Persistent: remember, ExpiresAt: timestamppb.New(clock().Add(14 * 24 * time.Hour))}
}

// visit is one request of a browser.
type visit struct {
	*userarea.Area
	behind  *services
	t       *testing.T
	visitor *visitor.Visitor
	ctx     context.Context
	logs    *strings.Builder
}

func arrive(t *testing.T, cookies ...string) *visit {
	t.Helper()
	behind := &services{fails: map[string]error{}, requests: map[string]proto.Message{}}
	request := httptest.NewRequest(http.MethodPost, "/user/", nil)
	request.RemoteAddr = "192.0.2.7:4711"
	request.Header.Set("Cookie", strings.Join(cookies, "; "))
	request.Header.Set("User-Agent", browser)
	met := visitor.NewPolicy(visitor.Settings{Key: signing.Key{Secret: key}}, clock).Meet(request)
	logs := &strings.Builder{}
	area := userarea.New(userarea.Peers{
		Finder: shopper.NewFinder(behind), Accounts: behind, Sessions: behind, Verifications: behind, Credentials: behind,
		Subscriptions: behind, Terms: behind, Chat: behind, Prospects: behind, Carts: behind, Orders: behind, Events: behind,
		Logger: slog.New(slog.NewTextHandler(logs, nil)), Now: clock,
	})
	return &visit{Area: area, behind: behind, t: t, visitor: met, ctx: met.In(t.Context()), logs: logs}
}

func cartCookie() string {
	return "an_ct=" + signing.NewCookieSigner(signing.Key{Secret: key}, "an_ct", "anonymouscartcookieisthis", clock).Sign(cartID)
}

const sessionCookie = "sessionid=" + oldToken

// setCookies are the Set-Cookie headers by name, without the name.
func (v *visit) setCookies() map[string]string {
	header := http.Header{}
	v.visitor.WriteHeaders(header)
	sent := map[string]string{}
	for _, line := range header["Set-Cookie"] {
		name, rest, _ := strings.Cut(line, "=")
		sent[name] = rest
	}
	return sent
}

var sentence = regexp.MustCompile(`"(description|data_missing|invalid_data)":"[A-Z][^"]+[.]"`)

// sees compares an answer with the JSON of the contract. Sentences are ours: they appear as (text).
func (v *visit) sees(want string, answer proto.Message, err error) {
	v.t.Helper()
	require.NoError(v.t, err)
	renderer, err := dialect.NewRenderer(storefrontv1.File_storefront_v1_user_proto.Services().ByName("UserAreaService"))
	require.NoError(v.t, err)
	rendered, err := renderer.Append(nil, answer)
	require.NoError(v.t, err)
	require.JSONEq(v.t, want, sentence.ReplaceAllString(string(rendered), `"$1":"(text)"`))
}

func text(value string) *string { return &value }

func named(kind fault.Kind, reason string) error {
	return fault.New(kind, reason, "a detail that stays inside")
}
