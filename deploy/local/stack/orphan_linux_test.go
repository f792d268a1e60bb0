package stack_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProgramsEndWithAKilledStack(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.Command(self)
	child.Env = append(m.options.Environ,
		childFolder+"="+m.options.BinDir, "DATA_DIR="+m.options.DataDir, "DATABASE_NAME="+m.options.Database, "ADMIN_DATABASE_URL="+m.options.AdminURL,
		"API_ADDR="+m.options.APIAddr, "SITE_ADDR="+m.options.SiteAddr, "MAILBOX_ADDR="+m.options.MailboxAddr, "SANDBOX_ADDR="+m.options.SandboxAddr)
	require.NoError(t, child.Start())
	answers(t, "http://"+m.options.APIAddr+"/healthz")
	var pids []int
	for _, program := range programs() {
		// the stand-in of the gateway answers without waiting for the others
		require.Eventually(t, func() bool { return len(m.started(program)) == 1 }, patience, tick, program)
		pids = append(pids, m.started(program)[0].PID)
	}

	require.NoError(t, child.Process.Kill())
	_ = child.Wait() // it was killed
	require.Eventually(t, func() bool {
		for _, pid := range pids {
			if runs(pid) {
				return false
			}
		}
		return true
	}, patience, tick)
	require.True(t, isFree(t, m.options.APIAddr))
}
