package browser

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// operate does what an operator does by scripts/admin, and gives what was printed. A running shop is found by DATA_DIR.
func operate(t testing.TB, arguments ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(binDir(), "admin"), arguments...)
	command.Env = append(os.Environ(), "DATA_DIR="+shop.data, "OPERATOR=Grace")
	printed, err := command.CombinedOutput()
	require.NoError(t, err, "%v: %s", arguments, printed)
	return string(printed)
}
