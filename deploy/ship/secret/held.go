package secret

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
)

const (
	currentStage = "AWSCURRENT"
	// pendingStage holds what is about to become current.
	pendingStage = "SHIP_PENDING"
	writeTries   = 12
	tryAgainIn   = 200 * time.Millisecond
)

var errNoObject = errors.New("the secret is not a JSON object of variables")

// held is what one service's secret holds. It prints as "[redacted]".
type held struct {
	variables map[string]json.RawMessage
	version   string // empty: the secret has no value yet
	changed   time.Time
}

// String hides the values.
func (held) String() string { return "[redacted]" }

// GoString hides the values from %#v.
func (held) GoString() string { return "[redacted]" }

// text is a variable; ok is false where it is missing or empty.
func (h held) text(name string) (value string, ok bool) {
	if json.Unmarshal(h.variables[name], &value) != nil {
		return "", false
	}
	return value, value != ""
}

func (h held) put(name, value string) {
	if value == "" {
		delete(h.variables, name)
		return
	}
	encoded, _ := json.Marshal(value) // text always encodes
	h.variables[name] = encoded
}

// unknown are the keys that ship knows nothing of, sorted.
func (h held) unknown(service string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(h.variables)) {
		if _, err := find(service, name); err != nil && !strings.HasPrefix(name, rotationPrefix) {
			names = append(names, name)
		}
	}
	return names
}

// read gives an empty object for a secret without a value.
func (v *Vault) read(ctx context.Context, service string) (held, error) {
	name := v.Shop.Services[service].Secret
	found, err := v.Manager.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name, VersionStage: aws.String(currentStage)})
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return held{variables: map[string]json.RawMessage{}}, nil // also a secret that does not exist: writing it will say so
	}
	if err != nil {
		return held{}, fmt.Errorf("read the secret of %s: %w", service, err)
	}
	read := held{version: aws.ToString(found.VersionId), changed: aws.ToTime(found.CreatedDate)}
	// The decoder's own error is left out: it repeats parts of the text.
	if json.Unmarshal([]byte(aws.ToString(found.SecretString)), &read.variables) != nil || read.variables == nil {
		return held{}, fmt.Errorf("read the secret of %s: %w", service, errNoObject)
	}
	return read, nil
}

// update reads a service's secret, lets change alter its variables, and makes the result the current one if it is still the
// same that was read; if not, it begins again with what is there then. It says whether it changed something, and what holds now.
func (v *Vault) update(ctx context.Context, service string, change func(held) error) (bool, held, error) {
	for range writeTries {
		before, err := v.read(ctx, service)
		if err != nil {
			return false, held{}, err
		}
		after := held{variables: maps.Clone(before.variables), version: before.version, changed: before.changed}
		if err := change(after); err != nil {
			return false, held{}, err
		}
		if maps.EqualFunc(before.variables, after.variables, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
			return false, before, nil
		}
		won, err := v.replace(ctx, service, before.version, after)
		if err != nil || won {
			return won, after, err
		}
		if err := v.Clock.Sleep(ctx, tryAgainIn); err != nil {
			return false, held{}, err
		}
	}
	return false, held{}, fmt.Errorf("write the secret of %s: %w", service, ErrOvertaken)
}

// replace makes a new version and then moves the stage AWSCURRENT to it from the very version that was read, which Secrets
// Manager refuses when the stage has gone elsewhere: a compare-and-set. won is false then.
func (v *Vault) replace(ctx context.Context, service, before string, after held) (won bool, err error) {
	name, token := v.Shop.Services[service].Secret, newToken()
	text, err := json.Marshal(after.variables)
	if err != nil {
		return false, fmt.Errorf("write the secret of %s: %w", service, errNoObject)
	}
	_, err = v.Manager.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &name, SecretString: aws.String(string(text)), ClientRequestToken: &token, VersionStages: []string{pendingStage},
	})
	if err != nil {
		return false, fmt.Errorf("write the secret of %s: %w", service, err)
	}
	if before == "" {
		// The very first version gets the stage by itself, and only the first of two that write at once.
		now, err := v.read(ctx, service)
		if err != nil || now.version != "" {
			return now.version == token, err
		}
	}
	in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: &name, VersionStage: aws.String(currentStage), MoveToVersionId: &token}
	if before != "" {
		in.RemoveFromVersionId = &before
	}
	_, err = v.Manager.UpdateSecretVersionStage(ctx, in)
	if err == nil {
		return true, nil
	}
	if !refused(err) {
		return false, fmt.Errorf("write the secret of %s: %w", service, err)
	}
	// Somebody was faster, or it was us and the answer got lost.
	now, err := v.read(ctx, service)
	return err == nil && now.version == token, err
}

func refused(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && (answer.ErrorCode() == "InvalidParameterException" || answer.ErrorCode() == "InvalidRequestException")
}

// newToken is the id of a new version.
func newToken() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	text := hex.EncodeToString(random)
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}
