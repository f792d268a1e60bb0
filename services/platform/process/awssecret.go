package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

const (
	awsSecretID      = "AWS_SECRET_ID" //nolint:gosec // the name of a variable
	awsSecretTimeout = 15 * time.Second
)

// withAWSSecret puts the variables of the secret named by AWS_SECRET_ID in front of environ, so that what is
// set explicitly wins. Without that variable it changes nothing and no AWS code runs.
func withAWSSecret(ctx context.Context, environ []string) ([]string, error) {
	id := lookup(environ, awsSecretID)
	if id == "" {
		return environ, nil
	}
	ctx, cancel := context.WithTimeout(ctx, awsSecretTimeout)
	defer cancel()
	text, err := readAWSSecret(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", awsSecretID, err)
	}
	variables, err := parseSecret(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", awsSecretID, err)
	}
	return append(variables, withoutEmpty(environ)...), nil
}

func readAWSSecret(ctx context.Context, id string) (string, error) {
	account, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return "", fmt.Errorf("read the AWS configuration: %w", err)
	}
	found, err := secretsmanager.NewFromConfig(account).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(id)})
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	if found.SecretString == nil {
		return "", errors.New("the secret is binary; expected a JSON object of variables")
	}
	return *found.SecretString, nil
}

// parseSecret reads a JSON object whose values are text, numbers or booleans. Errors name keys, never values.
func parseSecret(text string) ([]string, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
		return nil, errors.New("the secret is not a JSON object of variables")
	}
	variables := make([]string, 0, len(object))
	for name, raw := range object {
		value, ok := scalar(raw)
		if !ok {
			return nil, fmt.Errorf("the secret's %s is neither text nor a number nor true or false", name)
		}
		variables = append(variables, name+"="+value)
	}
	slices.Sort(variables)
	return variables, nil
}

func scalar(raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		return text, true
	}
	plain := string(raw)
	if plain == "null" || strings.HasPrefix(plain, "{") || strings.HasPrefix(plain, "[") {
		return "", false
	}
	return plain, true
}

// withoutEmpty drops variables that are set to nothing, which count as unset and must not hide the secret's.
func withoutEmpty(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool { return strings.HasSuffix(entry, "=") && strings.Count(entry, "=") == 1 })
}

func lookup(environ []string, name string) string {
	found := ""
	for _, entry := range environ {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			found = value
		}
	}
	return found
}
