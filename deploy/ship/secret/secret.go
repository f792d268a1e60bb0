// Package secret fills and changes the secret variables of the five services: one object of variables for each service in AWS
// Secrets Manager, which Terraform makes empty and the processes read when they start. Single keys are changed, each in one
// compare-and-set, so that nothing is lost whoever else is at it; what is there is kept.
//
// No value is ever printed, logged, part of an error or kept in a file, and none is an argument of a command. What a variable
// means is the business of the process that reads it.
package secret

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/clock"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

// Manager is what is asked of AWS Secrets Manager.
type Manager interface {
	GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, options ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	PutSecretValue(ctx context.Context, in *secretsmanager.PutSecretValueInput, options ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(ctx context.Context, in *secretsmanager.UpdateSecretVersionStageInput, options ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// Errors that say what to do.
var (
	ErrUnknownKey   = errors.New("this service has no such key; ship secrets list names them")
	ErrRequired     = errors.New("the service does not start without it; say -force to take it away all the same")
	ErrTestKey      = errors.New("this is a test key of Stripe, and this shop is production; say -allow-test-keys if that is meant")
	ErrOvertaken    = errors.New("somebody else is changing the same thing; look at ship secrets list and repeat")
	ErrNotRestarted = errors.New("not all tasks have been started since the step before; deploy them first, or say -force")
	ErrMissing      = errors.New("some keys are still missing")
	ErrHalfRotated  = errors.New("SERVICE_SECRETS holds two secrets and no rotation is under way; set it to one first")
)

// Vault is the secrets of one shop. It is safe for concurrent use, also by several processes.
type Vault struct {
	Manager Manager
	Shop    shop.Shop
	Tenant  string
	Clock   clock.Clock
	// TestKeys lets keys of Stripe's test mode in.
	TestKeys bool
}

// Row is what List says of one key.
type Row struct {
	Service, Key string
	Required     bool
	Present      bool
	// Differs: the key is shared by services, and this one has another value than the first of them.
	Differs bool
	// Changed is when the service's secret was changed last, whichever key; zero when it has no value yet.
	Changed time.Time
}

// List says which keys there are, never their values. Keys that ship does not know are listed, too.
func (v *Vault) List(ctx context.Context) ([]Row, error) {
	all, err := v.readAll(ctx)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, service := range shop.Names() {
		held := all[service]
		for _, key := range keysOf(service) {
			rows = append(rows, row(service, key, all))
		}
		for _, name := range held.unknown(service) {
			rows = append(rows, Row{Service: service, Key: name, Present: true, Changed: held.changed})
		}
	}
	return rows, nil
}

func row(service string, key key, all map[string]held) Row {
	own, present := all[service].text(key.name)
	made := Row{Service: service, Key: key.name, Required: key.required, Present: present, Changed: all[service].changed}
	if sharers := sharersOf(key.name); present && len(sharers) > 0 {
		anchor, _ := all[sharers[0]].text(key.name)
		made.Differs = own != anchor
	}
	return made
}

func (v *Vault) readAll(ctx context.Context) (map[string]held, error) {
	all := map[string]held{}
	for _, service := range shop.Names() {
		read, err := v.read(ctx, service)
		if err != nil {
			return nil, err
		}
		all[service] = read
	}
	return all, nil
}
