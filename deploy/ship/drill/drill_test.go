package drill_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/drill"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
)

const own = "startupwebapp-production"

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// region is RDS: an instance takes a while to become available, and refuses to be deleted until then.
type region struct {
	now       time.Time
	instances map[string]*types.DBInstance
	available map[string]time.Time
	snapshots []types.DBSnapshot
	deleted   []string
	restored  *rds.RestoreDBInstanceFromDBSnapshotInput
	moment    *time.Time
	stuck     string // status that restored instances stay in
	fail      error  // of the restore, after its effect
	onSleep   func()
}

func newRegion() *region {
	r := &region{now: noon, instances: map[string]*types.DBInstance{}, available: map[string]time.Time{}}
	r.add(own, nil)
	r.instances[own].LatestRestorableTime = aws.Time(noon.Add(-5 * time.Minute))
	r.instances[own].DBInstanceClass = aws.String("db.t4g.small")
	r.instances[own].VpcSecurityGroups = []types.VpcSecurityGroupMembership{{VpcSecurityGroupId: aws.String("sg-1")}}
	for id, age := range map[string]time.Duration{"rds:old": 30 * time.Hour, "rds:new": 6 * time.Hour} {
		r.snapshots = append(r.snapshots, types.DBSnapshot{DBSnapshotIdentifier: &id, Status: aws.String("available"), SnapshotCreateTime: aws.Time(noon.Add(-age))})
	}
	r.snapshots = append(r.snapshots, types.DBSnapshot{DBSnapshotIdentifier: aws.String("rds:now"), Status: aws.String("creating"), SnapshotCreateTime: aws.Time(noon)})
	return r
}

func (r *region) add(name string, tags []types.Tag) {
	r.instances[name] = &types.DBInstance{DBInstanceIdentifier: &name, DBInstanceStatus: aws.String("available"), TagList: tags,
		Endpoint: &types.Endpoint{Address: aws.String(name + ".example"), Port: aws.Int32(5432)}}
}

func (r *region) create(name string, tags []types.Tag) error {
	r.add(name, tags)
	r.instances[name].DBInstanceStatus = aws.String("creating")
	r.available[name] = r.now.Add(12 * time.Minute)
	return r.fail
}

func (r *region) Now() time.Time { return r.now }

func (r *region) Sleep(ctx context.Context, d time.Duration) error {
	r.now = r.now.Add(d)
	for name, at := range r.available {
		if there := r.instances[name]; there != nil && r.now.After(at) {
			there.DBInstanceStatus = aws.String("available")
			if r.stuck != "" {
				there.DBInstanceStatus = &r.stuck
			}
		}
	}
	if r.onSleep != nil {
		r.onSleep()
	}
	return ctx.Err()
}

func (r *region) DescribeDBInstances(_ context.Context, in *rds.DescribeDBInstancesInput, _ ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	out := &rds.DescribeDBInstancesOutput{}
	for name, instance := range r.instances {
		if in.DBInstanceIdentifier == nil || *in.DBInstanceIdentifier == name {
			out.DBInstances = append(out.DBInstances, *instance)
		}
	}
	if in.DBInstanceIdentifier != nil && len(out.DBInstances) == 0 {
		return nil, &types.DBInstanceNotFoundFault{}
	}
	return out, nil
}

func (r *region) DescribeDBSnapshots(context.Context, *rds.DescribeDBSnapshotsInput, ...func(*rds.Options)) (*rds.DescribeDBSnapshotsOutput, error) {
	return &rds.DescribeDBSnapshotsOutput{DBSnapshots: r.snapshots}, nil
}

func (r *region) RestoreDBInstanceFromDBSnapshot(_ context.Context, in *rds.RestoreDBInstanceFromDBSnapshotInput, _ ...func(*rds.Options)) (*rds.RestoreDBInstanceFromDBSnapshotOutput, error) {
	r.restored = in
	return &rds.RestoreDBInstanceFromDBSnapshotOutput{}, r.create(*in.DBInstanceIdentifier, in.Tags)
}

func (r *region) RestoreDBInstanceToPointInTime(_ context.Context, in *rds.RestoreDBInstanceToPointInTimeInput, _ ...func(*rds.Options)) (*rds.RestoreDBInstanceToPointInTimeOutput, error) {
	r.moment = in.RestoreTime
	return &rds.RestoreDBInstanceToPointInTimeOutput{}, r.create(*in.TargetDBInstanceIdentifier, in.Tags)
}

func (r *region) DeleteDBInstance(_ context.Context, in *rds.DeleteDBInstanceInput, _ ...func(*rds.Options)) (*rds.DeleteDBInstanceOutput, error) {
	if *r.instances[*in.DBInstanceIdentifier].DBInstanceStatus == "creating" {
		return nil, &types.InvalidDBInstanceStateFault{}
	}
	r.deleted = append(r.deleted, *in.DBInstanceIdentifier)
	delete(r.instances, *in.DBInstanceIdentifier)
	return &rds.DeleteDBInstanceOutput{}, nil
}

type quiet struct{}

func (quiet) Report(progress.Line) {}

func (r *region) drill(audit func(ctx context.Context, host string, age time.Duration) error) *drill.Drill {
	return &drill.Drill{RDS: r, Clock: r, Report: quiet{}, Instance: own, Tenant: "main", Audit: audit}
}

func fine(context.Context, string, time.Duration) error { return nil }

// untouched says that the shop's own instance is all that is left.
func (r *region) untouched(t *testing.T) {
	t.Helper()
	require.NotContains(t, r.deleted, own)
	require.Len(t, r.instances, 1)
	require.Contains(t, r.instances, own)
}

func TestADrillRestoresAuditsMeasuresAndDeletes(t *testing.T) {
	t.Parallel()
	r := newRegion()
	var asked string
	result, err := r.drill(func(_ context.Context, host string, age time.Duration) error {
		asked = host
		require.Equal(t, 6*time.Hour, age)
		r.now = r.now.Add(time.Minute)
		return nil
	}).Run(t.Context(), time.Time{})
	require.NoError(t, err)
	require.Equal(t, "startupwebapp-production-drill-main-20261123-120000.example:5432", asked)
	require.Equal(t, "rds:new", result.Source)
	require.Equal(t, 6*time.Hour, result.Age)
	require.InDelta(t, 12*time.Minute, result.Restored, float64(time.Minute))
	require.Equal(t, result.Restored+time.Minute, result.Total)
	require.Equal(t, []string{result.Instance}, r.deleted)
	require.False(t, *r.restored.PubliclyAccessible)
	require.False(t, *r.restored.DeletionProtection)
	require.Equal(t, []string{"sg-1"}, r.restored.VpcSecurityGroupIds)
	require.Equal(t, "db.t4g.small", *r.restored.DBInstanceClass)
	r.untouched(t)
}

func TestADrillToAPointInTime(t *testing.T) {
	t.Parallel()
	r := newRegion()
	moment := noon.Add(-time.Hour)
	result, err := r.drill(fine).Run(t.Context(), moment)
	require.NoError(t, err)
	require.Equal(t, moment, *r.moment)
	require.Equal(t, time.Hour, result.Age)
	r.untouched(t)
	_, err = r.drill(fine).Run(t.Context(), noon)
	require.ErrorIs(t, err, drill.ErrOutOfReach)
}

func TestWhateverFailsNothingIsLeft(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	refused := func(context.Context, string, time.Duration) error { return broken }
	cases := map[string]struct {
		prepare func(*region)
		audit   func(context.Context, string, time.Duration) error
		want    error
	}{
		"the books are wrong":  {func(*region) {}, refused, broken},
		"an answer is lost":    {func(r *region) { r.fail = broken }, fine, broken},
		"it never comes up":    {func(r *region) { r.stuck = "restoring" }, fine, drill.ErrNotRestored},
		"it comes up broken":   {func(r *region) { r.stuck = "incompatible-parameters" }, fine, drill.ErrNotRestored},
		"there is no snapshot": {func(r *region) { r.snapshots = nil }, fine, drill.ErrNoSnapshot},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegion()
			one.prepare(r)
			_, err := r.drill(one.audit).Run(t.Context(), time.Time{})
			require.ErrorIs(t, err, one.want)
			r.untouched(t)
		})
	}
}

func TestASignalDeletesEvenWhatIsStillBeingMade(t *testing.T) {
	t.Parallel()
	r := newRegion()
	ctx, cancel := context.WithCancel(t.Context())
	r.onSleep = cancel
	_, err := r.drill(fine).Run(ctx, time.Time{})
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, r.deleted, 1)
	r.untouched(t)
}

func TestALostLockEndsTheDrill(t *testing.T) {
	t.Parallel()
	r, lost, asked := newRegion(), errors.New("lost"), 0
	d := r.drill(fine)
	d.Guard = func(context.Context) error {
		if asked++; asked > 2 {
			return lost
		}
		return nil
	}
	_, err := d.Run(t.Context(), time.Time{})
	require.ErrorIs(t, err, lost)
	r.untouched(t)
}

func TestOnlyLeftOversOfThisShopsDrillsAreCleared(t *testing.T) {
	t.Parallel()
	r := newRegion()
	tag := func(value string) []types.Tag { return []types.Tag{{Key: aws.String(drill.Tag), Value: &value}} }
	r.add(own+"-drill-main-20261101-120000", tag(own+"/main"))
	r.add(own+"-drill-main-by-hand", nil)
	r.add(own+"-drill-main-of-others", tag("other/main"))
	r.add(own+"-drill-second-20261101-120000", tag(own+"/second"))
	r.add("restored-for-real", tag(own+"/main"))
	result, err := r.drill(fine).Run(t.Context(), time.Time{})
	require.NoError(t, err)
	require.Equal(t, []string{own + "-drill-main-20261101-120000", result.Instance}, r.deleted)
	require.Len(t, r.instances, 5)
}

// Even when the shop's own instance has the name and the tag of a drill's.
func TestTheShopsOwnInstanceIsNeverDeleted(t *testing.T) {
	t.Parallel()
	r := newRegion()
	r.instances[own].TagList = []types.Tag{{Key: aws.String(drill.Tag), Value: aws.String(own + "/main")}}
	_, err := r.drill(fine).Run(t.Context(), time.Time{})
	require.NoError(t, err)
	r.untouched(t)
}
