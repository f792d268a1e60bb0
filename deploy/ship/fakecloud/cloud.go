// Package fakecloud is the part of AWS that ship talks to, for tests: one state machine behind the JSON protocols of ECS, ECR,
// SSM and CloudWatch Logs and the query protocol of Elastic Load Balancing, with a clock of its own that moves only when
// somebody sleeps. What becomes of an image is scripted per image; faults are injected per call. It is no general imitation: it
// knows the calls that ship makes, as AWS documents them, and refuses all others. moto, which knows more calls and plays fewer
// outcomes, is used for the wire.
package fakecloud

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Call is one call as it arrives.
type Call struct {
	Operator  string // the access key that it is signed with
	Operation string // like "UpdateService"
	Number    int    // of this operator's calls, from 1
}

// Fault is what goes wrong with a call.
type Fault int

// The faults.
const (
	None        Fault = iota
	Throttle          // refused, to be tried again
	ErrorBefore       // 500, and nothing happened
	ErrorAfter        // 500, though it happened
	KillBefore        // the operator is dead from here on; the call did not get through
	KillAfter         // the operator is dead from here on; the call did
)

// Cloud is the fake. Its exported fields are set before it is used.
type Cloud struct {
	// Fault decides about each call; it is called without the lock, so it may use the cloud. nil: nothing goes wrong.
	Fault func(call Call) Fault
	// After is called when a call has had its effect and before it is answered. May be nil.
	After func(call Call)
	// Lag is how long DescribeServices, DescribeTasks and ListTasks answer with what was before.
	Lag time.Duration

	server *httptest.Server

	mutex       sync.Mutex
	now         time.Time
	counts      map[string]int
	killed      map[string]bool
	calls       []Call
	parameters  map[string]string
	images      map[string][]Image
	definitions map[string][]object
	services    map[string]*service
	tasks       []*task
	serial      int
}

type object = map[string]any

// New starts a cloud that ends with the test.
func New(t testing.TB) *Cloud {
	t.Helper()
	c := &Cloud{
		now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), counts: map[string]int{}, killed: map[string]bool{},
		parameters: map[string]string{}, images: map[string][]Image{}, definitions: map[string][]object{}, services: map[string]*service{},
	}
	c.server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(c.server.Close)
	return c
}

// Copy starts a second cloud in the state of this one, for tests that begin many times at the same place. Faults are not copied.
func (c *Cloud) Copy(t testing.TB) *Cloud {
	t.Helper()
	copied := New(t)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	copied.now, copied.serial, copied.Lag = c.now, c.serial, c.Lag
	maps.Copy(copied.parameters, c.parameters)
	for name, images := range c.images {
		copied.images[name] = slices.Clone(images)
	}
	for family, definitions := range c.definitions {
		copied.definitions[family] = slices.Clone(definitions)
	}
	for name, one := range c.services {
		copied.services[name] = one.copied()
	}
	for _, one := range c.tasks {
		same := *one
		copied.tasks = append(copied.tasks, &same)
	}
	return copied
}

func (s *service) copied() *service {
	same := *s
	same.deployments = nil
	for _, one := range s.deployments {
		deployment := *one
		same.deployments = append(same.deployments, &deployment)
	}
	return &same
}

// URL is the endpoint of all services.
func (c *Cloud) URL() string { return c.server.URL }

// Now is the time of the cloud; with Sleep it is a clock.Clock.
func (c *Cloud) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

// Sleep moves the clock and returns at once.
func (c *Cloud) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.Advance(d)
	return nil
}

// Advance moves the clock.
func (c *Cloud) Advance(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(d)
}

// Calls are those of an operator so far, by operation and in order.
func (c *Cloud) Calls(operator string) []Call {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var found []Call
	for _, call := range c.calls {
		if call.Operator == operator {
			found = append(found, call)
		}
	}
	return found
}

func (c *Cloud) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	operation := r.Header.Get("X-Amz-Target")
	if operation == "" {
		c.serveQuery(w, r, body)
		return
	}
	operation = operation[strings.LastIndex(operation, ".")+1:]
	answer := c.answer(r, operation, func() (any, *refusal) {
		var in object
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, refuse("SerializationException", "%v", err)
		}
		return c.handle(operation, in)
	})
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if answer.refusal != nil {
		w.Header().Set("X-Amzn-Errortype", answer.refusal.kind)
		w.WriteHeader(answer.refusal.status)
		_ = json.NewEncoder(w).Encode(object{"__type": answer.refusal.kind, "message": answer.refusal.message}) //nolint:errchkjson // texts always encode
		return
	}
	_ = json.NewEncoder(w).Encode(answer.value) //nolint:errchkjson // plain data
}

type answer struct {
	value   any
	refusal *refusal
}

type refusal struct {
	status        int
	kind, message string
}

func refuse(kind, format string, values ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, kind: kind, message: fmt.Sprintf(format, values...)}
}

// answer lets faults decide, then the handler.
func (c *Cloud) answer(r *http.Request, operation string, handle func() (any, *refusal)) answer {
	call, dead := c.arrive(r, operation)
	if dead {
		return answer{refusal: refuse("KilledException", "this operator is dead")}
	}
	fault := None
	if c.Fault != nil {
		fault = c.Fault(call)
	}
	switch fault {
	case Throttle:
		return answer{refusal: refuse("ThrottlingException", "Rate exceeded")}
	case ErrorBefore:
		return answer{refusal: &refusal{status: http.StatusInternalServerError, kind: "InternalFailure", message: "try again"}}
	case KillBefore:
		return c.kill(call.Operator)
	case None, ErrorAfter, KillAfter:
	}
	value, refused := c.locked(handle)
	if c.After != nil {
		c.After(call)
	}
	switch fault {
	case ErrorAfter:
		return answer{refusal: &refusal{status: http.StatusInternalServerError, kind: "InternalFailure", message: "try again"}}
	case KillAfter:
		return c.kill(call.Operator)
	case None, Throttle, ErrorBefore, KillBefore:
	}
	return answer{value: value, refusal: refused}
}

func (c *Cloud) locked(handle func() (any, *refusal)) (any, *refusal) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return handle()
}

func (c *Cloud) arrive(r *http.Request, operation string) (Call, bool) {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	operator, _, _ := strings.Cut(credential, "/")
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.killed[operator] {
		return Call{}, true
	}
	c.counts[operator]++
	call := Call{Operator: operator, Operation: operation, Number: c.counts[operator]}
	c.calls = append(c.calls, call)
	return call, false
}

func (c *Cloud) kill(operator string) answer {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.killed[operator] = true
	return answer{refusal: refuse("KilledException", "this operator is dead")}
}

func (c *Cloud) handle(operation string, in object) (any, *refusal) {
	handlers := map[string]func(object) (any, *refusal){
		"GetParameter": c.getParameter, "PutParameter": c.putParameter, "DeleteParameter": c.deleteParameter, "GetParametersByPath": c.getParametersByPath,
		"DescribeImages":         c.describeImages,
		"DescribeTaskDefinition": c.describeTaskDefinition, "RegisterTaskDefinition": c.registerTaskDefinition,
		"DescribeServices": c.describeServices, "UpdateService": c.updateService,
		"RunTask": c.runTask, "DescribeTasks": c.describeTasks, "ListTasks": c.listTasks, "StopTask": c.stopTask,
		"GetLogEvents": c.getLogEvents,
	}
	handler, ok := handlers[operation]
	if !ok {
		return nil, refuse("UnknownOperationException", "the fake does not know %s", operation)
	}
	return handler(in)
}

func text(in object, name string) string {
	value, _ := in[name].(string)
	return value
}

func list(in object, name string) []any {
	value, _ := in[name].([]any)
	return value
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
