package signing_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

// vectors are texts that the old shop's framework signed (contract encodings.md section 3).
type vectors struct {
	Secret  string
	Signer  []vector
	Stamped []vector `json:"timestamp"`
	Cookie  []vector
	Refused []vector
}

type vector struct {
	Salt, Cookie, Value, Signed string
	UnixTime                    int64 `json:"unix_time"`
}

func load(t *testing.T) []vectors {
	t.Helper()
	names, err := filepath.Glob("testdata/vectors*.json")
	require.NoError(t, err)
	require.Len(t, names, 2)
	var all []vectors
	for _, name := range names {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		var one vectors
		require.NoError(t, json.Unmarshal(content, &one))
		all = append(all, one)
	}
	return all
}

func at(unix int64) func() time.Time {
	return func() time.Time { return time.Unix(unix, 500_000_000) }
}

func TestVectorsOfTheOldShop(t *testing.T) {
	t.Parallel()
	for _, group := range load(t) {
		key := signing.Key{Secret: group.Secret}
		for _, v := range group.Signer {
			signer := signing.NewSigner(key, v.Salt)
			require.Equal(t, v.Signed, signer.Sign(v.Value))
			require.Equal(t, v.Signed, v.Value+":"+signer.Signature(v.Value))
			require.Len(t, signer.Signature(v.Value), 43)
			value, err := signer.Unsign(v.Signed)
			require.NoError(t, err)
			require.Equal(t, v.Value, value)
		}
		for _, v := range group.Stamped {
			requireStamped(t, v, signing.NewTimestampSigner(key, v.Salt, at(v.UnixTime)))
		}
		for _, v := range group.Cookie {
			requireStamped(t, v, signing.NewCookieSigner(key, v.Cookie, v.Salt, at(v.UnixTime)))
		}
		for _, v := range group.Refused {
			_, err := signing.NewSigner(key, v.Salt).Unsign(v.Signed)
			require.ErrorIs(t, err, signing.ErrBadSignature)
		}
	}
}

func requireStamped(t *testing.T, v vector, signer signing.TimestampSigner) {
	t.Helper()
	require.Equal(t, v.Signed, signer.Sign(v.Value))
	value, err := signer.Unsign(v.Signed, time.Hour)
	require.NoError(t, err)
	require.Equal(t, v.Value, value)
}

func TestAge(t *testing.T) {
	t.Parallel()
	const signedAt = 1763900000
	key := signing.Key{Secret: "a secret of some length"}
	signed := signing.NewTimestampSigner(key, "salt", at(signedAt)).Sign("value")
	unsign := func(now int64, maxAge time.Duration) error {
		_, err := signing.NewTimestampSigner(key, "salt", func() time.Time { return time.Unix(now, 0) }).Unsign(signed, maxAge)
		return err
	}
	require.NoError(t, unsign(signedAt+3600, time.Hour), "exactly as old as allowed")
	require.ErrorIs(t, unsign(signedAt+3601, time.Hour), signing.ErrExpired)
	require.NoError(t, unsign(signedAt+1_000_000_000, 0), "any age")
	require.NoError(t, unsign(signedAt-86400, time.Hour), "signed in the future")
}

func TestRotation(t *testing.T) {
	t.Parallel()
	before := signing.Key{Secret: "the old secret"}
	after := signing.Key{Secret: "the new secret", Fallbacks: []string{"an older secret", "the old secret"}}
	without := signing.Key{Secret: "the new secret"}

	old := signing.NewSigner(before, "s").Sign("v")
	value, err := signing.NewSigner(after, "s").Unsign(old)
	require.NoError(t, err)
	require.Equal(t, "v", value)
	_, err = signing.NewSigner(without, "s").Unsign(old)
	require.ErrorIs(t, err, signing.ErrBadSignature)
	require.Equal(t, signing.NewSigner(without, "s").Sign("v"), signing.NewSigner(after, "s").Sign("v"), "fallbacks never sign")

	cookie := signing.NewCookieSigner(before, "c", "s", at(1)).Sign("v")
	_, err = signing.NewCookieSigner(after, "c", "s", at(1)).Unsign(cookie, 0)
	require.NoError(t, err)
	_, err = signing.NewCookieSigner(after, "another", "s", at(1)).Unsign(cookie, 0)
	require.ErrorIs(t, err, signing.ErrBadSignature)
}

// Rightly signed, but not by a TimestampSigner, or with a time that is none.
func TestSignedTextWithoutTimeIsRefused(t *testing.T) {
	t.Parallel()
	key := signing.Key{Secret: "a secret of some length"}
	plain := signing.NewSigner(key, "s")
	for _, value := range []string{"value", "value:", "value:-", "value:1 r", "value:é", "value:" + strings.Repeat("z", 12)} {
		_, err := signing.NewTimestampSigner(key, "s", at(0)).Unsign(plain.Sign(value), 0)
		require.ErrorIs(t, err, signing.ErrBadSignature, value)
	}
	for _, unix := range []int64{0, 61, 62, -1, -3844, 1 << 60} {
		signer := signing.NewTimestampSigner(key, "s", at(unix))
		value, err := signer.Unsign(signer.Sign("v"), time.Second)
		require.NoError(t, err, unix)
		require.Equal(t, "v", value)
	}
}

func FuzzUnsign(f *testing.F) {
	for _, seed := range []string{"", ":", "::", "a:b:c", "value:1vN8y0:XdDtScp4GQuUodcJEan7LQFEgxFb7BTBRHh_DhZ8quI", "\x00\xff:é"} {
		f.Add(seed)
	}
	key := signing.Key{Secret: "a secret of some length", Fallbacks: []string{""}}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := signing.NewTimestampSigner(key, "s", at(1)).Unsign(text, time.Second); err == nil {
			t.Fatalf("accepted %q", text)
		}
		signer := signing.NewTimestampSigner(key, "s", at(1))
		if value, err := signer.Unsign(signer.Sign(text), time.Second); err != nil || value != text {
			t.Fatalf("%q came back as %q, %v", text, value, err)
		}
	})
}
