// Package drill proves that the backups can be restored: it makes a new instance out of the newest automated snapshot, lets the
// order service audit its books in it, says how long that took and how old the data were, and deletes the instance again,
// whatever happened. The shop's own instance is only ever read: what is deleted must have the drill's name and the drill's tag.
package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/clock"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
)

// Instances is what is asked of Amazon RDS.
type Instances interface {
	DescribeDBInstances(ctx context.Context, in *rds.DescribeDBInstancesInput, options ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error)
	DescribeDBSnapshots(ctx context.Context, in *rds.DescribeDBSnapshotsInput, options ...func(*rds.Options)) (*rds.DescribeDBSnapshotsOutput, error)
	RestoreDBInstanceFromDBSnapshot(ctx context.Context, in *rds.RestoreDBInstanceFromDBSnapshotInput, options ...func(*rds.Options)) (*rds.RestoreDBInstanceFromDBSnapshotOutput, error)
	RestoreDBInstanceToPointInTime(ctx context.Context, in *rds.RestoreDBInstanceToPointInTimeInput, options ...func(*rds.Options)) (*rds.RestoreDBInstanceToPointInTimeOutput, error)
	DeleteDBInstance(ctx context.Context, in *rds.DeleteDBInstanceInput, options ...func(*rds.Options)) (*rds.DeleteDBInstanceOutput, error)
}

// What a drill may end with, besides what AWS said.
var (
	ErrNoSnapshot    = errors.New("there is no automated snapshot that could be restored")
	ErrOutOfReach    = errors.New("the instance cannot be restored to this time")
	ErrNotRestored   = errors.New("the restored instance did not become available")
	ErrNotOfADrill   = errors.New("this instance was not made by a drill of this shop and is left alone")
	ErrLeftBehind    = errors.New("the restored instance could not be deleted and costs money; the next drill tries again")
	ErrNameTooLong   = errors.New("the name of the instance leaves no room for the name of a drill's")
	errTooManyPages  = errors.New("more instances than anybody has")
	errNoSuchService = errors.New("the shop's document names no database instance")
)

const (
	// Tag marks what a drill made; its value is the instance and tenant that the drill is of.
	Tag         = "ship-drill"
	longestName = 63 // of RDS
	pause       = 20 * time.Second
	patience    = 90 * time.Minute // until the restored instance is available
	cleaning    = 45 * time.Minute // until an instance that is still being made can be deleted
	mostPages   = 100
)

// Drill restores one shop's database. Run may be called once at a time.
type Drill struct {
	RDS      Instances
	Clock    clock.Clock
	Report   progress.Reporter
	Instance string // the shop's own
	Tenant   string
	// Guard fails when the lock is no longer ours; it is asked while waiting. nil asks nobody.
	Guard func(ctx context.Context) error
	// Audit looks at the books in the database on host (host:port), whose data are this old.
	Audit func(ctx context.Context, host string, age time.Duration) error
}

// Result is what a drill found out.
type Result struct {
	Source   string        // the snapshot, or the point in time
	Instance string        // that was made, and deleted again
	Age      time.Duration // of the data when the drill began: what would have been lost (RPO)
	Restored time.Duration // until the instance was available
	Total    time.Duration // until the books were audited: how long the shop would have been away (RTO)
}

// source is what is restored.
type source struct {
	snapshot string
	at       time.Time
}

// Run does the drill. A zero moment means the newest automated snapshot, else the instance is restored as it was then. When ctx
// ends, Run still deletes what it made before it returns.
func (d *Drill) Run(ctx context.Context, moment time.Time) (result Result, err error) {
	own, err := d.own(ctx)
	if err != nil {
		return Result{}, err
	}
	if err := d.clear(ctx); err != nil {
		return Result{}, err
	}
	from, err := d.source(ctx, own, moment)
	if err != nil {
		return Result{}, err
	}
	began := d.Clock.Now()
	result = Result{Source: from.name(), Instance: d.prefix() + began.UTC().Format("20060102-150405"), Age: began.Sub(from.at)}
	if len(result.Instance) > longestName {
		return Result{}, ErrNameTooLong
	}
	if err := d.guard(ctx); err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, d.cleanUp(ctx, result.Instance)) }()
	d.say("restore", fmt.Sprintf("restoring %s, %s old, into %s", result.Source, result.Age.Round(time.Second), result.Instance))
	if err := d.restore(ctx, own, from, result.Instance); err != nil {
		return result, err
	}
	host, err := d.await(ctx, result.Instance)
	if err != nil {
		return result, err
	}
	result.Restored = d.Clock.Now().Sub(began)
	d.say("audit", "the instance is available; the order service audits its books in it")
	if err := d.Audit(ctx, host, result.Age); err != nil {
		return result, fmt.Errorf("audit the restored books: %w", err)
	}
	result.Total = d.Clock.Now().Sub(began)
	return result, nil
}

func (s source) name() string {
	if s.snapshot != "" {
		return s.snapshot
	}
	return s.at.UTC().Format(time.RFC3339)
}

func (d *Drill) prefix() string {
	return d.Instance + "-drill-" + strings.ReplaceAll(d.Tenant, "_", "-") + "-"
}

func (d *Drill) mark() string { return d.Instance + "/" + d.Tenant }

// own is the shop's instance; only this call ever names it but for restoring from it.
func (d *Drill) own(ctx context.Context) (types.DBInstance, error) {
	if d.Instance == "" {
		return types.DBInstance{}, errNoSuchService
	}
	found, err := d.describe(ctx, d.Instance)
	if err != nil {
		return types.DBInstance{}, err
	}
	if found == nil {
		return types.DBInstance{}, fmt.Errorf("instance %s: %w", d.Instance, errNoSuchService)
	}
	return *found, nil
}

// describe gives nil for an instance that does not exist.
func (d *Drill) describe(ctx context.Context, name string) (*types.DBInstance, error) {
	found, err := d.RDS.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
	var missing *types.DBInstanceNotFoundFault
	if errors.As(err, &missing) || err == nil && len(found.DBInstances) == 0 {
		return nil, nil //nolint:nilnil // not there is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("look at instance %s: %w", name, err)
	}
	return &found.DBInstances[0], nil
}

func (d *Drill) source(ctx context.Context, own types.DBInstance, moment time.Time) (source, error) {
	if moment.IsZero() {
		return d.newestSnapshot(ctx)
	}
	if own.LatestRestorableTime == nil || moment.After(*own.LatestRestorableTime) {
		return source{}, fmt.Errorf("%w: the latest possible is %s", ErrOutOfReach, aws.ToTime(own.LatestRestorableTime).UTC().Format(time.RFC3339))
	}
	return source{at: moment}, nil
}

func (d *Drill) newestSnapshot(ctx context.Context) (source, error) {
	var newest source
	in := &rds.DescribeDBSnapshotsInput{DBInstanceIdentifier: &d.Instance, SnapshotType: aws.String("automated")}
	for range mostPages {
		page, err := d.RDS.DescribeDBSnapshots(ctx, in)
		if err != nil {
			return source{}, fmt.Errorf("look for snapshots of %s: %w", d.Instance, err)
		}
		for _, snapshot := range page.DBSnapshots {
			at := aws.ToTime(snapshot.SnapshotCreateTime)
			if aws.ToString(snapshot.Status) == "available" && at.After(newest.at) {
				newest = source{snapshot: aws.ToString(snapshot.DBSnapshotIdentifier), at: at}
			}
		}
		if aws.ToString(page.Marker) == "" {
			break
		}
		in.Marker = page.Marker
	}
	if newest.snapshot == "" {
		return source{}, fmt.Errorf("%s: %w", d.Instance, ErrNoSnapshot)
	}
	return newest, nil
}

func (d *Drill) guard(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.Guard == nil {
		return nil
	}
	return d.Guard(ctx)
}

func (d *Drill) say(step, message string) {
	d.Report.Report(progress.Line{Step: step, Message: message})
}
