//go:build unix

package localpostgres

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// The pinned download, and its major version.
const (
	downloadVersion = embeddedpostgres.PostgresVersion("17.5.0")
	downloadMajor   = 17
)

const downloadLimit = 10 * time.Minute // some 20 MB over a bad line

// download gets PostgreSQL's programs, once per machine, for where none is installed.
//
// The library knows where to get them and checks them, but only as part of starting a server, which fails as root and
// elsewhere would be a second server of no use. So it is shown a cluster that is none: it fetches and unpacks, fails to
// start that, and what counts is whether the programs are there.
func download(ctx context.Context, home home, logs io.Writer) (programs, error) {
	directory, err := downloadDirectory(home)
	if err != nil {
		return programs{}, err
	}
	bin := filepath.Join(directory, "programs", "bin")
	if found, ok := programsIn(ctx, bin); ok {
		return found, nil
	}
	_, _ = fmt.Fprintf(logs, "no PostgreSQL %d or newer is installed: downloading %s\n", oldestMajor, downloadVersion)
	fetchErr := fetchInTime(ctx, directory)
	if found, ok := programsIn(ctx, bin); ok {
		return found, nil
	}
	return programs{}, fmt.Errorf("no PostgreSQL %d or newer is installed and none could be downloaded; install one or set ADMIN_DATABASE_URL: %w", oldestMajor, fetchErr)
}

// downloadDirectory is one that the server's user can reach.
func downloadDirectory(home home) (string, error) {
	if home.user.foreign {
		path := "/var/tmp/startupwebapp-postgres-programs-" + string(downloadVersion)
		return path, ownDirectory(path, 0o755)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the download: %w", err)
	}
	return filepath.Join(cache, "startupwebapp", "postgres-"+string(downloadVersion)), nil
}

// fetchInTime bounds the download, which the library does not. One that was given up ends with the process.
func fetchInTime(ctx context.Context, directory string) error {
	ctx, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	fetched := make(chan error, 1)
	go func() { fetched <- fetch(directory) }()
	select {
	case err := <-fetched:
		return err
	case <-ctx.Done():
		return fmt.Errorf("download: %w", ctx.Err())
	}
}

func fetch(directory string) error {
	empty := filepath.Join(directory, "no-cluster")
	if err := os.MkdirAll(empty, 0o755); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if err := os.WriteFile(filepath.Join(empty, "PG_VERSION"), []byte(strconv.Itoa(downloadMajor)+"\n"), 0o600); err != nil {
		return fmt.Errorf("write version: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	return embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(downloadVersion).Port(uint32(port)).Logger(io.Discard).
		CachePath(filepath.Join(directory, "cache")).RuntimePath(filepath.Join(directory, "run")).
		BinariesPath(filepath.Join(directory, "programs")).DataPath(empty)).Start()
}
