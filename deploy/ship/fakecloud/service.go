package fakecloud

import (
	"fmt"
	"strings"
	"time"
)

const (
	comesAfter   = 20 * time.Second
	crashesAfter = 30 * time.Second
	keepsFailed  = time.Minute
	scalesAfter  = 8 * time.Second
)

type service struct {
	name        string
	group       string // target group
	desired     int
	deployments []*deployment // newest first
	events      []object      // newest first
	before      object        // as it looked before the last update
	updated     time.Time
	updates     int
	was         int // tasks before the autoscaler changed their number
	scaled      time.Time
}

type deployment struct {
	id, definition string
	image          Image
	began          time.Time
	failed         time.Time
	rollsBack      bool // made by the circuit breaker
}

// Service adds a service with the newest revision of a family, without tasks, as Terraform does.
func (c *Cloud) Service(name, family, targetGroup string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.services[name] = &service{name: name, group: targetGroup}
	c.services[name].deploy(c, c.definition(family))
}

// Running is the image that a service's newest deployment runs, how many tasks it is to have, and how often it was updated.
func (c *Cloud) Running(name string) (image Image, definition string, desired, updates int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	found := c.services[name]
	found.move(c)
	newest := found.deployments[0]
	return newest.image, newest.definition, found.desired, found.updates
}

// Scale sets the number of tasks, as the autoscaler does; they come or go a little later.
func (c *Cloud) Scale(name string, desired int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	found := c.services[name]
	found.was, found.scaled, found.desired = found.desired, c.now, desired
}

// Answers says whether a shop of all the services answers.
func (c *Cloud) Answers() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, one := range c.services {
		one.move(c)
		if one.deployments[0].image.Start == Broken {
			return false
		}
	}
	return true
}

// Template registers a revision with the placeholder image, as Terraform does.
func (c *Cloud) Template(family, repositoryURL string, command ...string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	container := object{
		"name": "service", "image": repositoryURL + ":none", "essential": true,
		"logConfiguration": object{"logDriver": "awslogs", "options": object{"awslogs-group": family, "awslogs-stream-prefix": "ecs"}},
	}
	if len(command) > 0 {
		words := []any{}
		for _, word := range command {
			words = append(words, word)
		}
		container["command"] = words
	}
	_, _ = c.registerTaskDefinition(object{"family": family, "containerDefinitions": []any{container}})
}

// Revisions is how many revisions a family has.
func (c *Cloud) Revisions(family string) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return len(c.definitions[family])
}

func (c *Cloud) registerTaskDefinition(in object) (any, *refusal) {
	family := text(in, "family")
	made := object{}
	for name, value := range in {
		made[name] = value
	}
	revision := len(c.definitions[family]) + 1
	made["revision"], made["status"] = revision, "ACTIVE"
	made["taskDefinitionArn"] = fmt.Sprintf("%stask-definition/%s:%d", arnPrefix, family, revision)
	c.definitions[family] = append(c.definitions[family], made)
	return object{"taskDefinition": made}, nil
}

func (c *Cloud) describeTaskDefinition(in object) (any, *refusal) {
	found := c.definition(text(in, "taskDefinition"))
	if found == nil {
		return nil, refuse("ClientException", "Unable to describe task definition.")
	}
	return object{"taskDefinition": found}, nil
}

// definition finds by family, family:revision or ARN.
func (c *Cloud) definition(name string) object {
	name = name[strings.LastIndex(name, "/")+1:]
	if all := c.definitions[name]; len(all) > 0 {
		return all[len(all)-1]
	}
	for _, all := range c.definitions {
		for _, one := range all {
			if strings.HasSuffix(text(one, "taskDefinitionArn"), "/"+name) {
				return one
			}
		}
	}
	return nil
}

func containerOf(definition object) object {
	container, _ := list(definition, "containerDefinitions")[0].(object)
	return container
}

func (s *service) deploy(c *Cloud, definition object) {
	made := &deployment{
		id: fmt.Sprintf("ecs-svc/%d", c.next()), definition: text(definition, "taskDefinitionArn"),
		image: c.imageOf(text(containerOf(definition), "image")), began: c.now,
	}
	s.deployments = append([]*deployment{made}, s.deployments...)
}

func (s *service) say(c *Cloud, format string, values ...any) {
	event := object{"id": fmt.Sprint(c.next()), "createdAt": seconds(c.now), "message": "(service " + s.name + ") " + fmt.Sprintf(format, values...)}
	s.events = append([]object{event}, s.events...)
}

func (d *deployment) complete(c *Cloud) bool {
	return d.failed.IsZero() && (d.image.Start == Comes || d.image.Start == Unhealthy || d.image.Start == Broken) && !c.now.Before(d.began.Add(comesAfter))
}

// move lets time pass: what crashes is given up, the deployment before it is brought back, and what is over disappears.
func (s *service) move(c *Cloud) {
	newest := s.deployments[0]
	if newest.image.Start == Crashes && newest.failed.IsZero() && !c.now.Before(newest.began.Add(crashesAfter)) {
		newest.failed = c.now
		s.say(c, "has started 3 tasks that stopped: Essential container in task exited")
		if before := s.completed(c); before != nil {
			s.say(c, "rolling back to deployment %s.", before.id)
			s.deployments = append([]*deployment{{
				id: fmt.Sprintf("ecs-svc/%d", c.next()), definition: before.definition, image: before.image, began: c.now, rollsBack: true,
			}}, s.deployments...)
		}
	}
	if s.deployments[0].complete(c) {
		kept := s.deployments[:1]
		for _, older := range s.deployments[1:] {
			if !older.failed.IsZero() && c.now.Before(older.failed.Add(keepsFailed+comesAfter)) {
				kept = append(kept, older)
			}
		}
		s.deployments = kept
	}
}

func (s *service) completed(c *Cloud) *deployment {
	for _, older := range s.deployments[1:] {
		if older.complete(c) && older.image.Digest != "" {
			return older
		}
	}
	return nil
}

func (c *Cloud) describeServices(in object) (any, *refusal) {
	found, failures := []object{}, []object{}
	for _, name := range list(in, "services") {
		one, ok := c.services[fmt.Sprint(name)]
		switch {
		case !ok:
			failures = append(failures, object{"arn": name, "reason": "MISSING"})
		case one.before != nil && c.now.Before(one.updated.Add(c.Lag)):
			found = append(found, one.before)
		default:
			found = append(found, one.render(c))
		}
	}
	return object{"services": found, "failures": failures}, nil
}

func (s *service) render(c *Cloud) object {
	s.move(c)
	deployments := []object{}
	running := 0
	for index, one := range s.deployments {
		status := "ACTIVE"
		if index == 0 {
			status = "PRIMARY"
		}
		rendered := one.render(c, s.desired)
		if c.now.Before(s.scaled.Add(scalesAfter)) && one.complete(c) {
			rendered["runningCount"], rendered["pendingCount"] = s.was, max(0, s.desired-s.was)
		}
		rendered["status"] = status
		if index > 0 {
			rendered["desiredCount"] = 0
		}
		if index == 0 && one.complete(c) {
			running = s.desired
		}
		deployments = append(deployments, rendered)
	}
	return object{
		"serviceName": s.name, "status": "ACTIVE", "desiredCount": s.desired, "runningCount": running, "pendingCount": 0,
		"taskDefinition": s.deployments[0].definition, "deployments": deployments, "events": s.events,
	}
}

func (d *deployment) render(c *Cloud, desired int) object {
	out := object{
		"id": d.id, "taskDefinition": d.definition, "createdAt": seconds(d.began), "desiredCount": desired,
		"runningCount": 0, "pendingCount": desired, "rolloutState": "IN_PROGRESS", "rolloutStateReason": "ECS deployment " + d.id + " in progress.",
	}
	switch {
	case !d.failed.IsZero():
		out["rolloutState"], out["pendingCount"], out["rolloutStateReason"] = "FAILED", 0, "ECS deployment circuit breaker: tasks failed to start."
	case d.complete(c):
		out["rolloutState"], out["runningCount"], out["pendingCount"], out["rolloutStateReason"] = "COMPLETED", desired, 0, "ECS deployment "+d.id+" completed."
	}
	return out
}

func (c *Cloud) updateService(in object) (any, *refusal) {
	found, ok := c.services[text(in, "service")]
	if !ok {
		return nil, refuse("ServiceNotFoundException", "Service not found.")
	}
	found.before, found.updated = found.render(c), c.now
	if desired, ok := in["desiredCount"].(float64); ok {
		found.desired = int(desired)
	}
	if name := text(in, "taskDefinition"); name != "" {
		definition := c.definition(name)
		if definition == nil {
			return nil, refuse("ClientException", "TaskDefinition not found.")
		}
		if in["forceNewDeployment"] == true || text(definition, "taskDefinitionArn") != found.deployments[0].definition {
			found.updates++
			found.deploy(c, definition)
			found.say(c, "has started a deployment.")
		}
	}
	return object{"service": found.render(c)}, nil
}
