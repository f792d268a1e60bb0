// Package definition makes task definitions: the newest template that Terraform registered, with the image set by digest.
// Terraform owns everything else in them, so a changed variable takes effect with the next deploy and ship never edits one.
package definition

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	// placeholderTag is the tag of the image that templates name, behind the repository's address.
	placeholderTag = ":none"
	templateLabel  = "ship.template"
	versionLabel   = "ship.version"
)

// ECS are the methods that are needed.
type ECS interface {
	DescribeTaskDefinition(ctx context.Context, in *ecs.DescribeTaskDefinitionInput, options ...func(*ecs.Options)) (*ecs.DescribeTaskDefinitionOutput, error)
	RegisterTaskDefinition(ctx context.Context, in *ecs.RegisterTaskDefinitionInput, options ...func(*ecs.Options)) (*ecs.RegisterTaskDefinitionOutput, error)
}

// Short is "family:revision" of an ARN.
func Short(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// Template is a registered template.
type Template struct{ definition *types.TaskDefinition }

// Newest reads the newest active revision of a template's family.
func Newest(ctx context.Context, api ECS, family string) (Template, error) {
	read, err := Read(ctx, api, family)
	if err != nil {
		return Template{}, fmt.Errorf("read the template: %w", err)
	}
	return Template{definition: read}, nil
}

// Read returns a definition by family (then its newest active revision), family:revision or ARN.
func Read(ctx context.Context, api ECS, name string) (*types.TaskDefinition, error) {
	found, err := api.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(name)})
	if err != nil {
		return nil, fmt.Errorf("task definition %s: %w", name, err)
	}
	return found.TaskDefinition, nil
}

// Name is "family:revision".
func (t Template) Name() string { return Short(aws.ToString(t.definition.TaskDefinitionArn)) }

// Image is the reference of digest in the repository that the template names.
func (t Template) Image(digest string) (string, error) {
	for _, container := range t.definition.ContainerDefinitions {
		if repository, ok := strings.CutSuffix(aws.ToString(container.Image), placeholderTag); ok {
			return repository + "@" + digest, nil
		}
	}
	return "", fmt.Errorf("template %s has no container whose image ends with %s", t.Name(), placeholderTag)
}

// Register makes the definition of image in family, and returns its ARN. When the family's newest revision is just that, it is
// used again: a command that is repeated leaves no rows of equal revisions.
//
// guard is called right before anything is changed; its error ends it.
func (t Template) Register(ctx context.Context, api ECS, family, image, version string, guard func(context.Context) error) (string, error) {
	if arn := t.registered(ctx, api, family, image); arn != "" {
		return arn, nil
	}
	if err := guard(ctx); err != nil {
		return "", err
	}
	made, err := api.RegisterTaskDefinition(ctx, t.input(family, image, version))
	if err != nil {
		return "", fmt.Errorf("register a revision of %s: %w", family, err)
	}
	return aws.ToString(made.TaskDefinition.TaskDefinitionArn), nil
}

// registered looks for what Register would make. That it cannot look only means that one more revision is made.
func (t Template) registered(ctx context.Context, api ECS, family, image string) string {
	newest, err := Read(ctx, api, family)
	if err != nil {
		return ""
	}
	container, err := Container(newest)
	if err != nil || aws.ToString(container.Image) != image || container.DockerLabels[templateLabel] != t.Name() {
		return ""
	}
	return aws.ToString(newest.TaskDefinitionArn)
}

func (t Template) input(family, image, version string) *ecs.RegisterTaskDefinitionInput {
	from := t.definition
	containers := make([]types.ContainerDefinition, len(from.ContainerDefinitions))
	for index, container := range from.ContainerDefinitions {
		if strings.HasSuffix(aws.ToString(container.Image), placeholderTag) {
			container.Image = aws.String(image)
			container.DockerLabels = labelled(container.DockerLabels, t.Name(), version)
		}
		containers[index] = container
	}
	return &ecs.RegisterTaskDefinitionInput{
		Family: aws.String(family), ContainerDefinitions: containers,
		Cpu: from.Cpu, Memory: from.Memory, EphemeralStorage: from.EphemeralStorage,
		ExecutionRoleArn: from.ExecutionRoleArn, TaskRoleArn: from.TaskRoleArn,
		NetworkMode: from.NetworkMode, PidMode: from.PidMode, IpcMode: from.IpcMode,
		RequiresCompatibilities: from.RequiresCompatibilities, RuntimePlatform: from.RuntimePlatform,
		Volumes: from.Volumes, PlacementConstraints: from.PlacementConstraints, ProxyConfiguration: from.ProxyConfiguration,
		EnableFaultInjection: from.EnableFaultInjection,
	}
}

func labelled(labels map[string]string, template, version string) map[string]string {
	all := map[string]string{templateLabel: template, versionLabel: version}
	for name, value := range labels {
		all[name] = value
	}
	return all
}

// Container is the one container whose end is the task's: the essential one.
func Container(of *types.TaskDefinition) (types.ContainerDefinition, error) {
	for _, container := range of.ContainerDefinitions {
		if container.Essential == nil || *container.Essential {
			return container, nil
		}
	}
	return types.ContainerDefinition{}, errors.New("the task definition has no essential container")
}
