package wire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/cloud"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/command"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

const (
	region  = "us-east-1"
	cluster = "shop-staging"
	bucket  = "shop-staging-main-pages"
)

func name() shop.Name { return shop.Name{Project: "shop", Environment: "staging", Tenant: "main"} }

// place is a shop as Terraform leaves it behind, in moto.
type place struct {
	t        *testing.T
	cloud    cloud.Clients
	document shop.Shop
	tag      string // of the images
	network  string // id of the VPC
}

// newPlace sets variables of the process, so its tests do not run beside each other.
func newPlace(t *testing.T) *place {
	t.Helper()
	for variable, value := range map[string]string{
		"AWS_ENDPOINT_URL": startMoto(t), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION": region, "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(variable, value)
	}
	clients, err := cloud.Load(t.Context(), cloud.Options{})
	require.NoError(t, err)
	p := &place{t: t, cloud: clients, tag: strings.Repeat("a1", 20)}
	p.document = shop.Shop{
		Version: 1, Region: region, Cluster: cluster, APIOrigin: "https://api.shop.invalid", SiteOrigin: "https://shop.invalid",
		Services: map[string]shop.Service{}, Database: shop.Database{Instance: "shop-staging", Name: "main", Host: "db.invalid", Port: 5432},
		Site: shop.Site{Bucket: bucket, ShopName: "Clips"},
	}
	p.network = p.found("DescribeVpcs", "vpc-")
	p.document.Subnets = []string{p.found("DescribeSubnets", "subnet-")}
	_, err = p.cloud.ECS.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String(cluster)})
	require.NoError(t, err)
	p.makeServices()
	p.makeSite()
	p.writeDocument()
	return p
}

// found is the id of what moto has from the beginning, of a service that ship itself has no client of.
func (p *place) found(action, prefix string) string {
	form := strings.NewReader("Action=" + action + "&Version=2016-11-15")
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, os.Getenv("AWS_ENDPOINT_URL"), form)
	require.NoError(p.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/"+region+"/ec2/aws4_request, SignedHeaders=host, Signature=none")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(p.t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, answer.Body.Close())
	id := regexp.MustCompile(prefix + "[0-9a-f]{8,17}").FindString(string(text))
	require.NotEmpty(p.t, id, string(text))
	return id
}

func (p *place) writeDocument() {
	text, err := json.Marshal(p.document)
	require.NoError(p.t, err)
	_, err = p.cloud.SSM.PutParameter(p.t.Context(), &ssm.PutParameterInput{Name: aws.String(name().Parameter()), Value: aws.String(string(text)),
		Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true), Tier: ssmtypes.ParameterTierAdvanced})
	require.NoError(p.t, err)
}

func (p *place) makeServices() {
	for _, service := range shop.Names() {
		about := shop.Service{
			Service: "main-" + service, Family: "shop-staging-main-" + service, Template: "shop-staging-main-" + service + "-template",
			MigrationTemplate: "shop-staging-main-" + service + "-migration-template", Repository: "shop-staging/" + service, SecurityGroup: "sg-12345678",
			Secret: "shop/staging/main/" + service, LogGroup: "/shop/staging/main/" + service, Minimum: 1,
		}
		_, err := p.cloud.SecretsManager.CreateSecret(p.t.Context(), &secretsmanager.CreateSecretInput{Name: &about.Secret})
		require.NoError(p.t, err)
		_, err = p.cloud.Logs.CreateLogGroup(p.t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &about.LogGroup})
		require.NoError(p.t, err)
		repository := p.pushImage(about.Repository)
		p.registerTemplate(about, repository)
		p.document.Services[service] = about
	}
	gateway := p.document.Services["gateway"]
	gateway.MigrationTemplate, gateway.TargetGroup = "", p.makeTargetGroup()
	p.document.Services["gateway"] = gateway
}

func (p *place) pushImage(repository string) string {
	made, err := p.cloud.ECR.CreateRepository(p.t.Context(), &ecr.CreateRepositoryInput{RepositoryName: &repository})
	require.NoError(p.t, err)
	manifest := `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":2,"digest":"sha256:` +
		strings.Repeat("0", 64) + `"},"layers":[]}`
	_, err = p.cloud.ECR.PutImage(p.t.Context(), &ecr.PutImageInput{RepositoryName: &repository, ImageManifest: &manifest, ImageTag: &p.tag})
	require.NoError(p.t, err)
	return aws.ToString(made.Repository.RepositoryUri)
}

func (p *place) registerTemplate(about shop.Service, repository string) {
	for _, family := range []string{about.Template, about.MigrationTemplate} {
		_, err := p.cloud.ECS.RegisterTaskDefinition(p.t.Context(), &ecs.RegisterTaskDefinitionInput{
			Family: &family, NetworkMode: ecstypes.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
			RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
			ContainerDefinitions: []ecstypes.ContainerDefinition{{
				Name: aws.String("service"), Image: aws.String(repository + ":none"), Memory: aws.Int32(512), Essential: aws.Bool(true),
				Environment: []ecstypes.KeyValuePair{{Name: aws.String("AWS_SECRET_ID"), Value: &about.Secret}},
				LogConfiguration: &ecstypes.LogConfiguration{LogDriver: ecstypes.LogDriverAwslogs, Options: map[string]string{
					"awslogs-group": about.LogGroup, "awslogs-region": region, "awslogs-stream-prefix": "service",
				}},
			}},
		})
		require.NoError(p.t, err)
	}
	_, err := p.cloud.ECS.CreateService(p.t.Context(), &ecs.CreateServiceInput{Cluster: aws.String(cluster), ServiceName: &about.Service,
		TaskDefinition: &about.Template, DesiredCount: aws.Int32(0), LaunchType: ecstypes.LaunchTypeFargate})
	require.NoError(p.t, err)
}

func (p *place) makeTargetGroup() string {
	made, err := p.cloud.LoadBalancers.CreateTargetGroup(p.t.Context(), &elasticloadbalancingv2.CreateTargetGroupInput{
		Name: aws.String("main-gateway"), Port: aws.Int32(8000), Protocol: elbtypes.ProtocolEnumHttp, TargetType: elbtypes.TargetTypeEnumIp, VpcId: &p.network,
	})
	require.NoError(p.t, err)
	group := aws.ToString(made.TargetGroups[0].TargetGroupArn)
	_, err = p.cloud.LoadBalancers.RegisterTargets(p.t.Context(), &elasticloadbalancingv2.RegisterTargetsInput{TargetGroupArn: &group,
		Targets: []elbtypes.TargetDescription{{Id: aws.String("10.0.0.10"), Port: aws.Int32(8000)}}})
	require.NoError(p.t, err)
	return group
}

func (p *place) makeSite() {
	_, err := p.cloud.S3.CreateBucket(p.t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)})
	require.NoError(p.t, err)
	_, err = p.cloud.S3.PutBucketVersioning(p.t.Context(), &s3.PutBucketVersioningInput{Bucket: aws.String(bucket),
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	require.NoError(p.t, err)
	made, err := p.cloud.CloudFront.CreateDistribution(p.t.Context(), &cloudfront.CreateDistributionInput{DistributionConfig: &cloudfronttypes.DistributionConfig{
		CallerReference: aws.String("pages"), Comment: aws.String(""), Enabled: aws.Bool(true),
		Origins: &cloudfronttypes.Origins{Quantity: aws.Int32(1), Items: []cloudfronttypes.Origin{{Id: aws.String("pages"), DomainName: aws.String(bucket + ".s3.amazonaws.com"),
			S3OriginConfig: &cloudfronttypes.S3OriginConfig{OriginAccessIdentity: aws.String("")}}}},
		DefaultCacheBehavior: &cloudfronttypes.DefaultCacheBehavior{TargetOriginId: aws.String("pages"), ViewerProtocolPolicy: cloudfronttypes.ViewerProtocolPolicyRedirectToHttps},
	}})
	require.NoError(p.t, err)
	p.document.Site.Distribution = aws.ToString(made.Distribution.Id)
}

// hurried is the machine's clock, but nobody waits long.
type hurried struct{}

func (hurried) Now() time.Time { return time.Now().UTC() }

func (hurried) Sleep(ctx context.Context, _ time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(10 * time.Millisecond):
		return nil
	}
}

// ship runs one command; what it says of what happens comes back as one JSON object a line.
func (p *place) ship(input string, args ...string) (code int, said string) {
	p.t.Helper()
	var out buffer
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer cancel()
	code = command.Main(ctx, command.Process{
		Args:    append([]string{"-project", "shop", "-environment", "staging", "-tenant", "main", "-operator", "ada", "-json"}, args...),
		Environ: func(string) string { return "" }, In: strings.NewReader(input), Out: &out, Err: &out, Clock: hurried{},
	})
	return code, out.String()
}

func (p *place) must(input string, args ...string) string {
	p.t.Helper()
	code, said := p.ship(input, args...)
	require.Equal(p.t, command.Done, code, said)
	return said
}

type buffer struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(text []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.Buffer.Write(text)
}
