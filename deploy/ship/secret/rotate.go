package secret

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// Tasks says when the oldest of a service's running tasks was made; ok is false when none runs. A process reads its secret when it
// starts, so what tasks know is told by their age.
type Tasks func(ctx context.Context, service string) (made time.Time, ok bool, err error)

// Step is what a rotation has done, and what has to follow before it is called again.
type Step struct {
	Changed []Changed
	Did     string   // for people
	Deploy  []string // services that must be deployed now, in any order
	Then    string   // what to do after that; empty: the rotation is over
}

// The stages of a rotation, noted beside the value where it is decided. Without a note none is under way.
const (
	accepted = "accepted" // the new value is accepted beside the old one, which is still the one that is used
	used     = "used"     // the new value is used, the old one still accepted
)

// rotation is one value that several processes must change over to without one of them ever meeting a value that it does not
// know: all learn to accept the new one, then all use it, then all forget the old one.
type rotation struct {
	note, name string
	keys       []string // that the sharers have in common
	turn       func(h held, stage string) error
	patience   string // what to wait for before the old value is forgotten
}

// RotateServiceSecrets does the next step of changing what the services know each other by.
func (v *Vault) RotateServiceSecrets(ctx context.Context, tasks Tasks) (Step, error) {
	return v.rotate(ctx, tasks, rotation{note: rotationService, name: serviceSecrets, keys: []string{serviceSecrets}, turn: turnServiceSecrets})
}

// RotateSecretKey does the next step of changing what cookies and codes in mails are signed with.
func (v *Vault) RotateSecretKey(ctx context.Context, tasks Tasks) (Step, error) {
	return v.rotate(ctx, tasks, rotation{note: rotationKey, name: secretKey, keys: []string{secretKey, fallbacks}, turn: turnSecretKey,
		patience: " and what the old key has signed (cookies, links in mails) may become invalid"})
}

// turnServiceSecrets: processes send the first and accept both.
func turnServiceSecrets(h held, stage string) error {
	text, _ := h.text(serviceSecrets)
	old, young, two := strings.Cut(text, ",")
	switch {
	case stage == "" && two:
		return ErrHalfRotated
	case stage == "":
		h.put(serviceSecrets, text+","+identifier.New(secretLength))
	case !two:
		return ErrOvertaken
	case stage == accepted:
		h.put(serviceSecrets, young+","+old)
	default:
		h.put(serviceSecrets, old)
	}
	return nil
}

// turnSecretKey: the other of the two keys is always the first of the fallbacks.
func turnSecretKey(h held, stage string) error {
	present, _ := h.text(secretKey)
	text, _ := h.text(fallbacks)
	first, rest, more := strings.Cut(text, ",")
	if !more {
		rest = ""
	}
	switch {
	case stage == "":
		h.put(fallbacks, joined(identifier.New(secretLength), text))
	case first == "":
		return ErrOvertaken
	case stage == accepted:
		h.put(secretKey, first)
		h.put(fallbacks, joined(present, rest))
	default:
		h.put(fallbacks, rest)
	}
	return nil
}

func joined(first, rest string) string { return strings.TrimSuffix(first+","+rest, ",") }

// rotate first makes all sharers agree with the one that decides; where they did not, a step was cut short and is now finished.
// Only from an agreement that all running tasks know it goes on to the next.
func (v *Vault) rotate(ctx context.Context, tasks Tasks, r rotation) (Step, error) {
	services := sharersOf(r.name)
	anchor, err := v.read(ctx, services[0])
	if err != nil {
		return Step{}, err
	}
	if _, present := anchor.text(r.name); !present {
		return Step{}, fmt.Errorf("%s %s: %w", services[0], r.name, ErrMissing)
	}
	stage, _ := anchor.text(r.note)
	spread, err := v.spread(ctx, r, anchor)
	if err != nil || len(spread) > 0 {
		return r.step(stage, spread, services), err
	}
	if err := v.restarted(ctx, tasks, services, stage); err != nil {
		return Step{}, err
	}
	_, anchor, err = v.update(ctx, services[0], func(h held) error {
		if found, _ := h.text(r.note); found != stage {
			return ErrOvertaken
		}
		h.put(r.note, following(stage))
		return r.turn(h, stage)
	})
	if err != nil {
		return Step{}, fmt.Errorf("rotate %s: %w", r.name, err)
	}
	spread, err = v.spread(ctx, r, anchor)
	return r.step(following(stage), append([]Changed{{services[0], r.name}}, spread...), services), err
}

func following(stage string) string {
	switch stage {
	case "":
		return accepted
	case accepted:
		return used
	default:
		return ""
	}
}

func (r rotation) step(stage string, changed []Changed, services []string) Step {
	made := Step{Changed: changed, Deploy: slices.Clone(services)}
	switch stage {
	case accepted:
		made.Did, made.Then = "the new value is accepted beside the old one", "the same command again: it makes the new one the one that is used"
	case used:
		made.Did, made.Then = "the new value is used, the old one still accepted", "the same command again, when all have been deployed"+r.patience+": it forgets the old one"
	default:
		made.Did = "the old value is forgotten"
	}
	return made
}

// spread copies the keys of the one that decides to the others, and says where they were not the same.
func (v *Vault) spread(ctx context.Context, r rotation, anchor held) ([]Changed, error) {
	var changed []Changed
	for _, service := range sharersOf(r.name)[1:] {
		wrote, _, err := v.update(ctx, service, func(h held) error {
			for _, name := range r.keys {
				value, _ := anchor.text(name)
				h.put(name, value)
			}
			return nil
		})
		if err != nil {
			return changed, err
		}
		if wrote {
			changed = append(changed, Changed{service, r.name})
		}
	}
	return changed, nil
}

// restarted refuses to go on while a task runs that has not read what the step before wrote. tasks nil asks nobody (-force).
func (v *Vault) restarted(ctx context.Context, tasks Tasks, services []string, stage string) error {
	if tasks == nil || stage == "" {
		return nil
	}
	for _, service := range services {
		there, err := v.read(ctx, service)
		if err != nil {
			return err
		}
		made, runs, err := tasks(ctx, service)
		if err != nil {
			return fmt.Errorf("look at the tasks of %s: %w", service, err)
		}
		if runs && !made.After(there.changed) {
			return fmt.Errorf("%s: %w", service, ErrNotRestarted)
		}
	}
	return nil
}

// RotateDatabase gives services new passwords of their roles. The role itself gets it from the migration of the next deploy, which
// therefore has to follow at once: from then until the rollout is over, old tasks keep their connections and make no new ones.
func (v *Vault) RotateDatabase(ctx context.Context, services []string) (Step, error) {
	changed, err := v.changeDatabases(ctx, services, func(address *url.URL) {
		address.User = url.UserPassword(address.User.Username(), identifier.New(passwordLength))
	})
	made := Step{Changed: changed, Did: "new passwords are noted; the roles still have the old ones"}
	for _, one := range changed {
		made.Deploy = append(made.Deploy, one.Service)
	}
	return made, err
}
