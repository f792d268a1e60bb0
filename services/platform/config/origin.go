package config

import (
	"errors"
	"net/url"
	"strings"
)

const originExpected = "an origin like https://shop.example, without a path"

// Origin is scheme and host of pages, as browsers send it (RFC 6454): no path and no slash at its end.
type Origin string

// UnmarshalText reads an http or https origin; a slash at the end is dropped.
func (o *Origin) UnmarshalText(text []byte) error {
	trimmed := strings.TrimSuffix(strings.TrimSpace(string(text)), "/")
	parsed, err := url.Parse(trimmed)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || trimmed != parsed.Scheme+"://"+parsed.Host {
		return errors.New(originExpected)
	}
	*o = Origin(trimmed)
	return nil
}

// Expects says what text a variable of this type takes.
func (Origin) Expects() string { return originExpected }
