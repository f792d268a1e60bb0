package stack

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// Options says where and how a shop is started. The zero value of a field takes its default.
type Options struct {
	// BinDir holds the built programs: user, order, payment, clientevent, gateway. Required.
	BinDir string
	// DataDir holds everything that outlives a run; default .local.
	DataDir string
	// Fresh begins with an empty DataDir and an empty database.
	Fresh bool
	// Instances is how many processes of each service run, 1 to 9; default 1. Further gateways listen on free ports.
	Instances int
	// APIAddr, SiteAddr, MailboxAddr, SandboxAddr are host:port; defaults as in the README.
	APIAddr, SiteAddr, MailboxAddr, SandboxAddr string
	// AdminURL is an administrator's URL of a PostgreSQL; empty starts a private one in DataDir.
	AdminURL string
	// Database is the name of the shop's database; default startupwebapp.
	Database string
	// Environ is handed to every process; what the stack computes itself gives way to what stands here.
	Environ []string
	// Out is told, line by line, what happens; default io.Discard.
	Out io.Writer
	// SiteDir is a folder like gateway/site whose pages are shown, with every change at the next reload; empty shows those
	// that are built in.
	SiteDir string
	// WithoutPrograms starts all but the programs: the caller runs them, by what Variables tells, and answers at APIAddr.
	WithoutPrograms bool
	// StandIn makes the sandbox know session ids that follow the rules of recorded cases.
	StandIn bool

	held reservations // of free ports
}

const (
	mostInstances  = 9
	defaultDataDir = ".local"
)

// FromEnvironment are the options that variables give; names and defaults stand in the README.
func FromEnvironment(environ []string) Options {
	lookup := lookupIn(environ)
	return Options{
		DataDir:     lookup("DATA_DIR"),
		APIAddr:     lookup("API_ADDR"),
		SiteAddr:    lookup("SITE_ADDR"),
		SiteDir:     lookup("SITE_DIR"),
		MailboxAddr: lookup("MAILBOX_ADDR"),
		SandboxAddr: lookup("SANDBOX_ADDR"),
		AdminURL:    lookup("ADMIN_DATABASE_URL"),
		Database:    lookup("DATABASE_NAME"),
		Environ:     environ,
	}
}

func lookupIn(environ []string) func(string) string {
	return func(name string) string {
		for i := len(environ) - 1; i >= 0; i-- {
			if value, found := strings.CutPrefix(environ[i], name+"="); found {
				return value
			}
		}
		return ""
	}
}

func (o Options) withDefaults() (Options, error) {
	o.DataDir = cmp.Or(o.DataDir, defaultDataDir)
	o.APIAddr = cmp.Or(o.APIAddr, "127.0.0.1:8000")
	o.SiteAddr = cmp.Or(o.SiteAddr, "127.0.0.1:8080")
	o.MailboxAddr = cmp.Or(o.MailboxAddr, "127.0.0.1:8025")
	o.SandboxAddr = cmp.Or(o.SandboxAddr, "127.0.0.1:8090")
	o.Database = cmp.Or(o.Database, defaultDatabase)
	o.Instances = cmp.Or(o.Instances, 1)
	if o.Out == nil {
		o.Out = io.Discard
	}
	absolute, err := filepath.Abs(o.DataDir)
	if err != nil {
		return o, fmt.Errorf("DATA_DIR: %w", err)
	}
	o.DataDir = absolute
	return o, o.check()
}

func (o Options) check() error {
	if o.Instances < 1 || o.Instances > mostInstances {
		return fmt.Errorf("instances: %d is not between 1 and %d", o.Instances, mostInstances)
	}
	given := lookupIn(o.Environ)
	if given("STRIPE_SECRET_KEY") != "" && given("STRIPE_PUBLISHABLE_KEY") == "" {
		return errors.New("STRIPE_PUBLISHABLE_KEY: expected the public key that belongs to STRIPE_SECRET_KEY")
	}
	if err := o.checkSite(); err != nil {
		return err
	}
	taken := map[string]string{}
	for _, port := range o.ports() {
		if _, _, err := net.SplitHostPort(port.address); err != nil {
			return fmt.Errorf("%s: expected host:port such as 127.0.0.1:8000", port.variable)
		}
		if other, twice := taken[port.address]; twice {
			return fmt.Errorf("%s and %s are the same address", other, port.variable)
		}
		taken[port.address] = port.variable
	}
	for _, name := range programs() {
		if _, err := os.Stat(filepath.Join(o.BinDir, name)); err != nil {
			return errors.New("the program " + name + " is not built: start the shop with scripts/up")
		}
	}
	return nil
}

func (o Options) checkSite() error {
	if o.SiteDir == "" {
		return nil
	}
	if info, err := os.Stat(filepath.Join(o.SiteDir, "frame")); err != nil || !info.IsDir() {
		return fmt.Errorf("SITE_DIR: expected a folder of pages such as gateway/site, got %s", o.SiteDir)
	}
	return nil
}
