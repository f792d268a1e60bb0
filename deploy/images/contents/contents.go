// Package contents is what lies beside the program in the root file system of a container of the shop, and who may do what with it.
//
// Building the program is the script rootfs's business.
package contents

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/images/authorities"
	"github.com/bartgottschalk/startupwebapp/deploy/images/bill"
)

// User is the number of the user, and of its group, that the programs run as.
const User = 65532

const (
	program = "service"
	users   = "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
	groups  = "root:x:0:\nnonroot:x:65532:\n"
)

// Furnish completes the directory root, in which only the program lies, as /service: certificates, users, the bill of
// materials with the given version. Nobody may write anything, and everything is from the same moment.
func Furnish(root, version string, moment time.Time) error {
	public, err := authorities.Public()
	if err != nil {
		return err
	}
	materials, err := bill.Write(filepath.Join(root, program), version)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"etc/passwd":                        []byte(users),
		"etc/group":                         []byte(groups),
		"etc/ssl/certs/ca-certificates.crt": public,
		"etc/ssl/rds.pem":                   authorities.RDS(),
		"sbom.json":                         materials,
	} {
		if err := put(filepath.Join(root, name), content); err != nil {
			return err
		}
	}
	return settle(root, moment)
}

func put(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // the user of the container reads it
		return err
	}
	return os.WriteFile(name, content, 0o644) //nolint:gosec // the user of the container reads it
}

// settle sets modes and times whatever the umask; directories last, for what is done inside changes their time.
func settle(root string, moment time.Time) error {
	var found []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		found = append([]string{name}, found...)
		return os.Chmod(name, modeOf(root, name, entry)) //nolint:gosec // nobody else writes to what is being made
	})
	for _, name := range found {
		err = errors.Join(err, os.Chtimes(name, moment, moment))
	}
	if err != nil {
		return fmt.Errorf("set modes and times: %w", err)
	}
	return nil
}

func modeOf(root, name string, entry fs.DirEntry) fs.FileMode {
	switch {
	case entry.IsDir():
		return 0o755
	case name == filepath.Join(root, program):
		return 0o555
	}
	return 0o444
}
