package fakecloud

import (
	"strings"
	"time"
)

// Migration is what becomes of the migration of an image.
type Migration int

// How migrations end.
const (
	Migrates      Migration = iota
	MigrationOne            // exits with 1
	MigrationPull           // CannotPullContainerError: it never runs
	MigrationHang           // runs until it is stopped
	MigrationDeny           // ECS refuses to start it
)

// Start is what becomes of a service with an image.
type Start int

// How services come up.
const (
	Comes     Start = iota
	Crashes         // the circuit breaker takes it back
	Hangs           // it stays in progress
	Unhealthy       // it runs, but the load balancer finds it unhealthy
	Broken          // it runs and is healthy, but the shop does not answer
)

// Image is one image of a repository.
type Image struct {
	Tag, Digest string
	Migration   Migration
	Start       Start
}

// Push adds an image to a repository.
func (c *Cloud) Push(repository string, image Image) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.images[repository] = append(c.images[repository], image)
}

// Script changes what becomes of an image.
func (c *Cloud) Script(repository string, image Image) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for index, known := range c.images[repository] {
		if known.Tag == image.Tag {
			c.images[repository][index] = image
		}
	}
}

// imageOf finds the image of a reference by digest.
func (c *Cloud) imageOf(reference string) Image {
	_, digest, _ := strings.Cut(reference, "@")
	for _, images := range c.images {
		for _, image := range images {
			if image.Digest == digest {
				return image
			}
		}
	}
	return Image{}
}

func (c *Cloud) describeImages(in object) (any, *refusal) {
	images, ok := c.images[text(in, "repositoryName")]
	if !ok {
		return nil, refuse("RepositoryNotFoundException", "no repository %s", text(in, "repositoryName"))
	}
	wanted := list(in, "imageIds")
	details := []object{}
	for index, image := range images {
		if len(wanted) > 0 && !named(wanted[0], image) {
			continue
		}
		pushed := time.Date(2026, 11, 1, 0, 0, index, 0, time.UTC)
		details = append(details, object{"repositoryName": text(in, "repositoryName"), "imageDigest": image.Digest, "imageTags": []string{image.Tag}, "imagePushedAt": seconds(pushed)})
	}
	if len(details) == 0 && len(wanted) > 0 {
		return nil, refuse("ImageNotFoundException", "The image requested does not exist")
	}
	return object{"imageDetails": details}, nil
}

func named(wanted any, image Image) bool {
	id, _ := wanted.(object)
	return text(id, "imageTag") == image.Tag || text(id, "imageDigest") == image.Digest
}
