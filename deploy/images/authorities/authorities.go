// Package authorities holds whom a container of the shop believes: the public certificate authorities, and those of Amazon RDS.
//
// Both are pinned with the source and not taken from the machine that builds: the same commit gives the same image anywhere.
package authorities

import (
	"bytes"
	_ "embed"
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

//go:embed rds.pem
var rds []byte

// RDS are the authorities of Amazon RDS in PEM, for sslrootcert; the file's head names its source.
func RDS() []byte { return bytes.Clone(rds) }

// Public are Mozilla's authorities for TLS in PEM. One that is trusted only within limits, such as for certificates of before a
// date, is left out: PEM cannot say so.
func Public() ([]byte, error) {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, fmt.Errorf("encode a certificate: %w", err)
		}
	}
	return text.Bytes(), nil
}
