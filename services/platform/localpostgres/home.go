//go:build unix

package localpostgres

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// home is the directory of a cluster and the user who owns it.
type home struct {
	path string
	user account
}

// account is whom the server runs as.
type account struct {
	uid, gid int
	foreign  bool // another than ours: we are root
}

func (h home) data() string { return filepath.Join(h.path, "data") }
func (h home) initialised() bool {
	_, err := os.Stat(filepath.Join(h.data(), "PG_VERSION"))
	return err == nil
}

func (h home) logFile() string { return filepath.Join(h.path, "server.log") }

// openHome makes the directory, where its owner can reach it.
func openHome(dataDir string, logs io.Writer) (home, error) {
	path, err := filepath.Abs(dataDir)
	if err != nil {
		return home{}, fmt.Errorf("find directory: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return home{}, fmt.Errorf("make directory: %w", err)
	}
	owner := ownerFor(path)
	if owner.foreign && !reachable(filepath.Dir(path), owner) {
		moved := replacement(path)
		owner = ownerFor(moved)
		_, _ = fmt.Fprintf(logs, "PostgreSQL does not run as root and user %d cannot reach %s: its data lie in %s\n", owner.uid, path, moved)
		path = moved
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return home{}, fmt.Errorf("make directory: %w", err)
	}
	opened := home{path: path, user: owner}
	return opened, opened.take()
}

// take makes sure that the directory is ours: in /var/tmp anybody could have made one of that name before.
func (h home) take() error {
	info, err := os.Lstat(h.path)
	if err != nil {
		return fmt.Errorf("look at directory: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok {
		return fmt.Errorf("%s is not a directory", h.path)
	}
	if holder := int(stat.Uid); holder != h.user.uid && holder != os.Geteuid() {
		return fmt.Errorf("%s belongs to user %d", h.path, holder)
	}
	if err := os.Chmod(h.path, 0o700); err != nil {
		return fmt.Errorf("protect directory: %w", err)
	}
	return h.give(h.path)
}

// give makes the server's user the owner of a file.
func (h home) give(path string) error {
	if !h.user.foreign {
		return nil
	}
	if err := os.Lchown(path, h.user.uid, h.user.gid); err != nil {
		return fmt.Errorf("give to user %d: %w", h.user.uid, err)
	}
	return nil
}

// claim keeps other processes out until the file is closed; the system closes it when we die.
func (h home) claim() (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(h.path, "lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, errors.New("in use by another process")
	}
	return file, nil
}

// giveUp ends a claim at once. Closing alone would leave it to a child that another goroutine is starting just now, until
// that child runs its own program (flock(2): the lock belongs to the open file, not to one descriptor).
func giveUp(claim *os.File) error {
	return errors.Join(syscall.Flock(int(claim.Fd()), syscall.LOCK_UN), claim.Close())
}

// password reads the administrator's, or makes it up the first time.
func (h home) password() (string, error) {
	path := h.passwordFile()
	content, err := os.ReadFile(path)
	if err == nil && len(content) > 0 {
		return strings.TrimSpace(string(content)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read password: %w", err)
	}
	if h.initialised() {
		return "", fmt.Errorf("the administrator's password is missing: %s", path)
	}
	made := identifier.New(32)
	if err := os.WriteFile(path, []byte(made+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep password: %w", err)
	}
	return made, h.give(path)
}

func (h home) passwordFile() string { return filepath.Join(h.path, "password") }

func currentUser() account {
	return account{uid: os.Geteuid(), gid: os.Getegid()}
}

// ownerFor is ourselves, unless we are root.
func ownerFor(path string) account {
	if os.Geteuid() != 0 {
		return currentUser()
	}
	if info, err := os.Lstat(filepath.Join(path, "data")); err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 {
			return account{uid: int(stat.Uid), gid: int(stat.Gid), foreign: true}
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if found, ok := lookUp(name); ok {
			return found
		}
	}
	return account{uid: 65534, gid: 65534, foreign: true}
}

func lookUp(name string) (account, bool) {
	found, err := user.Lookup(name)
	if err != nil {
		return account{}, false
	}
	uid, uidErr := strconv.Atoi(found.Uid)
	gid, gidErr := strconv.Atoi(found.Gid)
	return account{uid: uid, gid: gid, foreign: true}, uidErr == nil && gidErr == nil && uid != 0
}

// reachable tells whether owner may pass through dir and every directory above it.
func reachable(dir string, owner account) bool {
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	for {
		if info, err := os.Stat(dir); err == nil && !passable(info, owner) {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

func passable(info fs.FileInfo, owner account) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	switch mode := info.Mode().Perm(); {
	case int(stat.Uid) == owner.uid:
		return mode&0o100 != 0
	case int(stat.Gid) == owner.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// replacement is the same for the same directory, so that the data are found again. The long-lived /var/tmp, not /tmp.
func replacement(path string) string {
	sum := sha256.Sum256([]byte(path))
	return "/var/tmp/startupwebapp-postgres-" + hex.EncodeToString(sum[:])[:12]
}

// temporaryParent holds the clusters of StartTemporary; only its owner may write there.
func temporaryParent() (string, error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("startupwebapp-postgres-%d", os.Geteuid()))
	if os.Geteuid() == 0 && !reachable(os.TempDir(), ownerFor(path)) {
		path = "/var/tmp/startupwebapp-postgres-0"
	}
	return path, ownDirectory(path, 0o711)
}

// ownDirectory makes a directory in a place where everybody may, and refuses one that somebody else made before.
func ownDirectory(path string, mode fs.FileMode) error {
	if err := os.Mkdir(path, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make directory: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("look at directory: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to somebody else", path)
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("open directory: %w", err)
	}
	return nil
}
