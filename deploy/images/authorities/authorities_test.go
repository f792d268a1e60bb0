package authorities_test

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/images/authorities"
)

func names(t *testing.T, text []byte) []string {
	t.Helper()
	var found []string
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		require.True(t, certificate.IsCA, certificate.Subject)
		require.True(t, certificate.NotAfter.After(time.Now()), "%s has run out: bring the file up to date", certificate.Subject)
		found = append(found, certificate.Subject.CommonName)
	}
	require.True(t, x509.NewCertPool().AppendCertsFromPEM(text))
	return found
}

func TestPublicAuthoritiesAreThoseOfOurPeers(t *testing.T) {
	t.Parallel()
	text, err := authorities.Public()
	require.NoError(t, err)
	found := names(t, text)
	require.Greater(t, len(found), 80)
	// AWS's endpoints, Stripe's, and what mail servers commonly have.
	require.Subset(t, found, []string{"Amazon Root CA 1", "DigiCert Global Root G2", "ISRG Root X1"})
	require.NotContains(t, found, "Izenpe.com", "trusted until a date alone, which PEM cannot say")
}

func TestAuthoritiesOfRDSAreThereForEveryRegion(t *testing.T) {
	t.Parallel()
	found := names(t, authorities.RDS())
	for _, region := range []string{"us-east-1", "us-east-2", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-2", "sa-east-1"} {
		for _, kind := range []string{"RSA2048", "RSA4096", "ECC384"} {
			require.Contains(t, found, "Amazon RDS "+region+" Root CA "+kind+" G1")
		}
	}
	for _, name := range found {
		require.True(t, strings.HasPrefix(name, "Amazon RDS "), name)
		require.NotContains(t, name, "Beta")
	}
}
