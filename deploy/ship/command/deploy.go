package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/rollout"
)

const gateway = "gateway"

// releaseOptions are what deploy, rollback and plan are told.
type releaseOptions struct {
	version string
	noSmoke bool
	again   bool
	names   []string
}

func releaseArguments(session *Session, command string, args []string) (releaseOptions, error) {
	var read releaseOptions
	flags := session.Flags(command)
	flags.StringVar(&read.version, "version", "", "tag (the commit's SHA) or sha256:... of the images")
	flags.BoolVar(&read.noSmoke, "no-smoke", false, "do not ask the shop afterwards")
	flags.BoolVar(&read.again, "again", false, "deploy: also what runs already, since tasks read their secrets when they start")
	names, err := Parse(flags, args)
	if err != nil {
		return releaseOptions{}, err
	}
	read.names, err = targets(names)
	return read, err
}

// deploy brings a version to services, one after the other; the first that fails ends it.
func deploy(ctx context.Context, session *Session, args []string) error {
	options, err := releaseArguments(session, "deploy", args)
	if err != nil {
		return err
	}
	if options.version == "" {
		return Exitf(Usage, "deploy: which -version?")
	}
	return each(ctx, options.names, func(name string) error {
		if name == targetSite {
			return deploySite(ctx, session, SiteRelease{Version: options.version})
		}
		check, err := session.check(ctx, name, options)
		if err != nil {
			return err
		}
		work := session.rollout(name, check)
		work.Again = options.again
		return work.Deploy(ctx, options.version)
	})
}

// rollback goes the other way round: clients before the servers that they call.
func rollback(ctx context.Context, session *Session, args []string) error {
	options, err := releaseArguments(session, "rollback", args)
	if err != nil {
		return err
	}
	slices.Reverse(options.names)
	return each(ctx, options.names, func(name string) error {
		if name == targetSite {
			return rollbackSite(ctx, session, SiteRelease{Version: options.version})
		}
		if len(options.names) > 1 {
			if stays, err := session.stays(ctx, name); err != nil || stays {
				return err
			}
		}
		check, err := session.check(ctx, name, options)
		if err != nil {
			return err
		}
		return session.rollout(name, check).Rollback(ctx, options.version)
	})
}

// stays says whether a service has nothing to go back to; among several that is no failure.
func (s *Session) stays(ctx context.Context, name string) (bool, error) {
	record, err := s.store(name).Read(ctx)
	if err != nil || record.Pending != nil || len(record.Before()) > 0 {
		return false, err
	}
	s.Report.Report(progress.Line{Service: name, Step: "begin", Message: "stays: " + rollout.ErrNothingBefore.Error()})
	return true, nil
}

// check is how the shop is asked after a rollout: nil as long as the gateway never ran, which is so while a shop is first set up.
func (s *Session) check(ctx context.Context, name string, options releaseOptions) (func(ctx context.Context) error, error) {
	if options.noSmoke {
		return nil, nil //nolint:nilnil // no check is an answer
	}
	if name != gateway {
		record, err := s.store(gateway).Read(ctx)
		if err != nil {
			return nil, err
		}
		if record.Good == nil {
			return nil, nil //nolint:nilnil // no check is an answer
		}
	}
	return s.checker().Check, nil
}

// each does one thing after the other and stops at the first that fails; then it says what is where.
func each(ctx context.Context, names []string, do func(name string) error) error {
	for index, name := range names {
		err := ctx.Err()
		if err == nil {
			err = releaseExit(do(name))
		}
		if err == nil {
			continue
		}
		if len(names) == 1 {
			return err
		}
		return Exit(Code(err), fmt.Errorf("%w (done before: %s; not begun: %s)", err, listed(names[:index]), listed(names[index+1:])))
	}
	return nil
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
