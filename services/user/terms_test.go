package user_test

import (
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func (s *shop) agree(accountID, version int64) error {
	_, err := s.terms.AgreeToTerms(s.t.Context(), &userv1.AgreeToTermsRequest{AccountId: accountID, Version: version})
	return err
}

func (s *shop) agreement(accountID int64) *userv1.CheckAgreementResponse {
	s.t.Helper()
	found, err := s.terms.CheckAgreement(s.t.Context(), &userv1.CheckAgreementRequest{AccountId: accountID})
	require.NoError(s.t, err)
	return found
}

func TestANewVersionHasToBeAgreedTo(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	id := made.GetAccount().GetAccountId()
	require.True(t, s.agreement(id).GetAgreed())
	requireReason(t, fault.Conflict, "version-already-agreed", s.agree(id, 1))

	// Numbers and ids go different ways (contract user.md 8, defect 3): version 1 has id 1, version 2 id 9, version 9 id 2.
	s.exec("INSERT INTO terms_versions (id, version, note, published_at) VALUES (9, 2, NULL, now()), (2, 9, '<i>new</i>', now())")
	check := s.agreement(id)
	require.False(t, check.GetAgreed())
	require.Equal(t, int32(9), check.GetVersion())
	require.Equal(t, "<i>new</i>", check.GetNote())
	for _, old := range []int64{1, 2} {
		requireReason(t, fault.FailedPrecondition, "version-provided-not-most-recent", s.agree(id, old))
	}
	for _, unknown := range []int64{0, -1, 3, 10, math.MaxInt32, math.MaxInt32 + 1, 1<<32 + 9, math.MinInt64, math.MaxInt64} {
		requireReason(t, fault.NotFound, "version-not-found", s.agree(id, unknown))
	}
	requireReason(t, fault.NotFound, "version-not-found", s.agree(id+1, 9))
	require.False(t, s.agreement(id).GetAgreed())

	require.NoError(t, s.agree(id, 9))
	require.True(t, s.agreement(id).GetAgreed())
	requireReason(t, fault.Conflict, "version-already-agreed", s.agree(id, 9))
	require.Equal(t, 2, s.count("SELECT count(*) FROM terms_agreements WHERE account_id = $1", id))
	require.False(t, s.agreement(id+1).GetAgreed())
}

func TestAgreeingAtOnceCountsOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	s.exec("INSERT INTO terms_versions (version, published_at) VALUES (2, now())")
	require.Nil(t, s.agreement(made.GetAccount().GetAccountId()).Note)
	reasons := make([]string, 20)
	var all sync.WaitGroup
	for i := range reasons {
		all.Go(func() { reasons[i] = fault.ReasonOf(s.agree(made.GetAccount().GetAccountId(), 2)) })
	}
	all.Wait()
	counted := map[string]int{}
	for _, reason := range reasons {
		counted[reason]++
	}
	require.Equal(t, map[string]int{"": 1, "version-already-agreed": 19}, counted)
}

func TestAShopWithoutTerms(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	s.exec("DELETE FROM terms_agreements")
	s.exec("DELETE FROM terms_versions")
	_, err := s.terms.CheckAgreement(t.Context(), &userv1.CheckAgreementRequest{AccountId: made.GetAccount().GetAccountId()})
	requireReason(t, fault.NotFound, "terms-not-found", err)
	requireReason(t, fault.NotFound, "version-not-found", s.agree(made.GetAccount().GetAccountId(), 1))
}
