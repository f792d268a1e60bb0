package wire_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/command"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/definition"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/image"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/release"
)

// One moto serves all: it takes some seconds to start, and each part has things of its own.
func TestShipSpeaksToAWS(t *testing.T) {
	p := newPlace(t)
	t.Run("site", p.site)
	t.Run("secrets", p.secrets)
	t.Run("logs", p.logs)
	t.Run("lock", p.lock)
	t.Run("service", p.service)
	t.Run("drill", p.drill)
}

func (p *place) object(t *testing.T, key string) (*s3.GetObjectOutput, string) {
	t.Helper()
	found, err := p.cloud.S3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
	require.NoError(t, err)
	body, err := io.ReadAll(found.Body)
	require.NoError(t, err)
	require.NoError(t, found.Body.Close())
	return found, string(body)
}

func (p *place) site(t *testing.T) {
	p.must("", "plan", "site")
	p.must("", "deploy", "site", "-version", "v1")
	page, body := p.object(t, "account")
	require.Equal(t, "text/html; charset=utf-8", aws.ToString(page.ContentType), "no extension, and yet no download")
	require.Equal(t, "no-cache", aws.ToString(page.CacheControl))
	require.Contains(t, body, "Clips")
	require.Contains(t, p.must("", "deploy", "site", "-version", "v1"), "nothing to do")

	p.document.Site.ShopName = "Rubber Bands"
	p.writeDocument()
	p.must("", "deploy", "site", "-version", "v2")
	_, body = p.object(t, "account")
	require.Contains(t, body, "Rubber Bands")
	p.must("", "rollback", "site")
	page, body = p.object(t, "account")
	require.Contains(t, body, "Clips")
	require.NotContains(t, body, "Rubber Bands")
	require.Equal(t, "text/html; charset=utf-8", aws.ToString(page.ContentType), "headers come back, too")
	require.Equal(t, "no-cache", aws.ToString(page.CacheControl))
	code, said := p.ship("", "rollback", "site")
	require.Equal(t, command.Usage, code, said)

	done, err := p.cloud.CloudFront.ListInvalidations(t.Context(), &cloudfront.ListInvalidationsInput{DistributionId: &p.document.Site.Distribution})
	require.NoError(t, err)
	require.Len(t, done.InvalidationList.Items, 3)
}

func (p *place) secret(t *testing.T, service string) string {
	t.Helper()
	id := p.document.Services[service].Secret
	// The stage is what AWS takes when none is said; moto then gives the version that was current first.
	found, err := p.cloud.SecretsManager.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id, VersionStage: aws.String("AWSCURRENT")})
	require.NoError(t, err)
	return aws.ToString(found.SecretString)
}

func (p *place) secrets(t *testing.T) {
	code, said := p.ship("", "secrets", "fill")
	require.Equal(t, command.Failed, code, said)
	require.Contains(t, said, "STRIPE_WEBHOOK_SECRET")
	said = p.must("STRIPE_SECRET_KEY=sk_test_hunter2\nSTRIPE_WEBHOOK_SECRET=whsec_hunter2\nSTRIPE_PUBLISHABLE_KEY=pk_test_hunter2\n", "secrets", "fill")
	said += p.must("", "secrets", "list")
	said += p.must("correct horse battery staple hunter2\n", "secrets", "set", "user", "SUPERUSER_PASSWORD")
	require.Contains(t, p.secret(t, "user"), "correct horse battery staple hunter2")
	said += p.must("", "secrets", "unset", "user", "SUPERUSER_PASSWORD")
	require.NotContains(t, p.secret(t, "user"), "SUPERUSER_PASSWORD")
	require.Contains(t, p.secret(t, "order"), "postgres://main_order:")
	before := p.secret(t, "payment")
	require.Contains(t, p.must("", "secrets", "rotate", "service-secrets"), "ship deploy")
	said += p.must("", "secrets", "rotate", "database", "order")
	require.NotEqual(t, before, p.secret(t, "payment"))
	require.Contains(t, p.secret(t, "payment"), "sk_test_hunter2", "other keys stay")
	require.NotContains(t, said, "hunter2")
	require.NotContains(t, said, "postgres://")
	for _, args := range [][]string{{"secrets", "set", "user", "NOTHING"}, {"secrets", "unset", "order", "DATABASE_URL"}, {"secrets", "rotate", "everything"}} {
		code, said = p.ship("value", args...)
		require.Equal(t, command.Usage, code, said)
	}
}

func (p *place) logs(t *testing.T) {
	group, stream := p.document.Services["order"].LogGroup, "service/service/0123456789"
	_, err := p.cloud.Logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
	require.NoError(t, err)
	var events []logstypes.InputLogEvent
	for _, message := range []string{`{"level":"INFO","msg":"order paid"}`, `{"level":"ERROR","msg":"mail failed"}`} {
		events = append(events, logstypes.InputLogEvent{Message: &message, Timestamp: aws.Int64(time.Now().UnixMilli())})
	}
	_, err = p.cloud.Logs.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events})
	require.NoError(t, err)
	said := p.must("", "logs", "order", "-since", "5m")
	require.Contains(t, said, "order paid")
	require.Contains(t, said, "mail failed")
	require.Equal(t, 1, strings.Count(said, "order paid"))
	code, said := p.ship("", "logs", "nobody")
	require.Equal(t, command.Usage, code, said)
}

func (p *place) lock(t *testing.T) {
	store := release.NewStore(p.cloud.SSM, name().Service("site"), hurried{})
	lock, err := store.Lock(t.Context(), "grace")
	require.NoError(t, err)
	code, said := p.ship("", "deploy", "site", "-version", "v3")
	require.Equal(t, command.Locked, code, said)
	require.Contains(t, said, "grace")
	require.NoError(t, lock.Guard(t.Context()))
	p.must("", "unlock", "site")
	require.ErrorIs(t, lock.Guard(t.Context()), release.ErrLost)
}

// service goes as far with a service as moto does: digest, revision, update, record, a task. Following the rollout is left to
// package fakecloud, as moto keeps the first revision in deployments[] (aws.md section 4).
func (p *place) service(t *testing.T) {
	about := p.document.Services["order"]
	_, err := image.Digest(t.Context(), p.cloud.ECR, about.Repository, "no-such-tag")
	var missing *image.MissingError
	require.ErrorAs(t, err, &missing)
	digest, err := image.Digest(t.Context(), p.cloud.ECR, about.Repository, p.tag)
	require.NoError(t, err)
	template, err := definition.Newest(t.Context(), p.cloud.ECS, about.Template)
	require.NoError(t, err)
	reference, err := template.Image(digest)
	require.NoError(t, err)
	revision, err := template.Register(t.Context(), p.cloud.ECS, about.Family, reference, p.tag, func(context.Context) error { return nil })
	require.NoError(t, err)
	registered, err := definition.Read(t.Context(), p.cloud.ECS, revision)
	require.NoError(t, err)
	container, err := definition.Container(registered)
	require.NoError(t, err)
	require.Equal(t, reference, aws.ToString(container.Image))
	require.Equal(t, about.LogGroup, container.LogConfiguration.Options["awslogs-group"], "all else is the template's")

	_, err = p.cloud.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String(cluster), Service: &about.Service, TaskDefinition: &revision, DesiredCount: aws.Int32(1)})
	require.NoError(t, err)
	store := release.NewStore(p.cloud.SSM, name().Service("order"), hurried{})
	lock, err := store.Lock(t.Context(), "ada")
	require.NoError(t, err)
	require.NoError(t, lock.Write(t.Context(), release.Record{}.Succeed(release.Revision{TaskDefinition: revision, Image: reference, Version: p.tag})))
	require.NoError(t, lock.Release(t.Context()))
	require.Contains(t, p.must("", "status"), p.tag)
	require.Contains(t, p.must("", "run", "order", "--", "audit"), "exit code 0")

	health, err := p.cloud.LoadBalancers.DescribeTargetHealth(t.Context(), &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(p.document.Services["gateway"].TargetGroup)})
	require.NoError(t, err)
	require.Len(t, health.TargetHealthDescriptions, 1)
}

// drill needs what service left behind: an order service whose image is recorded as good.
func (p *place) drill(t *testing.T) {
	own := p.document.Database.Instance
	_, err := p.cloud.RDS.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{DBInstanceIdentifier: &own, Engine: aws.String("postgres"),
		DBInstanceClass: aws.String("db.t4g.micro"), AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("postgres"), MasterUserPassword: aws.String("only-for-moto")})
	require.NoError(t, err)
	require.Contains(t, p.must("", "drill"), "RPO")
	left, err := p.cloud.RDS.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
	require.NoError(t, err)
	require.Len(t, left.DBInstances, 1, "nothing is left but the shop's own")
	require.Equal(t, own, aws.ToString(left.DBInstances[0].DBInstanceIdentifier))
}
