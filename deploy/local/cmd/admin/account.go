package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// holder is what the services know one person by.
type holder struct {
	AccountID int64 `json:"account_id"`
	Profile   struct {
		MemberCode string `json:"member_code"`
	} `json:"profile"`
}

func (h holder) number() string { return strconv.FormatInt(h.AccountID, 10) }

// events are the arguments with which the clientevent service finds the person's events: followed links carry the code.
func (h holder) events(task string) []string {
	return []string{task, "-member-code", h.Profile.MemberCode, h.number()}
}

// find asks the user service, which alone knows user names, and gives its export too.
func (d desk) find(ctx context.Context, arguments []string) (holder, []byte, error) {
	printed, err := d.ask(ctx, "user", append([]string{"export-account"}, arguments...)...)
	if err != nil {
		return holder{}, nil, err
	}
	var found holder
	if err := json.Unmarshal(printed, &found); err != nil || found.AccountID <= 0 || found.Profile.MemberCode == "" {
		return holder{}, nil, errors.New("the user service's export cannot be read")
	}
	return found, printed, nil
}

// exportAccount prints one document of what all services keep of a person, or nothing.
func exportAccount(ctx context.Context, d desk, _ string, arguments []string) error {
	found, user, err := d.find(ctx, arguments)
	if err != nil {
		return err
	}
	order, err := d.ask(ctx, "order", "export-account", found.number())
	if err != nil {
		return err
	}
	clientevent, err := d.ask(ctx, "clientevent", found.events("export-account")...)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(d.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(struct {
		AccountID   int64           `json:"account_id"`
		User        json.RawMessage `json:"user"`
		Order       json.RawMessage `json:"order"`
		Clientevent json.RawMessage `json:"clientevent"`
	}{found.AccountID, user, order, clientevent})
	if err != nil {
		return fmt.Errorf("put the exports together: %w", err)
	}
	return nil
}

// step is one service's part of an anonymisation.
type step struct {
	service   string
	arguments []string
}

// anonymiseAccount goes from service to service and stops at the first that refuses. Order is first: it refuses while
// something may still be paid, and then nothing at all has happened. User ends the sessions; what they did until then is
// looked after by asking the other two once more. All of it can be repeated, by number when the name is gone.
func anonymiseAccount(ctx context.Context, d desk, _ string, arguments []string) error {
	sure := func(argument string) bool { return argument == "--yes" || argument == "-yes" }
	if !slices.ContainsFunc(arguments, sure) {
		return errors.New("this cannot be undone: say --yes when you mean it")
	}
	found, _, err := d.find(ctx, slices.DeleteFunc(slices.Clone(arguments), sure))
	if err != nil {
		return err
	}
	order := step{"order", []string{"anonymise-account", found.number()}}
	events := step{"clientevent", found.events("anonymise-account")}
	for i, next := range []step{order, events, {"user", []string{"anonymise-account", "--account-id", found.number(), "--yes"}}, order, events} {
		if err := d.handOn(ctx, next.service, next.arguments...); err != nil {
			return stopped(i, found, err)
		}
	}
	return nil
}

func stopped(after int, found holder, cause error) error {
	if after == 0 {
		return fmt.Errorf("account %d is as it was: %w", found.AccountID, cause)
	}
	return fmt.Errorf("account %d is anonymised in part; repeat with --account-id %d: %w", found.AccountID, found.AccountID, cause)
}
