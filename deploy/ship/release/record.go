// Package release is what ship knows of one service between two commands: which revision was last recorded as good, which ones
// before it, and what is half-way; and the lock that lets only one operator change it. Both lie in SSM Parameter Store. What a
// rollout does with them stands in package rollout; package pages uses the same for the site.
package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/clock"
)

// keptEarlier is how many revisions before the previous one are remembered; a parameter holds 4 KB.
const keptEarlier = 3

// Revision is one state of a service (or of the site) that could run.
type Revision struct {
	TaskDefinition string    `json:"task_definition"`    // ARN; empty for the site
	Image          string    `json:"image"`              // reference by digest; empty for the site
	Version        string    `json:"version"`            // tag or digest that was asked for
	Template       string    `json:"template,omitempty"` // family:revision that it was made of
	At             time.Time `json:"at"`                 // when it was recorded as good
	By             string    `json:"by"`
}

// Same says whether both are the same revision, whoever recorded it when.
func (r Revision) Same(other Revision) bool {
	return r.TaskDefinition == other.TaskDefinition && r.Image == other.Image && (r.TaskDefinition != "" || r.Version == other.Version)
}

// Pending is what was begun and not finished.
type Pending struct {
	ID            string    `json:"id"`     // random; tasks are started under it
	Action        string    `json:"action"` // "deploy" or "rollback"
	Step          string    `json:"step"`
	Revision      Revision  `json:"revision"`                 // what is wanted; TaskDefinition from step "update" on
	Again         bool      `json:"again,omitempty"`          // tasks are started anew even when the service runs it already
	Deployment    string    `json:"deployment,omitempty"`     // of ECS, once it was told
	MigrationTask string    `json:"migration_task,omitempty"` // ARN, once it is known
	Attempt       int       `json:"attempt,omitempty"`        // of the migration
	Reason        string    `json:"reason,omitempty"`         // why it is being rolled back
	Since         time.Time `json:"since"`                    // of this step
	Told          time.Time `json:"told,omitzero"`            // when ECS was told to run it
	By            string    `json:"by"`
}

// Failure is the last thing that did not work, for those who look later.
type Failure struct {
	Version string    `json:"version"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
}

// Record is everything that is noted of one service.
type Record struct {
	Good     *Revision  `json:"good,omitempty"`
	Previous *Revision  `json:"previous,omitempty"` // what a rollback goes to
	Earlier  []Revision `json:"earlier,omitempty"`  // newest first
	Pending  *Pending   `json:"pending,omitempty"`
	Failed   *Failure   `json:"failed,omitempty"` // cleared by the next success
}

// Succeed notes a revision as good; what was good becomes the previous one.
func (r Record) Succeed(revision Revision) Record {
	next := Record{Good: &revision, Previous: r.Previous, Earlier: r.Earlier}
	if r.Good != nil && !r.Good.Same(revision) {
		next.Previous = r.Good
		next.Earlier = pushed(r.Previous, r.Earlier)
	}
	return next
}

func pushed(previous *Revision, earlier []Revision) []Revision {
	if previous == nil {
		return earlier
	}
	all := append([]Revision{*previous}, earlier...)
	return all[:min(len(all), keptEarlier)]
}

// WentBack notes that an earlier revision is the good one again. What was newer is forgotten, so that another rollback goes
// further back and never forward to what somebody fled from.
func (r Record) WentBack(revision Revision) Record {
	next := Record{Good: &revision}
	for index, older := range r.Before() {
		if older.Same(revision) {
			rest := r.Before()[index+1:]
			next.Previous, next.Earlier = head(rest)
			break
		}
	}
	return next
}

func head(revisions []Revision) (*Revision, []Revision) {
	if len(revisions) == 0 {
		return nil, nil
	}
	return &revisions[0], revisions[1:]
}

// Before are the revisions that one can go back to, newest first.
func (r Record) Before() []Revision {
	if r.Previous == nil {
		return nil
	}
	return append([]Revision{*r.Previous}, r.Earlier...)
}

// Parameters are the methods of SSM that the record and the lock need.
type Parameters interface {
	GetParameter(ctx context.Context, in *ssm.GetParameterInput, options ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
	PutParameter(ctx context.Context, in *ssm.PutParameterInput, options ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
	GetParametersByPath(ctx context.Context, in *ssm.GetParametersByPathInput, options ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error)
	DeleteParameter(ctx context.Context, in *ssm.DeleteParameterInput, options ...func(*ssm.Options)) (*ssm.DeleteParameterOutput, error)
}

// Store holds the record and the lock of one service. It is safe for concurrent use.
type Store struct {
	parameters Parameters
	prefix     string
	clock      clock.Clock
}

// NewStore reads and writes beneath prefix, which is shop.Name.Service(name).
func NewStore(parameters Parameters, prefix string, clock clock.Clock) *Store {
	return &Store{parameters: parameters, prefix: prefix, clock: clock}
}

func (s *Store) recordName() string { return s.prefix + "/release" }

// Read returns the record; an empty one when nothing was ever released.
func (s *Store) Read(ctx context.Context) (Record, error) {
	found, err := s.parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(s.recordName())})
	var missing *types.ParameterNotFound
	if errors.As(err, &missing) {
		return Record{}, nil
	}
	if err != nil {
		return Record{}, fmt.Errorf("read %s: %w", s.recordName(), err)
	}
	var record Record
	if err := json.Unmarshal([]byte(aws.ToString(found.Parameter.Value)), &record); err != nil {
		return Record{}, fmt.Errorf("read %s: %w", s.recordName(), err)
	}
	return record, nil
}

func (s *Store) put(ctx context.Context, name string, value any, overwrite bool) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	// Somebody who says stop in the middle would not know whether it was written.
	_, err = s.parameters.PutParameter(context.WithoutCancel(ctx), &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(string(text)), Type: types.ParameterTypeString, Overwrite: aws.Bool(overwrite),
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
