package secret_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/secret"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

var errKilled = errors.New("killed")

type stored struct {
	id, text string
	stages   []string
	made     time.Time
}

// manager is Secrets Manager as its documentation has it: a stage is attached to one version at most; the first version gets
// AWSCURRENT by itself; moving AWSCURRENT asks for the version that has it. It can fail the n-th call that changes something.
type manager struct {
	mutex         sync.Mutex
	secrets       map[string][]*stored
	now           time.Time
	writes        int
	failAt, calls int
	after, dead   bool
}

func newManager() *manager {
	return &manager{secrets: map[string][]*stored{"user": nil, "order": nil, "payment": nil, "clientevent": nil, "gateway": nil}, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
}

func (m *manager) Now() time.Time {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.now
}

func (m *manager) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func (m *manager) revive(failAt int, after bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.calls, m.failAt, m.after, m.dead = 0, failAt, after, false
}

// effect is called with the mutex held.
func (m *manager) effect(do func() error) error {
	if m.dead {
		return errKilled
	}
	m.calls++
	m.dead = m.calls == m.failAt
	if m.dead && !m.after {
		return errKilled
	}
	if err := do(); err != nil {
		return err
	}
	m.writes++
	if m.dead {
		return errKilled
	}
	return nil
}

func (m *manager) with(name, stage string) *stored {
	for _, version := range m.secrets[name] {
		if slices.Contains(version.stages, stage) {
			return version
		}
	}
	return nil
}

func (m *manager) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	found := m.with(*in.SecretId, *in.VersionStage)
	if found == nil {
		return nil, &types.ResourceNotFoundException{}
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: &found.text, VersionId: &found.id, CreatedDate: &found.made}, nil
}

func (m *manager) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return &secretsmanager.PutSecretValueOutput{}, m.effect(func() error {
		versions, exists := m.secrets[*in.SecretId]
		if !exists {
			return &types.ResourceNotFoundException{Message: aws.String("no such secret")}
		}
		m.now = m.now.Add(time.Second)
		made := &stored{id: *in.ClientRequestToken, text: *in.SecretString, made: m.now}
		for _, stage := range in.VersionStages {
			m.attach(*in.SecretId, stage, nil)
			made.stages = append(made.stages, stage)
		}
		if len(versions) == 0 && !slices.Contains(made.stages, "AWSCURRENT") {
			made.stages = append(made.stages, "AWSCURRENT")
		}
		m.secrets[*in.SecretId] = append(versions, made)
		return nil
	})
}

// attach takes a stage away from all versions and gives it to one.
func (m *manager) attach(name, stage string, to *stored) {
	for _, version := range m.secrets[name] {
		version.stages = slices.DeleteFunc(version.stages, func(s string) bool { return s == stage })
	}
	if to != nil {
		to.stages = append(to.stages, stage)
	}
}

func (m *manager) UpdateSecretVersionStage(_ context.Context, in *secretsmanager.UpdateSecretVersionStageInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return &secretsmanager.UpdateSecretVersionStageOutput{}, m.effect(func() error {
		holder := m.with(*in.SecretId, *in.VersionStage)
		if holder != nil && holder.id != aws.ToString(in.RemoveFromVersionId) || holder == nil && in.RemoveFromVersionId != nil {
			return &types.InvalidParameterException{Message: aws.String("attached to another version")}
		}
		for _, version := range m.secrets[*in.SecretId] {
			if version.id == *in.MoveToVersionId {
				m.attach(*in.SecretId, *in.VersionStage, version)
				return nil
			}
		}
		return &types.ResourceNotFoundException{}
	})
}

// put is somebody with a console.
func (m *manager) put(name string, variables map[string]string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	text, _ := json.Marshal(variables)
	made := &stored{id: "by-hand-" + m.now.String(), text: string(text), made: m.now}
	m.secrets[name] = append(m.secrets[name], made)
	m.attach(name, "AWSCURRENT", made)
}

// variables are what a process would read.
func (m *manager) variables(t *testing.T, name string) map[string]string {
	t.Helper()
	m.mutex.Lock()
	defer m.mutex.Unlock()
	found := m.with(name, "AWSCURRENT")
	if found == nil {
		return nil
	}
	read := map[string]string{}
	require.NoError(t, json.Unmarshal([]byte(found.text), &read))
	return read
}

func (m *manager) vault() *secret.Vault {
	described := shop.Shop{Services: map[string]shop.Service{}, Database: shop.Database{Name: "main", Host: "db.example", Port: 5432}}
	for _, name := range shop.Names() {
		described.Services[name] = shop.Service{Secret: name}
	}
	return &secret.Vault{Manager: m, Shop: described, Tenant: "main", Clock: m}
}
