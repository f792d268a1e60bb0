package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/chaos"
)

func TestWhatWouldTestNothingIsRefused(t *testing.T) {
	t.Parallel()
	good := chaos.Run{Lasts: time.Second, Customers: 1}
	require.NoError(t, check(good, ""))
	for _, race := range chaos.Races() {
		require.NoError(t, check(good, race.Name))
		require.ErrorContains(t, check(good, "nosuch"), race.Name)
	}
	require.ErrorContains(t, check(chaos.Run{Lasts: 0, Customers: 1}, ""), "--for 0s")
	require.ErrorContains(t, check(chaos.Run{Lasts: -time.Second, Customers: 1}, ""), "--for -1s")
	require.ErrorContains(t, check(chaos.Run{Lasts: time.Second, Customers: 0}, ""), "--customers 0")
}
