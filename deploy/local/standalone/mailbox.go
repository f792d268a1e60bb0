package standalone

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/bartgottschalk/startupwebapp/deploy/local/mailbox"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// MailboxConfig is what the environment says about a mailbox.
type MailboxConfig struct {
	Addr     string `env:"MAILBOX_ADDR" envDefault:"127.0.0.1:8025" help:"where the pages and GET /messages listen" expects:"host:port"`
	SMTPAddr string `env:"SMTP_ADDR" envDefault:"127.0.0.1:1025" help:"where mails are taken" expects:"host:port"`
	StateDir string `env:"STATE_DIR,required" help:"what outlives a restart" expects:"a folder"`
}

// Mailbox is the program cmd/mailbox.
func Mailbox() process.Program[MailboxConfig] {
	return process.Program[MailboxConfig]{
		Name: "mailbox", Serve: serveMailbox,
		Healthcheck: &process.Healthcheck{Variable: "MAILBOX_ADDR", Ask: askHealth},
	}
}

func serveMailbox(ctx context.Context, cfg MailboxConfig, tel telemetry.Telemetry) error {
	box, err := mailbox.New(mailbox.Options{StateDir: cfg.StateDir, Logger: tel.Logger})
	if err != nil {
		return err
	}
	smtp, err := net.Listen("tcp", cfg.SMTPAddr)
	if err != nil {
		return errors.Join(fmt.Errorf("SMTP_ADDR: %w", err), box.Close())
	}
	tel.Logger.InfoContext(ctx, "serving", "pages", cfg.Addr, "smtp", cfg.SMTPAddr)
	takeMail := func(ctx context.Context) error { return box.ServeSMTP(ctx, smtp) }
	return errors.Join(Serve(ctx, cfg.Addr, box.Handler(), takeMail), ignoreClosed(smtp.Close()), box.Close())
}

// ignoreClosed: the listener is closed already when mail was ever taken from it.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
