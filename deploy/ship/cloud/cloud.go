// Package cloud makes the clients of AWS that ship uses: configured by the usual variables and files (AWS_REGION, AWS_PROFILE,
// AWS_ENDPOINT_URL, roles of a workflow), with an end to every call and patience with throttling. It knows nothing of the shop.
package cloud

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go/middleware"
)

const (
	attempts       = 10
	longestBackoff = 8 * time.Second
	attemptTimeout = 30 * time.Second
)

// CallTimeout is how long one call may take with all its attempts. The lock of package release outlives it.
const CallTimeout = 60 * time.Second

// Clients are all of them; they are safe for concurrent use. Rooms take the methods they need as an interface of their own.
type Clients struct {
	ECS            *ecs.Client
	ECR            *ecr.Client
	SSM            *ssm.Client
	Logs           *cloudwatchlogs.Client
	LoadBalancers  *elasticloadbalancingv2.Client
	SecretsManager *secretsmanager.Client
	S3             *s3.Client
	CloudFront     *cloudfront.Client
	RDS            *rds.Client
}

// Options change what tests have to change.
type Options struct {
	Region  string               // empty: as configured
	Backoff retry.BackoffDelayer // nil: exponential with jitter, 8 s at most
	Load    []func(*config.LoadOptions) error
}

// Load reads the configuration and makes the clients. It fails when there is no region; wrong credentials show at the first call.
func Load(ctx context.Context, options Options) (Clients, error) {
	loaders := append([]func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return retryer(options.Backoff) }),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(attemptTimeout)),
	}, options.Load...)
	if options.Region != "" {
		loaders = append(loaders, config.WithRegion(options.Region))
	}
	account, err := config.LoadDefaultConfig(ctx, loaders...)
	if err != nil {
		return Clients{}, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if account.Region == "" {
		return Clients{}, fmt.Errorf("no AWS region: set AWS_REGION")
	}
	return clients(account), nil
}

func clients(account aws.Config) Clients {
	limited := account.Copy()
	limited.APIOptions = append(limited.APIOptions, withDeadline)
	return Clients{
		ECS:            ecs.NewFromConfig(limited),
		ECR:            ecr.NewFromConfig(limited),
		SSM:            ssm.NewFromConfig(limited),
		Logs:           cloudwatchlogs.NewFromConfig(limited),
		LoadBalancers:  elasticloadbalancingv2.NewFromConfig(limited),
		SecretsManager: secretsmanager.NewFromConfig(limited),
		CloudFront:     cloudfront.NewFromConfig(limited),
		RDS:            rds.NewFromConfig(limited),
		// Bodies of objects are read after the call has returned, so the deadline of calls would cut them; each attempt's own
		// timeout, which covers the body, is the limit here.
		S3: s3.NewFromConfig(account, func(o *s3.Options) {
			o.UsePathStyle = os.Getenv("AWS_ENDPOINT_URL") != ""
			o.DisableLogOutputChecksumValidationSkipped = true // an object that somebody else put there is no news
		}),
	}
}

// retryer is the SDK's, without its quota of retries: under lasting throttling a rollout has to go on slowly rather than stop
// with a service half-way.
func retryer(backoff retry.BackoffDelayer) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.MaxBackoff = longestBackoff
		o.RateLimiter = ratelimit.None
		if backoff != nil {
			o.Backoff = backoff
		}
	})
}

func withDeadline(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("ShipDeadline",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			ctx, cancel := context.WithTimeout(ctx, CallTimeout)
			defer cancel()
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
}
