package command

import (
	"context"
	"errors"
	"slices"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/image"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/release"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/rollout"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/smoke"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/task"
)

// targetAll is all five services, without the pages: those are shipped before or after them, as whoever ships decides.
const targetAll = "all"

// targets reads what a command is about, into the order of a deploy: servers before their clients, the pages last.
func targets(names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, Exitf(Usage, "name services (%v), all or site", shop.Names())
	}
	wanted := map[string]bool{}
	for _, name := range names {
		switch {
		case name == targetAll:
			for _, service := range shop.Names() {
				wanted[service] = true
			}
		case name == targetSite || slices.Contains(shop.Names(), name):
			wanted[name] = true
		default:
			return nil, Exitf(Usage, "there is no service %q; there are %v, all and site", name, shop.Names())
		}
	}
	return slices.DeleteFunc(append(shop.Names(), targetSite), func(name string) bool { return !wanted[name] }), nil
}

func (s *Session) store(name string) *release.Store {
	return release.NewStore(s.Cloud.SSM, s.Name.Service(name), s.Clock)
}

func (s *Session) tasks() *task.Runner {
	return &task.Runner{
		ECS: s.Cloud.ECS, Logs: s.Cloud.Logs, Clock: s.Clock,
		Cluster: s.Shop.Cluster, Subnets: s.Shop.Subnets, AssignPublicIP: s.Shop.AssignPublicIP,
	}
}

func (s *Session) checker() *smoke.Checker {
	return &smoke.Checker{APIOrigin: s.Shop.APIOrigin, LoadBalancer: s.Shop.LoadBalancer, Roots: s.Roots, Clock: s.Clock}
}

func (s *Session) rollout(name string, check func(ctx context.Context) error) *rollout.Rollout {
	return &rollout.Rollout{
		Name: name, Shop: s.Shop, ECS: s.Cloud.ECS, Registry: s.Cloud.ECR, LoadBalancers: s.Cloud.LoadBalancers,
		Tasks: s.tasks(), Store: s.store(name), Smoke: check, Clock: s.Clock, Report: s.Report, Operator: s.Operator, Limits: rollout.UsualLimits(),
	}
}

// releaseExit gives the outcome of a rollout its exit code.
func releaseExit(err error) error {
	var (
		missing    *image.MissingError
		held       *release.HeldError
		migration  *rollout.MigrationError
		rolledBack *rollout.RolledBackError
		stranded   *rollout.StrandedError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &stranded): // first: it may carry others
		return Exit(RollbackFailed, err)
	case errors.As(err, &rolledBack):
		return Exit(RolledBack, err)
	case errors.As(err, &migration):
		return Exit(MigrationFailed, err)
	case errors.As(err, &missing):
		return Exit(ImageMissing, err)
	case errors.As(err, &held), errors.Is(err, release.ErrLost):
		return Exit(Locked, err)
	}
	return err
}
