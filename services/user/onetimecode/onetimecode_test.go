package onetimecode_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/user/onetimecode"
)

func keyed() signing.Key { return signing.Key{Secret: "a-secret-key-for-tests-0123456789abcdef"} }

func TestACodeComesBackAsMailProgramsLeaveIt(t *testing.T) {
	t.Parallel()
	codes := onetimecode.ForReset(keyed(), time.Now)
	code, hash := codes.Issue()
	for _, given := range []string{
		code, code + ".", " " + code + "\r\n", strings.ReplaceAll(code, ":", "%3A"), strings.ReplaceAll(code, ":", "%3a") + ".", code + "%2E", code + ">", code + ").", code + "]",
	} {
		require.NoError(t, codes.Check(given, hash), given)
	}
}

func TestCodesThatAreNotGood(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	resets, verifications := onetimecode.ForReset(keyed(), clock), onetimecode.ForVerification(keyed(), clock)
	code, hash := resets.Issue()
	other, _ := resets.Issue()
	reason := func(given string, stored []byte) string { return fault.ReasonOf(resets.Check(given, stored)) }

	require.Equal(t, "code-doesnt-match", reason(other, hash))
	require.Equal(t, "code-doesnt-match", reason(code, nil), "a used code leaves nothing to match")
	proof, proofHash := verifications.Issue()
	require.Equal(t, "signature-invalid", reason(proof, proofHash), "codes of another use are none")
	for _, given := range []string{"", ".", "%", "\x00", "a:b:c", strings.Repeat("a", 100_000), code[:len(code)-1] + "!", "ß" + code} {
		require.Equal(t, "signature-invalid", reason(given, hash), given)
	}

	now = now.Add(onetimecode.ResetLifetime)
	require.NoError(t, resets.Check(code, hash), "the last second counts")
	now = now.Add(2 * time.Second)
	require.Equal(t, "signature-expired", reason(code, hash))
	now = now.Add(onetimecode.VerificationLifetime - onetimecode.ResetLifetime - 2*time.Second)
	require.NoError(t, verifications.Check(proof, proofHash))
	now = now.Add(2 * time.Second)
	require.Equal(t, "signature-expired", fault.ReasonOf(verifications.Check(proof, proofHash)))
}
