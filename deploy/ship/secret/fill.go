package secret

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// Lengths in characters of what is generated; each character is worth five bits at least.
const (
	passwordLength = 40
	secretLength   = 48
)

// Ask asks the operator for the value of a key; an empty answer leaves it out.
type Ask func(ctx context.Context, service, key string) (string, error)

// Changed names a key that was written.
type Changed struct{ Service, Key string }

// Fill generates what can be generated and asks for the rest; what is there is kept. ErrMissing says that the operator left
// something out. It may be repeated, and run by two at once, who then agree on what the first of them generated.
func (v *Vault) Fill(ctx context.Context, ask Ask) ([]Changed, error) {
	filler := &filler{vault: v, ask: ask}
	for _, shared := range []string{serviceSecrets, secretKey} {
		if err := filler.share(ctx, shared); err != nil {
			return filler.changed, err
		}
	}
	for _, service := range shop.Names() {
		for _, key := range keysOf(service) {
			if err := filler.own(ctx, service, key); err != nil {
				return filler.changed, err
			}
		}
	}
	return filler.changed, errors.Join(filler.missing...)
}

type filler struct {
	vault   *Vault
	ask     Ask
	changed []Changed
	missing []error
}

// add writes a key where it is missing, and gives the value that holds.
func (f *filler) add(ctx context.Context, service, name, value string) (string, error) {
	wrote, now, err := f.vault.update(ctx, service, func(h held) error {
		if _, present := h.text(name); !present {
			h.put(name, value)
		}
		return nil
	})
	if wrote {
		f.changed = append(f.changed, Changed{service, name})
	}
	holds, _ := now.text(name)
	return holds, err
}

// share gives all sharers of a key the first one's value. Where the first has none another's is taken, so that what runs already
// is not cut off, and only then a new one.
func (f *filler) share(ctx context.Context, name string) error {
	sharers := sharersOf(name)
	value := ""
	for _, service := range sharers {
		there, err := f.vault.read(ctx, service)
		if err != nil {
			return err
		}
		if held, present := there.text(name); present {
			value = held
			break
		}
	}
	if value == "" {
		value = identifier.New(secretLength)
	}
	for _, service := range sharers {
		holds, err := f.add(ctx, service, name, value)
		if err != nil {
			return err
		}
		if service == sharers[0] {
			value = holds
		}
	}
	return nil
}

// own looks after a key that is the service's alone.
func (f *filler) own(ctx context.Context, service string, key key) error {
	if !key.required || len(sharersOf(key.name)) > 0 {
		return nil
	}
	there, err := f.vault.read(ctx, service)
	if err != nil {
		return err
	}
	if _, present := there.text(key.name); present {
		return nil
	}
	value, err := f.value(ctx, service, key.name)
	if err != nil || value == "" {
		return err
	}
	_, err = f.add(ctx, service, key.name, value)
	return err
}

func (f *filler) value(ctx context.Context, service, name string) (string, error) {
	if name == databaseURL {
		return f.vault.databaseURL(service, identifier.New(passwordLength)), nil
	}
	value, err := f.ask(ctx, service, name)
	if err != nil {
		return "", err
	}
	if value == "" {
		f.missing = append(f.missing, fmt.Errorf("%s %s: %w", service, name, ErrMissing))
		return "", nil
	}
	return value, f.vault.check(name, value)
}

// databaseURL is where a service's own role finds its database; the roles and the database are made by the service's migrations.
func (v *Vault) databaseURL(service, password string) string {
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(v.Tenant+"_"+service, password), Path: "/" + v.Shop.Database.Name,
		Host:     net.JoinHostPort(v.Shop.Database.Host, strconv.Itoa(int(v.Shop.Database.Port))),
		RawQuery: "sslmode=verify-full&sslrootcert=/etc/ssl/rds.pem",
	}
	return address.String()
}
