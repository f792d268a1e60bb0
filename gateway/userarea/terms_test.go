package userarea_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// Contract user.md 2.19.
func TestCheckingTheAgreement(t *testing.T) {
	t.Parallel()
	for want, checked := range map[string]*userv1.CheckAgreementResponse{
		`{"terms_of_use_agree_check":true,` + version + `}`:                                          {Agreed: true, Version: 2, Note: text("<b>new</b>")},
		`{"terms_of_use_agree_check":false,"version":2,"version_note":"<b>new</b>",` + version + `}`: {Version: 2, Note: text("<b>new</b>")},
		`{"terms_of_use_agree_check":false,"version":2,"version_note":"",` + version + `}`:           {Version: 2, Note: text("")},
		`{"terms_of_use_agree_check":false,"version":1,"version_note":null,` + version + `}`:         {Version: 1},
	} {
		v := arrive(t, sessionCookie)
		v.behind.terms = checked
		answer, err := v.CheckTermsAgreement(v.ctx, &storefrontv1.CheckTermsAgreementRequest{})
		v.sees(want, answer, err)
		v.asks("CheckAgreement", &userv1.CheckAgreementRequest{AccountId: 7})
	}
}

// Any 200 but true opens a dialogue that cannot be left, so a stranger gets 401 (contract README D05).
func TestTheAgreementOfStrangersIsNotChecked(t *testing.T) {
	t.Parallel()
	v := arrive(t, "sessionid="+newToken)
	_, err := v.CheckTermsAgreement(v.ctx, &storefrontv1.CheckTermsAgreementRequest{})
	require.Equal(t, fault.Unauthenticated, fault.KindOf(err))
	require.Empty(t, v.behind.asked)
	for reason, want := range map[string]fault.Kind{"account-not-found": fault.Unauthenticated, "terms-not-found": fault.NotFound} {
		v = arrive(t, sessionCookie)
		v.behind.fails["CheckAgreement"] = named(fault.NotFound, reason)
		_, err = v.CheckTermsAgreement(v.ctx, &storefrontv1.CheckTermsAgreementRequest{})
		require.Equal(t, want, fault.KindOf(err), reason)
	}
}

// Contract user.md 2.20: the version comes back as it was sent, and is read as the old server read numbers.
func TestAgreeing(t *testing.T) {
	t.Parallel()
	for sent, version64 := range map[string]int64{"2": 2, " 2 ": 2, "+2": 2, "-1": -1, "99999999999": 99999999999, strings.Repeat("9", 400): math.MaxInt64} {
		v := arrive(t, sessionCookie)
		answer, err := v.AgreeToTerms(v.ctx, &storefrontv1.AgreeToTermsRequest{Version: &sent})
		v.sees(`{"terms_of_use_agree":"success","version":"`+sent+`",`+version+`}`, answer, err)
		v.asks("AgreeToTerms", &userv1.AgreeToTermsRequest{AccountId: 7, Version: version64})
	}
}

func TestVersionsThatAreNone(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	answer, err := v.AgreeToTerms(v.ctx, &storefrontv1.AgreeToTermsRequest{})
	v.sees(`{"terms_of_use_agree":"error","errors":{"error":"version-required"},`+version+`}`, answer, err)
	for sent, echoed := range map[string]string{"": `""`, "abc": `"abc"`, "1.5": `"1.5"`, `"<script>`: `"\"<script>"`} {
		answer, err = v.AgreeToTerms(v.ctx, &storefrontv1.AgreeToTermsRequest{Version: &sent})
		v.sees(`{"terms_of_use_agree":"error","errors":{"error":"version-not-found"},"version":`+echoed+`,`+version+`}`, answer, err)
	}
	require.NotContains(t, v.behind.asked, "AgreeToTerms")
}
