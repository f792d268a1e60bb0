package rollout

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/definition"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/release"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const idLength = 20

// ErrNothingBefore says that no earlier revision is recorded (or none of that version).
var ErrNothingBefore = errors.New("nothing is recorded to go back to; ship deploy takes any version that the repository still has")

// MigrationError says that the migration did not succeed. The service is as it was.
type MigrationError struct{ Reason string }

func (e *MigrationError) Error() string {
	return "the migration failed, nothing was rolled out: " + e.Reason
}

// RolledBackError says that the new revision failed and that the last good one runs again.
type RolledBackError struct {
	Reason string
	Good   release.Revision
}

func (e *RolledBackError) Error() string {
	return fmt.Sprintf("rolled back to %s (%s), which runs again: %s", e.Good.Version, definition.Short(e.Good.TaskDefinition), e.Reason)
}

// StrandedError says that the service runs nothing that is known to be good; a person has to look.
type StrandedError struct {
	Reason string // why it did not come up
	Why    string // why there is no way back
	Runs   string // family:revision that ECS is told to run; empty: not known
}

func (e *StrandedError) Error() string {
	runs := e.Runs
	if runs == "" {
		runs = "unknown"
	}
	return fmt.Sprintf("SOMEBODY HAS TO LOOK: %s; and %s. The service is left on %s, which is not recorded as good", e.Reason, e.Why, runs)
}

// UnfinishedError says that a rollout stopped half-way, and where.
type UnfinishedError struct {
	Pending release.Pending
	Cause   error
}

func (e *UnfinishedError) Error() string {
	runs := "the service runs what it ran before"
	switch e.Pending.Step {
	case StepUpdate, StepFollow, StepSmoke, StepRollBack:
		runs = "the service may run " + definition.Short(e.Pending.Revision.TaskDefinition) + ", which is not recorded as good"
	}
	return fmt.Sprintf("%s of %s is unfinished at step %s: %s; the same command goes on from there: %v",
		e.Pending.Action, e.Pending.Revision.Version, e.Pending.Step, runs, e.Cause)
}

func (e *UnfinishedError) Unwrap() error { return e.Cause }

// conclusive errors say all there is to say.
func conclusive(err error) bool {
	var rolledBack *RolledBackError
	var stranded *StrandedError
	var migration *MigrationError
	return errors.As(err, &rolledBack) || errors.As(err, &stranded) || errors.As(err, &migration)
}

// failure is a revision that does not do: it leads to the way back. Everything else that goes wrong leaves the step as it is.
type failure struct{ reason string }

func (f *failure) Error() string { return f.reason }

func failed(format string, values ...any) error {
	return &failure{reason: fmt.Sprintf(format, values...)}
}

func newID() string { return identifier.New(idLength) }

func startedBy(pending *release.Pending) string { return "ship-" + pending.ID }

func digestOf(reference string) string { return reference[strings.LastIndex(reference, "@")+1:] }
