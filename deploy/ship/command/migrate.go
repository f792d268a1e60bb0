package command

import (
	"context"
	"slices"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

// migrate is for migrations that take so long that they go ahead of their release; of all services it is those with a schema.
func migrate(ctx context.Context, session *Session, args []string) error {
	options, err := releaseArguments(session, "migrate", args)
	if err != nil {
		return err
	}
	if options.version == "" {
		return Exitf(Usage, "migrate: which -version?")
	}
	names := options.names
	if slices.Equal(names, shop.Names()) {
		names = slices.DeleteFunc(names, func(name string) bool { return name == gateway })
	}
	if slices.Contains(names, gateway) || slices.Contains(names, targetSite) {
		return Exitf(Usage, "migrate: gateway and site have no schema")
	}
	return each(ctx, names, func(name string) error {
		return session.rollout(name, nil).Migrate(ctx, options.version)
	})
}
