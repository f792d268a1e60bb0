// Package shop is what an operator's commands know of a running shop: the names of everything that Terraform made for one
// tenant in one environment. Terraform writes the document (module shop), ship reads it; nothing is guessed from tags.
package shop

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// documentVersion is the only form that is understood.
const documentVersion = 1

// Name says which shop is meant.
type Name struct{ Project, Environment, Tenant string }

// Parameter is where the document lies in SSM Parameter Store; what ship notes of a service lies beneath Service(name).
func (n Name) Parameter() string { return n.prefix() + "/shop" }

// Service is the prefix of the parameters of one service (or of "site"), without a slash at the end.
func (n Name) Service(service string) string { return n.prefix() + "/" + service }

func (n Name) prefix() string { return "/" + n.Project + "/" + n.Environment + "/" + n.Tenant }

// Shop is the document.
type Shop struct {
	Version        int                `json:"version"`
	Region         string             `json:"region"`
	Cluster        string             `json:"cluster"` // name of the ECS cluster
	Subnets        []string           `json:"subnets"` // where tasks run
	AssignPublicIP bool               `json:"assign_public_ip"`
	APIOrigin      string             `json:"api_origin"`
	SiteOrigin     string             `json:"site_origin"`
	LoadBalancer   string             `json:"load_balancer"` // DNS name, for checks before the shop's own name leads there
	Services       map[string]Service `json:"services"`      // user, order, payment, clientevent, gateway
	Site           Site               `json:"site"`
	Database       Database           `json:"database"`
}

// Service is one of the five.
type Service struct {
	Service           string `json:"service"`            // of ECS
	Family            string `json:"family"`             // of task definitions, which ship registers
	Template          string `json:"template"`           // family that Terraform registers: all but the image
	MigrationTemplate string `json:"migration_template"` // the same of the migration; empty for the gateway
	Repository        string `json:"repository"`         // ECR repository, without the registry
	SecurityGroup     string `json:"security_group"`
	Secret            string `json:"secret"` // name in Secrets Manager of the JSON object of its secret variables
	LogGroup          string `json:"log_group"`
	TargetGroup       string `json:"target_group"` // ARN; of the gateway alone
	Minimum           int32  `json:"minimum"`      // tasks
}

// Site is where the pages lie and what they are told.
type Site struct {
	Bucket       string `json:"bucket"`
	Distribution string `json:"distribution"` // id
	ShopName     string `json:"shop_name"`
	Phone        string `json:"phone"`
	PhoneTarget  string `json:"phone_target"`
	Email        string `json:"email"`
}

// Database is the shared instance and this shop's database in it.
type Database struct {
	Instance string `json:"instance"` // identifier
	Name     string `json:"name"`
	Host     string `json:"host"`
	Port     int32  `json:"port"`
}

// Names are the five services in the order of a deploy: who is called before who calls.
func Names() []string { return []string{"user", "payment", "order", "clientevent", "gateway"} }

// Parse reads the document. The error names the first thing that is missing.
func Parse(text []byte) (Shop, error) {
	var read Shop
	if err := json.Unmarshal(text, &read); err != nil {
		return Shop{}, fmt.Errorf("read the shop's document: %w", err)
	}
	if err := read.check(); err != nil {
		return Shop{}, fmt.Errorf("read the shop's document: %w", err)
	}
	return read, nil
}

func (s Shop) check() error {
	if s.Version != documentVersion {
		return fmt.Errorf("it has version %d, this ship understands %d", s.Version, documentVersion)
	}
	if s.Cluster == "" || len(s.Subnets) == 0 {
		return errors.New("it lacks cluster or subnets")
	}
	for _, name := range Names() {
		service, ok := s.Services[name]
		required := []string{service.Service, service.Family, service.Template, service.Repository, service.SecurityGroup, service.Secret, service.LogGroup}
		if !ok || slices.Contains(required, "") {
			return fmt.Errorf("it lacks something of service %s", name)
		}
	}
	return nil
}
