// Package image finds the image that a version means. A version is a tag (the commit's SHA) or a digest; what is deployed is
// always a digest, so that nothing can change beneath a running service.
package image

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

const (
	digestPrefix = "sha256:"
	shownTags    = 5
	longestPage  = 1000 // images; a repository keeps the last 30
)

// Registry is the method of ECR that is needed.
type Registry interface {
	DescribeImages(ctx context.Context, in *ecr.DescribeImagesInput, options ...func(*ecr.Options)) (*ecr.DescribeImagesOutput, error)
}

// MissingError says that a repository has no such image, and which tags it has.
type MissingError struct {
	Repository, Version string
	Nearby              []string // tags, newest first
}

func (e *MissingError) Error() string {
	there := "it has none with a tag"
	if len(e.Nearby) > 0 {
		there = "the newest are " + strings.Join(e.Nearby, ", ")
	}
	return fmt.Sprintf("repository %s has no image %s; %s", e.Repository, e.Version, there)
}

// Digest returns the digest (sha256:...) of a version, or a *MissingError.
func Digest(ctx context.Context, registry Registry, repository, version string) (string, error) {
	wanted := types.ImageIdentifier{ImageTag: aws.String(version)}
	if strings.HasPrefix(version, digestPrefix) {
		wanted = types.ImageIdentifier{ImageDigest: aws.String(version)}
	}
	found, err := registry.DescribeImages(ctx, &ecr.DescribeImagesInput{RepositoryName: aws.String(repository), ImageIds: []types.ImageIdentifier{wanted}})
	var missing *types.ImageNotFoundException
	if errors.As(err, &missing) || (err == nil && len(found.ImageDetails) == 0) {
		return "", &MissingError{Repository: repository, Version: version, Nearby: newestTags(ctx, registry, repository)}
	}
	if err != nil {
		return "", fmt.Errorf("look for image %s in %s: %w", version, repository, err)
	}
	return aws.ToString(found.ImageDetails[0].ImageDigest), nil
}

// newestTags is a help for people; without it the error is still true.
func newestTags(ctx context.Context, registry Registry, repository string) []string {
	found, err := registry.DescribeImages(ctx, &ecr.DescribeImagesInput{RepositoryName: aws.String(repository), MaxResults: aws.Int32(longestPage)})
	if err != nil {
		return nil
	}
	slices.SortStableFunc(found.ImageDetails, func(a, b types.ImageDetail) int {
		return aws.ToTime(b.ImagePushedAt).Compare(aws.ToTime(a.ImagePushedAt))
	})
	var tags []string
	for _, detail := range found.ImageDetails {
		tags = append(tags, detail.ImageTags...)
	}
	return tags[:min(len(tags), shownTags)]
}
