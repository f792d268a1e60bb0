package chaos

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBooksAreRightAfterAStorm runs a short `scripts/chaos`. It is a process of its own, since with the race detector the sandbox and
// the customers would take most of the machine.
func TestBooksAreRightAfterAStorm(t *testing.T) {
	folder := os.Getenv("SHOP_BIN_DIR")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", ".local", "bin")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(folder, "chaos"), "-seed", "1", "-for", "12s")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) } // so that it stops its shop
	command.WaitDelay = 30 * time.Second
	said, err := command.CombinedOutput()
	if err != nil {
		t.Log(string(said))
	}
	require.NoError(t, err, "scripts/chaos --seed 1 --for 12s")
	require.Contains(t, string(said), "nothing is wrong")
}
