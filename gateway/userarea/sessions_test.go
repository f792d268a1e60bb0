package userarea_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func TestListingSessions(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	v.behind.sessions = []*userv1.SessionSummary{
		{Reference: "mine", BeganAt: timestamppb.New(clock()), ExpiresAt: timestamppb.New(clock().Add(14 * 24 * time.Hour)), Persistent: true, UserAgent: "<b>", Current: true},
		{Reference: "theirs", BeganAt: timestamppb.New(clock().Add(-1500 * time.Millisecond)), ExpiresAt: timestamppb.New(clock().Add(time.Hour))},
	}
	answer, err := v.ListSessions(v.ctx, &storefrontv1.ListSessionsRequest{})
	v.sees(`{"list_sessions":"success","sessions":[
		{"reference":"mine","began_date_time":"2026-03-09T12:00:00Z","expires_date_time":"2026-03-23T12:00:00Z","keep_logged_in":true,"device":"<b>","current":true},
		{"reference":"theirs","began_date_time":"2026-03-09T11:59:58.500Z","expires_date_time":"2026-03-09T13:00:00Z","keep_logged_in":false,"device":"","current":false}
		],`+version+`}`, answer, err)
	v.asks("ListSessions", &userv1.ListSessionsRequest{AccountId: 7, CurrentToken: oldToken})

	v.behind.sessions = nil
	answer, err = v.ListSessions(v.ctx, &storefrontv1.ListSessionsRequest{})
	v.sees(`{"list_sessions":"success","sessions":[],`+version+`}`, answer, err)
}

func TestEndingASession(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie, cartCookie(), "csrftoken="+csrf)
	answer, err := v.EndSession(v.ctx, &storefrontv1.EndSessionRequest{Session: text("theirs")})
	v.sees(`{"end_session":"success",`+version+`}`, answer, err)
	v.asks("EndSession", &userv1.EndSessionRequest{AccountId: 7, Reference: "theirs"})
	require.Empty(t, v.setCookies(), "this browser stays logged in")

	answer, err = v.EndSession(v.ctx, &storefrontv1.EndSessionRequest{Session: text("mine")})
	v.sees(`{"end_session":"success",`+version+`}`, answer, err)
	cookies := v.setCookies()
	require.Equal(t, deleted+"; HttpOnly", cookies["sessionid"], "as after a logout")
	require.Equal(t, deleted+"; HttpOnly", cookies["an_ct"])
	require.Contains(t, cookies, "anonymousclientevent")
}

func TestEndingASessionWithoutNamingOne(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	answer, err := v.EndSession(v.ctx, &storefrontv1.EndSessionRequest{})
	v.sees(`{"end_session":"error","errors":{"error":"session-required"},`+version+`}`, answer, err)
	require.NotContains(t, v.behind.asked, "EndSession")
}

func TestASessionIsEndedEvenWhenNobodyKnowsWhose(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	v.behind.failsAfter("EndSession", "ResolveSession", named(fault.Unavailable, "unavailable"))
	answer, err := v.EndSession(v.ctx, &storefrontv1.EndSessionRequest{Session: text("theirs")})
	v.sees(`{"end_session":"success",`+version+`}`, answer, err)
	require.Empty(t, v.setCookies())
	require.Contains(t, v.logs.String(), "not known whether")
}

func TestEndingAllOtherSessions(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	answer, err := v.EndOtherSessions(v.ctx, &storefrontv1.EndOtherSessionsRequest{})
	v.sees(`{"end_other_sessions":"success","ended":2,`+version+`}`, answer, err)
	v.asks("EndOtherSessions", &userv1.EndOtherSessionsRequest{AccountId: 7, KeptToken: oldToken})
	require.Empty(t, v.setCookies())
}
