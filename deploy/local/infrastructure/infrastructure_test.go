package infrastructure_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/infrastructure"
)

const summary = `{"type":"test_summary","test_summary":{"status":"pass"}}` + "\n"

func planned(t *testing.T, changes string) []infrastructure.Change {
	t.Helper()
	report, err := infrastructure.ReadReport(strings.NewReader(`{"type":"test_plan","@testrun":"again","test_plan":{"resource_changes":[` + changes + `]}}` + "\n" + summary))
	require.NoError(t, err)
	plan, err := report.Plan("again")
	require.NoError(t, err)
	return plan
}

func TestReportsAreNotTakenOnTrust(t *testing.T) {
	t.Parallel()
	report, err := infrastructure.ReadReport(strings.NewReader(summary))
	require.NoError(t, err)
	require.True(t, report.Passed)
	_, err = report.Plan("again")
	require.ErrorContains(t, err, "did not run")

	_, err = infrastructure.ReadReport(strings.NewReader(`{"type":"test_run"}`))
	require.ErrorContains(t, err, "ends before its summary")
	_, err = infrastructure.ReadReport(strings.NewReader(`{"type":`))
	require.Error(t, err)

	failed, err := infrastructure.ReadReport(strings.NewReader(`{"type":"diagnostic","@testrun":"closed","diagnostic":{"severity":"error","summary":"Test assertion failed","detail":"the database is public","range":{"filename":"a.tftest.hcl","start":{"line":3}}}}
{"type":"test_summary","test_summary":{"status":"fail"}}`))
	require.NoError(t, err)
	require.False(t, failed.Passed)
	require.Equal(t, []string{"a.tftest.hcl:3: closed: Test assertion failed: the database is public"}, failed.Problems)
}

func TestDriftIsOnlyWhatTheListAllows(t *testing.T) {
	t.Parallel()
	allowed, err := infrastructure.ReadAllowances(strings.NewReader(`[{"type":"aws_lost","attributes":["kept"],"why":"the fake forgets it"},{"type":"aws_swapped","attributes":["strategy"],"replace":true,"why":"the same"}]`))
	require.NoError(t, err)
	cases := []struct{ name, change, drifted string }{
		{"nothing", `{"address":"a","type":"aws_other","change":{"actions":["no-op"],"before":{"x":1},"after":{"x":1}}}`, ""},
		{"data is read", `{"address":"a","mode":"data","type":"aws_other","change":{"actions":["read"]}}`, ""},
		{"allowed attribute", `{"address":"a","type":"aws_lost","change":{"actions":["update"],"before":{"kept":1,"x":1},"after":{"kept":2,"x":1},"after_unknown":false}}`, ""},
		{"another attribute", `{"address":"a","type":"aws_lost","change":{"actions":["update"],"before":{"kept":1,"x":1},"after":{"kept":2,"x":2}}}`, "a: update of x"},
		{"attribute that vanishes", `{"address":"a","type":"aws_lost","change":{"actions":["update"],"before":{"x":1},"after":{}}}`, "a: update of x"},
		{"another type", `{"address":"a","type":"aws_other","change":{"actions":["update"],"before":{"kept":1},"after":{"kept":2}}}`, "a: update of kept"},
		{"only later known", `{"address":"a","type":"aws_other","change":{"actions":["update"],"before":{"x":1},"after":{},"after_unknown":{"x":true}}}`, "a: update of x"},
		{"replacement that is not allowed", `{"address":"a","type":"aws_lost","change":{"actions":["delete","create"],"before":{"kept":1},"after":{"kept":2}}}`, "a: delete+create"},
		{"allowed replacement", `{"address":"a","type":"aws_swapped","change":{"actions":["delete","create"],"before":{"strategy":[],"id":"1"},"after":{"strategy":[1]},"after_unknown":{"id":true}}}`, ""},
		{"creation is never allowed", `{"address":"a","type":"aws_swapped","change":{"actions":["create"],"before":null,"after":{"strategy":[1]}}}`, "a: create"},
		{"deletion is never allowed", `{"address":"a","type":"aws_swapped","change":{"actions":["delete"],"before":{"strategy":[1]},"after":null}}`, "a: delete"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.drifted, strings.Join(infrastructure.Drift(planned(t, test.change), allowed), "\n"))
		})
	}
}

func TestAllowancesSayWhy(t *testing.T) {
	t.Parallel()
	_, err := infrastructure.ReadAllowances(strings.NewReader(`[{"type":"aws_lost","attributes":["kept"]}]`))
	require.ErrorContains(t, err, "lacks")
	_, err = infrastructure.ReadAllowances(strings.NewReader(`[{"typo":"aws_lost"}]`))
	require.Error(t, err)
}

func TestBillCountsEveryResource(t *testing.T) {
	t.Parallel()
	prices, err := infrastructure.ReadPrices(strings.NewReader(`{"basis":"test","units":[
		{"line":"small database","type":"aws_db","where":{"class":"small","standby":false},"required":true,"usd":10},
		{"line":"storage","type":"aws_db","times":"gigabytes","usd":0.1},
		{"line":"rules","type":"aws_wall","times":"rule","usd":1},
		{"line":"alarms","type":"aws_alarm","usd":0.5,"allowance":2}],
		"usage":{"logs":1.5},"free":["aws_role"]}`))
	require.NoError(t, err)
	alarm := `{"address":"c","type":"aws_alarm","change":{"actions":["create"],"after":{}}}`
	lines, sum, err := prices.Bill(planned(t, `{"address":"a","type":"aws_db","change":{"actions":["create"],"after":{"class":"small","standby":false,"gigabytes":20}}},
		{"address":"b","type":"aws_wall","change":{"actions":["create"],"after":{"rule":[{},{},{}]}}},
		{"address":"r","type":"aws_role","change":{"actions":["create"],"after":{}}},`+alarm+","+alarm+","+alarm))
	require.NoError(t, err)
	require.InDelta(t, 10+2+3+0.5+1.5, sum, 0.001)
	require.Contains(t, infrastructure.Table(lines, sum), "| storage | 20 | 2.00 |")
	require.Contains(t, infrastructure.Table(lines, sum), "| **sum** | | **17.00** |")

	_, _, err = prices.Bill(planned(t, `{"address":"new","type":"aws_thing","change":{"actions":["create"],"after":{}}}`))
	require.ErrorContains(t, err, "new: no price fits")
	_, _, err = prices.Bill(planned(t, `{"address":"big","type":"aws_db","change":{"actions":["create"],"after":{"class":"big","standby":false,"gigabytes":20}}}`))
	require.ErrorContains(t, err, "big: no price fits")
	_, _, err = prices.Bill(planned(t, `{"address":"b","type":"aws_wall","change":{"actions":["create"],"after":{"rule":"many"}}}`))
	require.ErrorContains(t, err, "neither a number nor a list")
}
