// Package wire has only tests: they let ship speak to moto, a server that answers like AWS, so that what goes over the wire is
// understood by somebody else than us. The logic of rollouts is not tested here but against package fakecloud: moto keeps the
// old revision in a service's deployments for ever, has no task that fails, and no target that is unhealthy.
//
// moto_server is taken from PATH or .local/moto/bin. Without it the tests are skipped, or fail with REQUIRE_MOTO=true.
package wire
