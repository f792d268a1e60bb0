package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTheOnlyInstanceIsReplaced is the minimum profile: one of each, replaced one service after the other while people buy.
func TestTheOnlyInstanceIsReplaced(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	customers := begin(t, c)
	customers.awaitMore(t)
	replaceEach(t, customers, 1)
	customers.end()
	customers.requireNoFailure(t, "to the end")
	requireBooks(t, customers)
	requireViews(t, customers)
}

// TestTwoOfEach is the profile for high availability: it does not matter which gateway is asked, both instances of a service are
// replaced at once, one crashes, and others never become healthy.
func TestTwoOfEach(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	gatewaysBehave(t, c)
	customers := begin(t, c)
	customers.awaitMore(t)
	replaceEach(t, customers, 2)
	sickGateway(t, customers)
	sickInstance(t, customers)
	for _, service := range []string{"payment", "order"} {
		instanceCrashes(t, customers, service)
	}
	customers.end()
	customers.requireNoFailure(t, "to the end")
	requireBooks(t, customers)
	requireViews(t, customers)
}

// replaceEach replaces every service with as many new instances; no request may fail.
func replaceEach(t testing.TB, customers *load, each int) {
	t.Helper()
	c := customers.c
	served := c.edge.answers()
	before, began := served, time.Now()
	customers.requireNoFailure(t, "before the first replacement")
	for _, service := range services() {
		customers.slowestAnswer()
		start := time.Now()
		old := c.deploy(service, each)
		c.retire(old)
		took := time.Since(start)
		customers.awaitMore(t)
		customers.requireNoFailure(t, service)
		after := c.edge.answers()
		t.Logf("%d x %s: replaced in %s, %d requests, slowest %s", each, service, took.Round(10*time.Millisecond), after-served, customers.slowestAnswer())
		served = after
	}
	require.Greater(t, served, before)
	t.Logf("%d requests in %s while all five were replaced", served-before, time.Since(began).Round(100*time.Millisecond))
}
