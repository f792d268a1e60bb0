package order

import (
	"context"
	"fmt"
	"os"

	"github.com/bartgottschalk/startupwebapp/services/order/checkout"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// audit is the subcommand that checks the books (package checkout, Audit); a wrong book is exit status 1.
func audit(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	db, err := postgres.Open(ctx, cfg.Config, tel)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer db.Close()
	return checkout.AuditTask(ctx, db, utcNow(), args, os.Stdout)
}
