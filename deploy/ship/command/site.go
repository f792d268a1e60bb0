package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/pages"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

// targetSite is what the pages are called where services are named: ship deploy site.
const targetSite = "site"

// SiteRelease is what a command is to do with the pages.
type SiteRelease struct {
	Version string // how the release is called, the commit whose pages this ship carries; empty where a command needs none
}

// planSite says what a deploy of the pages would change.
func planSite(ctx context.Context, session *Session, _ SiteRelease) error {
	objects, err := publishedObjects(session)
	if err != nil {
		return err
	}
	plan, err := sitePublisher(session).Plan(ctx, objects)
	if err != nil {
		return siteExit(err)
	}
	session.Report.Report(progress.Line{Service: targetSite, Step: "plan", Message: describeSitePlan(plan), Fields: progress.Fields{
		"current": plan.Current, "upload": plan.Upload, "unchanged": plan.Unchanged, "retire": plan.Retire, "prune": plan.Prune,
		"addresses": plan.Addresses, "resumes": plan.Resumes,
	}})
	return nil
}

func describeSitePlan(plan pages.Plan) string {
	if plan.Nothing() && plan.Current != "" {
		return "nothing to do: the pages of " + plan.Current + " are there"
	}
	return fmt.Sprintf("upload %d objects, leave %d, retire %d, delete %d, invalidate %s; now there is %q",
		len(plan.Upload), plan.Unchanged, len(plan.Retire), len(plan.Prune), strings.Join(plan.Addresses, " "), plan.Current)
}

// deploySite ships the pages. It takes and releases the lock of "site" itself.
func deploySite(ctx context.Context, session *Session, wanted SiteRelease) error {
	objects, err := publishedObjects(session)
	if err != nil {
		return err
	}
	return holding(ctx, session, targetSite, func(ctx context.Context, guard func(context.Context) error) error {
		publisher := sitePublisher(session)
		publisher.Guard = guard
		_, err := publisher.Deploy(ctx, objects, wanted.Version)
		return siteExit(err)
	})
}

// rollbackSite goes back to the pages before.
func rollbackSite(ctx context.Context, session *Session, wanted SiteRelease) error {
	return holding(ctx, session, targetSite, func(ctx context.Context, guard func(context.Context) error) error {
		publisher := sitePublisher(session)
		publisher.Guard = guard
		_, err := publisher.Rollback(ctx, wanted.Version)
		return siteExit(err)
	})
}

func publishedObjects(session *Session) ([]site.Object, error) {
	if session.Shop.Site.Bucket == "" {
		return nil, Exitf(Usage, "the shop's document names no bucket for the pages")
	}
	about := session.Shop.Site
	published, err := site.Publish(site.Default(), site.Settings{
		APIOrigin: session.Shop.APIOrigin, SiteOrigin: session.Shop.SiteOrigin,
		ShopName: about.ShopName, Phone: about.Phone, PhoneTarget: about.PhoneTarget, Email: about.Email,
	})
	if err != nil {
		return nil, err
	}
	return published.Objects(), nil
}

func sitePublisher(session *Session) *pages.Publisher {
	publisher := &pages.Publisher{
		Bucket: session.Cloud.S3, Edge: session.Cloud.CloudFront, Name: session.Shop.Site.Bucket, Distribution: session.Shop.Site.Distribution,
		Operator: session.Operator, Clock: session.Clock, Report: session.Report,
	}
	publisher.Verify = func(ctx context.Context, release pages.Manifest) error { return checkSite(ctx, session, release) }
	return publisher
}

// checkSite looks at the pages through the distribution. Where that cannot be reached from here, or cannot be asked for, this is
// said and is no failure: a page that nobody could look at is no reason to take it back.
func checkSite(ctx context.Context, session *Session, release pages.Manifest) error {
	if session.Shop.Site.Distribution == "" {
		return nil
	}
	found, err := session.Cloud.CloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String(session.Shop.Site.Distribution)})
	if err != nil {
		session.Report.Report(progress.Line{Service: targetSite, Step: "check", Message: "not checked, the distribution cannot be looked up: " + err.Error()})
		return ctx.Err()
	}
	checker := pages.Checker{Origin: session.Shop.SiteOrigin, Dial: aws.ToString(found.Distribution.DomainName), Sleep: session.Clock.Sleep}
	reachable, err := checker.Check(ctx, release)
	if !reachable && ctx.Err() == nil {
		session.Report.Report(progress.Line{Service: targetSite, Step: "check", Message: fmt.Sprintf("not checked, the pages cannot be reached from here: %v", err)})
		return nil
	}
	return err
}

func siteExit(err error) error {
	switch {
	case errors.Is(err, pages.ErrRollbackFailed):
		return Exit(RollbackFailed, err)
	case errors.Is(err, pages.ErrRolledBack):
		return Exit(RolledBack, err)
	case errors.Is(err, pages.ErrOvertaken):
		return Exit(Locked, err)
	case errors.Is(err, pages.ErrEdgeSlow):
		return Exit(Interrupted, err)
	case errors.Is(err, pages.ErrUnknownRelease), errors.Is(err, pages.ErrNothingBefore), errors.Is(err, pages.ErrNotVersioned):
		return Exit(Usage, err)
	default:
		return err
	}
}
