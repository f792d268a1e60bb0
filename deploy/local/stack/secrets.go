package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// secrets are made at the first start and kept with the data, so that cookies and codes survive a restart.
type secrets struct {
	SecretKey     string
	ServiceSecret string
	StripeKey     string
	WebhookSecret string
	// Passwords of the services' database roles, by service.
	Passwords map[string]string
}

func newSecrets() secrets {
	made := secrets{
		SecretKey:     identifier.New(50),
		ServiceSecret: identifier.New(40),
		StripeKey:     "sk_test_" + identifier.New(24),
		WebhookSecret: "whsec_" + identifier.New(32),
		Passwords:     map[string]string{},
	}
	for _, service := range services() {
		made.Passwords[service] = identifier.New(32)
	}
	return made
}

// loadSecrets reads the secrets of dataDir, or makes them.
func loadSecrets(dataDir string) (secrets, error) {
	path := filepath.Join(dataDir, "secrets.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		made := newSecrets()
		return made, saveSecrets(path, made)
	}
	if err != nil {
		return secrets{}, fmt.Errorf("read the local secrets: %w", err)
	}
	var kept secrets
	if err := json.Unmarshal(text, &kept); err != nil || !kept.complete() {
		return secrets{}, fmt.Errorf("%s is damaged: start once with --fresh", path)
	}
	return kept, nil
}

func (s secrets) complete() bool {
	for _, service := range services() {
		if s.Passwords[service] == "" {
			return false
		}
	}
	return s.SecretKey != "" && s.ServiceSecret != "" && s.StripeKey != "" && s.WebhookSecret != ""
}

// saveSecrets moves the file into place, so that a start that is cut short leaves no half of it.
func saveSecrets(path string, made secrets) error {
	text, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		return fmt.Errorf("write the local secrets: %w", err)
	}
	half := path + ".new"
	if err := os.WriteFile(half, text, 0o600); err != nil {
		return fmt.Errorf("write the local secrets: %w", err)
	}
	if err := os.Rename(half, path); err != nil {
		return fmt.Errorf("keep the local secrets: %w", err)
	}
	return nil
}
