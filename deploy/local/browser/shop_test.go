package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	// patience is how long anything that a test waits for may take.
	patience = 20 * time.Second
	tick     = 25 * time.Millisecond
)

// addresses are where the shop's parts answer: scheme, host and port.
type addresses struct {
	site, api, mailbox, sandbox string
	// data is the shop's DATA_DIR, by which operators find it.
	data string
}

// shop and chromium are started once for all tests; each test acts as customers of its own.
var (
	shop     addresses
	chromium context.Context
)

func TestMain(m *testing.M) {
	code, err := runInShop(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runInShop(m *testing.M) (code int, err error) {
	program, err := findChromium()
	if err != nil {
		return 1, err
	}
	stopShop, err := openShop()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, stopShop()) }()
	stopChromium, err := startChromium(program)
	if err != nil {
		return 1, err
	}
	defer stopChromium()
	return m.Run(), nil
}

// openShop starts a shop, or takes the one that SHOP_RUNNING names.
func openShop() (stop func() error, err error) {
	if running := os.Getenv("SHOP_RUNNING"); running != "" {
		shop, err = runningShop(running)
		lastAddress.Store(rand.Uint32N(1 << 24)) // it still counts what the addresses of earlier runs have done
		return func() error { return nil }, err
	}
	return startShop()
}

// runningShop is one on the ports of scripts/up, or on those that its variables name.
func runningShop(site string) (addresses, error) {
	parsed, err := url.Parse(site)
	if err != nil || parsed.Host == "" {
		return addresses{}, errors.New("SHOP_RUNNING: expected the address of the pages, such as http://localhost:8080")
	}
	at := func(variable, port string) string {
		if address := os.Getenv(variable); address != "" {
			return "http://" + strings.Replace(address, "127.0.0.1", "localhost", 1)
		}
		return parsed.Scheme + "://" + parsed.Hostname() + ":" + port
	}
	return addresses{
		site: strings.TrimSuffix(site, "/"), api: at("API_ADDR", "8000"), mailbox: at("MAILBOX_ADDR", "8025"), sandbox: at("SANDBOX_ADDR", "8090"),
		data: cmp.Or(os.Getenv("DATA_DIR"), filepath.Join(root, ".local")),
	}, nil
}

func binDir() string { return cmp.Or(os.Getenv("SHOP_BIN_DIR"), filepath.Join(root, ".local", "bin")) }

func startShop() (stop func() error, err error) {
	adminURL := os.Getenv("ADMIN_DATABASE_URL")
	if adminURL == "" {
		return nil, errors.New("the browser tests need ADMIN_DATABASE_URL: run them with scripts/test ./deploy/local/browser, or set SHOP_RUNNING=http://localhost:8080 beside scripts/up")
	}
	data, err := os.MkdirTemp("", "browsertest-")
	if err != nil {
		return nil, err
	}
	options := stack.Options{
		BinDir: binDir(), DataDir: data, AdminURL: adminURL, Out: os.Stderr,
		Database: "browsertest_" + strings.ToLower(identifier.New(8)),
		Environ:  append(os.Environ(), "TRUSTED_PROXY_HOPS=1", "SWEEP_INTERVAL=1s"),
	}
	if err := options.UseFreePorts(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(data))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	started, err := stack.Start(ctx, options)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(data))
	}
	shop = addresses{site: started.SiteURL(), api: started.APIURL(), mailbox: started.MailboxURL(), sandbox: started.SandboxURL(), data: data}
	return func() error {
		ctx := context.Background() // both bound themselves
		return errors.Join(started.Stop(ctx), stack.DropDatabase(ctx, adminURL, options.Database), os.RemoveAll(data))
	}, nil
}

// root is the top of the repository, seen from this package.
var root = filepath.Join("..", "..", "..")

func findChromium() (string, error) {
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "chrome"} {
		if name == "" {
			continue
		}
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", errors.New("the browser tests need Chromium: install the package chromium, or name the program in CHROMIUM")
}

func startChromium(program string) (stop func(), err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-search-engine-choice-screen", true),
	)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's own refuses root
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopBrowser := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		stopBrowser()
		stopAllocator()
		return nil, fmt.Errorf("start Chromium: %w", err)
	}
	chromium = ctx
	return func() { stopBrowser(); stopAllocator() }, nil
}
