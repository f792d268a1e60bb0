package userarea

import (
	"context"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// CheckTermsAgreement is GET /user/terms-of-use-agree-check. A stranger gets 401 (contract README D05): the page takes any
// 200 but true as a reason to ask for agreement.
func (a *Area) CheckTermsAgreement(ctx context.Context, _ *storefrontv1.CheckTermsAgreementRequest) (*storefrontv1.CheckTermsAgreementResponse, error) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	stranger := fault.New(fault.Unauthenticated, "not-logged-in", "")
	if account == nil {
		return nil, stranger
	}
	checked, err := a.Terms.CheckAgreement(ctx, &userv1.CheckAgreementRequest{AccountId: account.GetAccountId()})
	if isGone(err) {
		return nil, stranger.Because(err)
	}
	if err != nil {
		return nil, err
	}
	if checked.GetAgreed() {
		return &storefrontv1.CheckTermsAgreementResponse{TermsOfUseAgreeCheck: true}, nil
	}
	return &storefrontv1.CheckTermsAgreementResponse{Version: &checked.Version, VersionNote: &storefrontv1.VersionNote{Html: checked.Note}}, nil
}

// AgreeToTerms is POST /user/terms-of-use-agree.
func (a *Area) AgreeToTerms(ctx context.Context, form *storefrontv1.AgreeToTermsRequest) (*storefrontv1.AgreeToTermsResponse, error) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	if account == nil {
		return &storefrontv1.AgreeToTermsResponse{TermsOfUseAgree: notAuthenticated}, nil
	}
	refused := func(code string) *storefrontv1.AgreeToTermsResponse {
		return &storefrontv1.AgreeToTermsResponse{TermsOfUseAgree: "error", Errors: &storefrontv1.Refusal{Error: code}, Version: form.Version}
	}
	if form.Version == nil {
		return refused("version-required"), nil
	}
	version, isNumber := dialect.Integer(form.GetVersion())
	if !isNumber {
		return refused("version-not-found"), nil
	}
	_, err = a.Terms.AgreeToTerms(ctx, &userv1.AgreeToTermsRequest{AccountId: account.GetAccountId(), Version: version})
	switch reason := fault.ReasonOf(err); {
	case isGone(err):
		return &storefrontv1.AgreeToTermsResponse{TermsOfUseAgree: notAuthenticated}, nil
	case reason == "version-not-found", reason == "version-provided-not-most-recent", reason == "version-already-agreed":
		return refused(reason), nil
	case err != nil:
		return nil, err
	}
	return &storefrontv1.AgreeToTermsResponse{TermsOfUseAgree: "success", Version: form.Version}, nil
}
