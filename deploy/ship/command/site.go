package command

import (
	"context"
	"errors"
)

// targetSite is what the pages are called where services are named: ship deploy site.
const targetSite = "site"

var errNoPages = errors.New("the pages are not shipped yet")

// SiteRelease is what a command is to do with the pages.
type SiteRelease struct {
	Version string // tag of the release; empty where a command needs none
}

// planSite says what a deploy of the pages would change.
func planSite(_ context.Context, _ *Session, _ SiteRelease) error { return errNoPages }

// deploySite ships the pages. It takes and releases the lock of "site" itself.
func deploySite(_ context.Context, _ *Session, _ SiteRelease) error { return errNoPages }

// rollbackSite goes back to the pages before.
func rollbackSite(_ context.Context, _ *Session, _ SiteRelease) error { return errNoPages }
