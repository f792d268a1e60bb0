package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/journal"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

// logs prints what a service logs: ship logs order -since 1h -match refund.
func logs(ctx context.Context, session *Session, args []string) error {
	flags := session.Flags("logs")
	since := flags.Duration("since", 10*time.Minute, "how far back")
	follow := flags.Bool("follow", false, "go on until interrupted")
	match := flags.String("match", "", "only lines that contain this text")
	names, err := Parse(flags, args)
	if err != nil {
		return err
	}
	if len(names) != 1 || !slices.Contains(shop.Names(), names[0]) {
		return Exitf(Usage, "logs: one service of %v", shop.Names())
	}
	reader := &journal.Reader{Logs: session.Cloud.Logs, Clock: session.Clock}
	question := journal.Question{Group: session.Shop.Services[names[0]].LogGroup, Since: *since, Match: *match, Follow: *follow}
	err = reader.Read(ctx, question, func(event journal.Event) error { return session.printEvent(names[0], event) })
	if errors.Is(err, journal.ErrMore) {
		return Exit(Usage, err)
	}
	return err
}

func (s *Session) printEvent(service string, event journal.Event) error {
	if !s.JSON {
		_, err := fmt.Fprintln(s.Out, journal.Text(event))
		return err
	}
	line, err := journal.JSON(service, event)
	if err != nil {
		return err
	}
	_, err = s.Out.Write(line)
	return err
}
