package fakecloud

import (
	"fmt"
	"strings"
	"time"
)

const (
	startsAfter    = 4 * time.Second
	runsFor        = 9 * time.Second
	rememberedFor  = time.Hour
	arnPrefix      = "arn:aws:ecs:eu-central-1:000000000000:"
	taskIDTemplate = "%032x"
)

type task struct {
	arn, definition, startedBy, token string
	command                           []any
	image                             Image
	began, stopAt                     time.Time
	never                             bool // it never ran
	stopped                           bool // by StopTask
	exit                              int
	environment                       map[string]string
}

// Task is what is told of a task that was started.
type Task struct {
	Definition, StartedBy string
	Command               []string
	Environment           map[string]string // of the order to start it
	Stopped               bool              // by StopTask
}

// Tasks are all that were ever started.
func (c *Cloud) Tasks() []Task {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var all []Task
	for _, one := range c.tasks {
		told := Task{Definition: one.definition, StartedBy: one.startedBy, Environment: one.environment, Stopped: one.stopped}
		for _, word := range one.command {
			told.Command = append(told.Command, fmt.Sprint(word))
		}
		all = append(all, told)
	}
	return all
}

func (c *Cloud) runTask(in object) (any, *refusal) {
	token := text(in, "clientToken")
	for _, known := range c.tasks {
		if token != "" && known.token == token {
			return object{"tasks": []object{c.renderTask(known)}, "failures": []object{}}, nil
		}
	}
	definition := c.definition(text(in, "taskDefinition"))
	if definition == nil {
		return nil, refuse("ClientException", "TaskDefinition not found.")
	}
	container := containerOf(definition)
	image := c.imageOf(text(container, "image"))
	started := &task{
		arn: arnPrefix + "task/" + text(in, "cluster") + "/" + fmt.Sprintf(taskIDTemplate, c.next()), definition: text(definition, "taskDefinitionArn"),
		startedBy: text(in, "startedBy"), token: token, image: image, began: c.now, stopAt: c.now.Add(runsFor), command: commandOf(in, container),
		environment: environmentOf(in),
	}
	if refused := started.script(); refused {
		return object{"tasks": []object{}, "failures": []object{{"reason": "RESOURCE:MEMORY", "detail": "Capacity is unavailable at this time"}}}, nil
	}
	c.tasks = append(c.tasks, started)
	return object{"tasks": []object{c.renderTask(started)}, "failures": []object{}}, nil
}

func environmentOf(in object) map[string]string {
	variables := map[string]string{}
	overrides, _ := in["overrides"].(object)
	for _, one := range list(overrides, "containerOverrides") {
		for _, pair := range list(one.(object), "environment") {
			variables[text(pair.(object), "name")] = text(pair.(object), "value")
		}
	}
	return variables
}

func commandOf(in, container object) []any {
	overrides, _ := in["overrides"].(object)
	for _, one := range list(overrides, "containerOverrides") {
		return list(one.(object), "command")
	}
	return list(container, "command")
}

// script lets a migration end as its image says, and the command "fail" with 3. It says whether ECS refuses the task.
func (t *task) script() bool {
	if len(t.command) > 0 && t.command[0] == "fail" {
		t.exit = 3
	}
	if len(t.command) > 0 && t.command[0] == "hang" {
		t.stopAt = t.began.Add(1000 * time.Hour)
	}
	if len(t.command) == 0 || t.command[0] != "migrate" {
		return false
	}
	switch t.image.Migration {
	case Migrates:
	case MigrationOne:
		t.exit = 1
	case MigrationPull:
		t.never = true
	case MigrationHang:
		t.stopAt = t.began.Add(1000 * time.Hour)
	case MigrationDeny:
		return true
	}
	return false
}

func (c *Cloud) renderTask(of *task) object {
	status := "PENDING"
	container := object{"name": "service", "lastStatus": "PENDING"}
	out := object{"taskArn": of.arn, "taskDefinitionArn": of.definition, "startedBy": of.startedBy, "containers": []object{container}}
	switch {
	case !c.now.Before(of.stopAt):
		status = "STOPPED"
		of.renderEnd(out, container)
	case !c.now.Before(of.began.Add(startsAfter)):
		status = "RUNNING"
	}
	out["lastStatus"] = status
	return out
}

func (t *task) renderEnd(out, container object) {
	container["lastStatus"] = "STOPPED"
	if t.never {
		out["stopCode"], out["stoppedReason"] = "TaskFailedToStart", "CannotPullContainerError: pull image manifest has been retried 5 time(s): not found"
		return
	}
	out["stopCode"], out["stoppedReason"] = "EssentialContainerExited", "Essential container in task exited"
	container["exitCode"] = t.exit
	if t.stopped {
		container["exitCode"] = 143
	}
}

func (c *Cloud) describeTasks(in object) (any, *refusal) {
	tasks, failures := []object{}, []object{}
	for _, arn := range list(in, "tasks") {
		if found := c.task(fmt.Sprint(arn)); found != nil && c.visible(found) {
			tasks = append(tasks, c.renderTask(found))
			continue
		}
		failures = append(failures, object{"arn": arn, "reason": "MISSING"})
	}
	return object{"tasks": tasks, "failures": failures}, nil
}

func (c *Cloud) visible(one *task) bool {
	return !c.now.Before(one.began.Add(c.Lag)) && c.now.Before(one.stopAt.Add(rememberedFor))
}

func (c *Cloud) task(arn string) *task {
	for _, one := range c.tasks {
		if one.arn == arn {
			return one
		}
	}
	return nil
}

func (c *Cloud) listTasks(in object) (any, *refusal) {
	arns := []string{}
	for _, one := range c.tasks {
		if one.startedBy == text(in, "startedBy") && c.now.Before(one.stopAt) {
			arns = append(arns, one.arn)
		}
	}
	return object{"taskArns": arns}, nil
}

func (c *Cloud) stopTask(in object) (any, *refusal) {
	found := c.task(text(in, "task"))
	if found == nil {
		return nil, refuse("InvalidParameterException", "The referenced task was not found.")
	}
	if c.now.Before(found.stopAt) {
		found.stopped, found.stopAt = true, c.now.Add(startsAfter)
	}
	return object{"task": c.renderTask(found)}, nil
}

// getLogEvents gives one line for every task that ran; the stream is prefix/container/id, as ECS names it.
func (c *Cloud) getLogEvents(in object) (any, *refusal) {
	stream := text(in, "logStreamName")
	for _, one := range c.tasks {
		ran := !one.never && !c.now.Before(one.began.Add(startsAfter))
		if !ran || stream != "ecs/service/"+one.arn[strings.LastIndex(one.arn, "/")+1:] {
			continue
		}
		events := []object{}
		if text(in, "nextToken") == "" {
			events = append(events, object{"timestamp": one.began.UnixMilli(), "message": fmt.Sprintf("ran %v", one.command)})
		}
		return object{"events": events, "nextForwardToken": "f/1"}, nil
	}
	return nil, refuse("ResourceNotFoundException", "The specified log stream does not exist.")
}

func (c *Cloud) next() int {
	c.serial++
	return c.serial
}

// Ended says whether every task has ended, or is about to because it was stopped.
func (c *Cloud) Ended() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, one := range c.tasks {
		if !one.stopped && c.now.Before(one.stopAt) {
			return false
		}
	}
	return true
}
