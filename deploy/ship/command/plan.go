package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/definition"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/image"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/release"
)

// plan says what a deploy would change, and changes nothing.
func plan(ctx context.Context, session *Session, args []string) error {
	options, err := releaseArguments(session, "plan", args)
	if err != nil {
		return err
	}
	var missing []error
	for _, name := range options.names {
		if name == targetSite {
			err = planSite(ctx, session, SiteRelease{Version: options.version})
		} else {
			err = session.planService(ctx, name, options.version)
		}
		var absent *image.MissingError
		if errors.As(err, &absent) { // the rest is worth knowing, too
			missing, err = append(missing, fmt.Errorf("%s: %w", name, absent)), nil
		}
		if err != nil {
			return releaseExit(err)
		}
	}
	return releaseExit(errors.Join(missing...))
}

func (s *Session) planService(ctx context.Context, name, version string) error {
	service := s.Shop.Services[name]
	record, err := s.store(name).Read(ctx)
	if err != nil {
		return err
	}
	template, err := definition.Newest(ctx, s.Cloud.ECS, service.Template)
	if err != nil {
		return err
	}
	wanted, err := s.wantedImage(ctx, name, version, template, record)
	if err != nil {
		return err
	}
	running, err := s.describe(ctx, service.Service)
	if err != nil {
		return err
	}
	good := or2(record.Good)
	changes := []string{}
	if wanted != good.Image {
		changes = append(changes, fmt.Sprintf("image %s -> %s", orNone(good.Version), version))
	}
	if template.Name() != good.Template {
		changes = append(changes, fmt.Sprintf("template %s -> %s", orNone(good.Template), template.Name()))
	}
	migrates := wanted != good.Image && service.MigrationTemplate != ""
	if migrates {
		changes = append(changes, "migrations run")
	}
	if running.DesiredCount < service.Minimum {
		changes = append(changes, fmt.Sprintf("tasks %d -> %d", running.DesiredCount, service.Minimum))
	}
	if pending := record.Pending; pending != nil {
		changes = append(changes, fmt.Sprintf("%s of %s by %s is unfinished at step %s", pending.Action, pending.Revision.Version, pending.By, pending.Step))
	}
	message := strings.Join(changes, "; ")
	if message == "" {
		message = "nothing changes: " + good.Version
	}
	s.Report.Report(progress.Line{Service: name, Step: "plan", Message: message, Fields: progress.Fields{
		"changes": len(changes) > 0, "image": wanted, "image_now": good.Image, "template": template.Name(), "template_now": good.Template,
		"migrates": migrates, "desired_now": running.DesiredCount, "desired": max(running.DesiredCount, service.Minimum),
	}})
	return nil
}

// wantedImage is of version, or, when none is given, what runs.
func (s *Session) wantedImage(ctx context.Context, name, version string, template definition.Template, record release.Record) (string, error) {
	if version == "" {
		return or2(record.Good).Image, nil
	}
	digest, err := image.Digest(ctx, s.Cloud.ECR, s.Shop.Services[name].Repository, version)
	if err != nil {
		return "", err
	}
	return template.Image(digest)
}

func or2(revision *release.Revision) release.Revision {
	if revision == nil {
		return release.Revision{}
	}
	return *revision
}

func orNone(text string) string { return or(text, "none") }

func (s *Session) describe(ctx context.Context, names ...string) (*types.Service, error) {
	found, err := s.Cloud.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(s.Shop.Cluster), Services: names})
	if err != nil {
		return nil, fmt.Errorf("look at services %v: %w", names, err)
	}
	index := slices.IndexFunc(found.Services, func(one types.Service) bool { return aws.ToString(one.Status) != "INACTIVE" })
	if index < 0 {
		return nil, fmt.Errorf("cluster %s has no service %v; Terraform makes it", s.Shop.Cluster, names)
	}
	return &found.Services[index], nil
}
