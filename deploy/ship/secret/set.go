package secret

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

// Set writes one key. A key that services share is written to all of them.
func (v *Vault) Set(ctx context.Context, service, name, value string) ([]Changed, error) {
	if _, err := find(service, name); err != nil {
		return nil, err
	}
	if err := v.check(name, value); err != nil {
		return nil, err
	}
	return v.writeAll(ctx, service, name, value)
}

// Unset takes one key away, from all services that share it. What a service cannot do without is only taken away by force.
func (v *Vault) Unset(ctx context.Context, service, name string, force bool) ([]Changed, error) {
	found, err := find(service, name)
	if err != nil {
		return nil, err
	}
	if found.required && !force {
		return nil, fmt.Errorf("%s %s: %w", service, name, ErrRequired)
	}
	return v.writeAll(ctx, service, name, "")
}

func (v *Vault) writeAll(ctx context.Context, service, name, value string) ([]Changed, error) {
	services := sharersOf(name)
	if len(services) == 0 {
		services = []string{service}
	}
	var changed []Changed
	for _, one := range services {
		wrote, _, err := v.update(ctx, one, func(h held) error { h.put(name, value); return nil })
		if err != nil {
			return changed, err
		}
		if wrote {
			changed = append(changed, Changed{one, name})
		}
	}
	return changed, nil
}

// Relocate points every DATABASE_URL to the host and port of the shop's document and leaves roles, passwords and databases as
// they are: after a restored instance has taken the place of the old one.
func (v *Vault) Relocate(ctx context.Context) ([]Changed, error) {
	host := net.JoinHostPort(v.Shop.Database.Host, strconv.Itoa(int(v.Shop.Database.Port)))
	return v.changeDatabases(ctx, shop.Names(), func(address *url.URL) { address.Host = host })
}

// changeDatabases leaves out services without a database, and those whose address is not there yet.
func (v *Vault) changeDatabases(ctx context.Context, services []string, change func(*url.URL)) ([]Changed, error) {
	var changed []Changed
	for _, service := range services {
		wrote, _, err := v.update(ctx, service, func(h held) error {
			text, present := h.text(databaseURL)
			if !present {
				return nil
			}
			address, err := url.Parse(text)
			if err != nil || address.User == nil {
				return fmt.Errorf("%s %s %w: expected postgres://role:password@host:port/database", service, databaseURL, errForm)
			}
			change(address)
			h.put(databaseURL, address.String())
			return nil
		})
		if err != nil {
			return changed, err
		}
		if wrote {
			changed = append(changed, Changed{service, databaseURL})
		}
	}
	return changed, nil
}
