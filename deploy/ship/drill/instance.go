package drill

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// restore makes the new instance where the shop's own stands and as large, but alone in its zone and without protection.
func (d *Drill) restore(ctx context.Context, own types.DBInstance, from source, name string) error {
	var subnets *string
	if own.DBSubnetGroup != nil {
		subnets = own.DBSubnetGroup.DBSubnetGroupName
	}
	var groups []string
	for _, group := range own.VpcSecurityGroups {
		groups = append(groups, aws.ToString(group.VpcSecurityGroupId))
	}
	var parameters *string
	if len(own.DBParameterGroups) > 0 {
		parameters = own.DBParameterGroups[0].DBParameterGroupName
	}
	tags := []types.Tag{{Key: aws.String(Tag), Value: aws.String(d.mark())}}
	var err error
	if from.snapshot != "" {
		_, err = d.RDS.RestoreDBInstanceFromDBSnapshot(ctx, &rds.RestoreDBInstanceFromDBSnapshotInput{
			DBInstanceIdentifier: &name, DBSnapshotIdentifier: &from.snapshot, DBInstanceClass: own.DBInstanceClass, DBSubnetGroupName: subnets,
			VpcSecurityGroupIds: groups, DBParameterGroupName: parameters, MultiAZ: aws.Bool(false), PubliclyAccessible: aws.Bool(false),
			DeletionProtection: aws.Bool(false), Tags: tags,
		})
	} else {
		_, err = d.RDS.RestoreDBInstanceToPointInTime(ctx, &rds.RestoreDBInstanceToPointInTimeInput{
			TargetDBInstanceIdentifier: &name, SourceDBInstanceIdentifier: &d.Instance, RestoreTime: &from.at, DBInstanceClass: own.DBInstanceClass,
			DBSubnetGroupName: subnets, VpcSecurityGroupIds: groups, DBParameterGroupName: parameters, MultiAZ: aws.Bool(false),
			PubliclyAccessible: aws.Bool(false), DeletionProtection: aws.Bool(false), Tags: tags,
		})
	}
	if err != nil {
		return fmt.Errorf("restore into %s: %w", name, err)
	}
	return nil
}

// await waits until the instance is available and gives its host:port.
func (d *Drill) await(ctx context.Context, name string) (string, error) {
	for waited := time.Duration(0); waited < patience; waited += pause {
		found, err := d.describe(ctx, name)
		if err != nil {
			return "", err
		}
		if found != nil && aws.ToString(found.DBInstanceStatus) == "available" && found.Endpoint != nil {
			return net.JoinHostPort(aws.ToString(found.Endpoint.Address), strconv.Itoa(int(aws.ToInt32(found.Endpoint.Port)))), nil
		}
		if found != nil && hopeless(aws.ToString(found.DBInstanceStatus)) {
			return "", fmt.Errorf("%w: it is %s", ErrNotRestored, aws.ToString(found.DBInstanceStatus))
		}
		if err := d.Clock.Sleep(ctx, pause); err != nil {
			return "", err
		}
		if err := d.guard(ctx); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%w within %s", ErrNotRestored, patience)
}

func hopeless(status string) bool {
	return status == "failed" || status == "deleting" || strings.HasPrefix(status, "incompatible-") || status == "inaccessible-encryption-credentials"
}

// clear deletes what earlier drills left behind.
func (d *Drill) clear(ctx context.Context) error {
	in := &rds.DescribeDBInstancesInput{}
	for range mostPages {
		page, err := d.RDS.DescribeDBInstances(ctx, in)
		if err != nil {
			return fmt.Errorf("look for left-overs of earlier drills: %w", err)
		}
		for _, found := range page.DBInstances {
			if d.mine(found) != nil || aws.ToString(found.DBInstanceStatus) == "deleting" {
				continue
			}
			name := aws.ToString(found.DBInstanceIdentifier)
			d.say("clear", "deleting "+name+", which an earlier drill left behind")
			if err := d.remove(ctx, name); err != nil {
				return err
			}
		}
		if aws.ToString(page.Marker) == "" {
			return nil
		}
		in.Marker = page.Marker
	}
	return errTooManyPages
}

// mine is nil for an instance that a drill of this shop made. Name and tag must both say so.
func (d *Drill) mine(found types.DBInstance) error {
	name := aws.ToString(found.DBInstanceIdentifier)
	if name == d.Instance || !strings.HasPrefix(name, d.prefix()) {
		return fmt.Errorf("%s: %w", name, ErrNotOfADrill)
	}
	for _, tag := range found.TagList {
		if aws.ToString(tag.Key) == Tag && aws.ToString(tag.Value) == d.mark() {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", name, ErrNotOfADrill)
}

// cleanUp deletes what this drill made, also after a signal.
func (d *Drill) cleanUp(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning+time.Minute)
	defer cancel()
	d.say("clear", "deleting "+name)
	if err := d.remove(ctx, name); err != nil {
		return errors.Join(ErrLeftBehind, err)
	}
	return nil
}

// remove looks at the instance right before it deletes it. One that is still being made refuses, and is asked again.
func (d *Drill) remove(ctx context.Context, name string) error {
	var refusal error
	for waited := time.Duration(0); waited < cleaning; waited += pause {
		found, err := d.describe(ctx, name)
		if err != nil || found == nil || aws.ToString(found.DBInstanceStatus) == "deleting" {
			return err
		}
		if err := d.mine(*found); err != nil {
			return err
		}
		_, err = d.RDS.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{
			DBInstanceIdentifier: &name, SkipFinalSnapshot: aws.Bool(true), DeleteAutomatedBackups: aws.Bool(true),
		})
		if err == nil {
			return nil
		}
		var busy *types.InvalidDBInstanceStateFault
		if !errors.As(err, &busy) {
			return fmt.Errorf("delete %s: %w", name, err)
		}
		refusal = err
		if err := d.Clock.Sleep(ctx, pause); err != nil {
			return err
		}
	}
	return fmt.Errorf("delete %s: %w", name, refusal)
}
