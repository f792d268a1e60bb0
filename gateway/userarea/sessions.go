package userarea

import (
	"context"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// ListSessions is GET /user/sessions: where the account is logged in. The old server had no such path.
func (a *Area) ListSessions(ctx context.Context, _ *storefrontv1.ListSessionsRequest) (*storefrontv1.ListSessionsResponse, error) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	if account == nil {
		return &storefrontv1.ListSessionsResponse{ListSessions: notAuthenticated}, nil
	}
	listed, err := a.Sessions.ListSessions(ctx, &userv1.ListSessionsRequest{
		AccountId: account.GetAccountId(), CurrentToken: visitor.From(ctx).SessionToken(),
	})
	if err != nil {
		return nil, err
	}
	return &storefrontv1.ListSessionsResponse{ListSessions: "success", Sessions: sessionList(listed.GetSessions())}, nil
}

func sessionList(sessions []*userv1.SessionSummary) *storefrontv1.SessionList {
	list := &storefrontv1.SessionList{Sessions: make([]*storefrontv1.SessionListEntry, 0, len(sessions))}
	for _, session := range sessions {
		list.Sessions = append(list.Sessions, &storefrontv1.SessionListEntry{
			Reference: session.GetReference(), BeganDateTime: session.GetBeganAt(), ExpiresDateTime: session.GetExpiresAt(),
			KeepLoggedIn: session.GetPersistent(), Device: session.GetUserAgent(), Current: session.GetCurrent(),
		})
	}
	return list
}

// EndSession is POST /user/end-session: logs one browser of the account out. The old server had no such path.
func (a *Area) EndSession(ctx context.Context, form *storefrontv1.EndSessionRequest) (*storefrontv1.EndSessionResponse, error) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	if account == nil {
		return &storefrontv1.EndSessionResponse{EndSession: notAuthenticated}, nil
	}
	if form.Session == nil {
		return sessionRefused("session-required"), nil
	}
	_, err = a.Sessions.EndSession(ctx, &userv1.EndSessionRequest{AccountId: account.GetAccountId(), Reference: form.GetSession()})
	if fault.HasReason(err, "session-not-found") {
		return sessionRefused("session-not-found"), nil
	}
	if err != nil {
		return nil, err
	}
	a.leaveIfEnded(ctx)
	return &storefrontv1.EndSessionResponse{EndSession: "success"}, nil
}

func sessionRefused(code string) *storefrontv1.EndSessionResponse {
	return &storefrontv1.EndSessionResponse{EndSession: "error", Errors: &storefrontv1.Refusal{Error: code}}
}

// leaveIfEnded logs this browser out when the session that was ended is its own. When that cannot be found out now, the
// next request finds the session dead.
func (a *Area) leaveIfEnded(ctx context.Context) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		a.Logger.WarnContext(ctx, "not known whether a session has ended itself", "error", err)
		return
	}
	if account == nil {
		leave(visitor.From(ctx))
	}
}

// EndOtherSessions is POST /user/end-other-sessions: logs all browsers of the account out but this one. The old server
// had no such path.
func (a *Area) EndOtherSessions(ctx context.Context, _ *storefrontv1.EndOtherSessionsRequest) (*storefrontv1.EndOtherSessionsResponse, error) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	if account == nil {
		return &storefrontv1.EndOtherSessionsResponse{EndOtherSessions: notAuthenticated}, nil
	}
	ended, err := a.Sessions.EndOtherSessions(ctx, &userv1.EndOtherSessionsRequest{
		AccountId: account.GetAccountId(), KeptToken: visitor.From(ctx).SessionToken(),
	})
	if err != nil {
		return nil, err
	}
	return &storefrontv1.EndOtherSessionsResponse{EndOtherSessions: "success", Ended: &ended.Ended}, nil
}
