package stack_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

func TestAShopComesUpAndGoesAway(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.options.Instances = 2
	shop := m.start()
	for _, url := range []string{shop.APIURL() + "/healthz", shop.SiteURL() + "/", shop.MailboxURL() + "/messages", shop.SandboxURL() + "/sandbox/requests"} {
		answers(t, url)
	}
	require.Equal(t, "http://localhost:"+port(t, m.options.APIAddr), shop.APIURL(), "pages, API and payment page share a host name")
	var pids []int
	for _, program := range programs() {
		require.Len(t, shop.Processes(program), 2)
		for _, process := range shop.Processes(program) {
			require.True(t, runs(process.PID()), process.Name)
			pids = append(pids, process.PID())
		}
	}
	require.Equal(t, m.options.APIAddr, shop.Processes("gateway")[0].Address)

	require.NoError(t, shop.Stop(t.Context()))
	require.NoError(t, shop.Stop(t.Context()), "twice")
	for _, pid := range pids {
		require.False(t, runs(pid))
	}
	for _, address := range []string{m.options.APIAddr, m.options.SiteAddr, m.options.MailboxAddr, m.options.SandboxAddr} {
		require.True(t, isFree(t, address), address)
	}
	require.Empty(t, m.out.String(), "nothing had to be said")
}

func port(t *testing.T, address string) string {
	t.Helper()
	_, found, err := net.SplitHostPort(address)
	require.NoError(t, err)
	return found
}

func TestAPortInUseIsNamedBeforeAnythingIsTouched(t *testing.T) {
	t.Parallel()
	for variable, pick := range map[string]func(*stack.Options) string{
		"API_ADDR": func(o *stack.Options) string { return o.APIAddr }, "SITE_ADDR": func(o *stack.Options) string { return o.SiteAddr },
		"MAILBOX_ADDR": func(o *stack.Options) string { return o.MailboxAddr }, "SANDBOX_ADDR": func(o *stack.Options) string { return o.SandboxAddr },
	} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.options.Fresh = true
			require.NoError(t, os.MkdirAll(filepath.Join(m.options.DataDir, "mailbox"), 0o755))
			other, err := net.Listen("tcp", pick(&m.options))
			require.NoError(t, err)
			t.Cleanup(func() { _ = other.Close() })
			said := m.refused()
			require.Contains(t, said, variable)
			require.Contains(t, said, pick(&m.options))
			require.DirExists(t, filepath.Join(m.options.DataDir, "mailbox"), "a fresh start that cannot be drops nothing")
		})
	}
}

func TestPagesOfAFolder(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.options.SiteDir = t.TempDir()
	require.NoError(t, os.CopyFS(m.options.SiteDir, site.Default()))
	shop := m.start()
	require.NoError(t, os.WriteFile(filepath.Join(m.options.SiteDir, "pages", "about.html"), []byte("<h1>About {{.API}}</h1>"), 0o600))
	answer, err := http.Get(shop.SiteURL() + "/about")
	require.NoError(t, err)
	page, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Contains(t, string(page), "<h1>About "+shop.APIURL()+"</h1>")
	require.Contains(t, answer.Header.Get("Content-Security-Policy"), shop.APIURL())
}

func TestSettingsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*stack.Options)
		want   string
	}{
		"no pages":       {func(o *stack.Options) { o.SiteDir = t.TempDir() }, "SITE_DIR"},
		"no port":        {func(o *stack.Options) { o.SiteAddr = "localhost" }, "SITE_ADDR"},
		"one port twice": {func(o *stack.Options) { o.SiteAddr = o.APIAddr }, "API_ADDR and SITE_ADDR"},
		"too many":       {func(o *stack.Options) { o.Instances = 10 }, "instances"},
		"less than none": {func(o *stack.Options) { o.Instances = -1 }, "instances"},
		"not built":      {func(o *stack.Options) { o.BinDir = t.TempDir() }, "scripts/up"},
		"no PostgreSQL":  {func(o *stack.Options) { o.AdminURL = "postgres://nobody:hunter2@127.0.0.1:1/postgres" }, "ADMIN_DATABASE_URL"},
		"no URL at all":  {func(o *stack.Options) { o.AdminURL = "hunter2" }, "ADMIN_DATABASE_URL"},
	} {
		m := newMachine(t)
		c.change(&m.options)
		said := m.refused()
		require.Contains(t, said, c.want, name)
		require.NotContains(t, said, "hunter2", name)
		require.Empty(t, m.started("user"), name)
	}
}

func TestSettingsFromTheEnvironment(t *testing.T) {
	t.Parallel()
	environ := []string{"API_ADDR=127.0.0.1:1", "API_ADDR=127.0.0.1:2", "SITE_ADDR=", "SITE_DIR=/s", "DATA_DIR=/d", "DATABASE_NAME=n", "ADMIN_DATABASE_URL=u", "X"}
	options := stack.FromEnvironment(environ)
	require.Equal(t, stack.Options{APIAddr: "127.0.0.1:2", SiteDir: "/s", DataDir: "/d", Database: "n", AdminURL: "u", Environ: environ}, options, "the last one wins")
}

func TestTwoShopsDoNotShareAFolder(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	shop := m.start()
	second := newMachine(t)
	second.options.DataDir, second.options.Fresh = m.options.DataDir, true
	require.Contains(t, second.refused(), "DATA_DIR")
	answers(t, shop.APIURL()+"/healthz")
	require.NoError(t, shop.Stop(t.Context()))
	second.start()
}

func TestAShopThatDoesNotGetReadyLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	m := newMachine(t, unready+"=1")
	ctx, giveUp := context.WithTimeout(t.Context(), time.Minute)
	defer giveUp()
	// Patience ends once the gateway has spoken: how long migrations take before it starts is the machine's business.
	var watch sync.WaitGroup
	defer watch.Wait()
	watch.Go(func() {
		for ctx.Err() == nil && !m.said("gateway", "the last line of gateway") {
			time.Sleep(20 * time.Millisecond)
		}
		giveUp()
	})
	_, err := stack.Start(ctx, m.options)
	require.ErrorContains(t, err, "did not become ready")
	require.ErrorContains(t, err, "the last line of gateway", "it tells what the programs said last")
	require.Len(t, m.started("gateway"), 1)
	for _, address := range []string{m.options.APIAddr, m.options.SiteAddr, m.options.MailboxAddr, m.options.SandboxAddr} {
		require.True(t, isFree(t, address), address)
	}
}

func secretsOf(t *testing.T, m *machine) string {
	t.Helper()
	path := filepath.Join(m.options.DataDir, "secrets.json")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestSecretsOutliveARestart(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	require.NoError(t, m.start().Stop(t.Context()))
	kept := secretsOf(t, m)
	require.NoError(t, m.start().Stop(t.Context()))
	require.Equal(t, kept, secretsOf(t, m))
	starts := m.started("gateway")
	require.Len(t, starts, 2)
	require.Equal(t, starts[0].Environ["SECRET_KEY"], starts[1].Environ["SECRET_KEY"])

	m.options.Fresh = true
	require.NoError(t, m.start().Stop(t.Context()))
	require.NotEqual(t, kept, secretsOf(t, m), "a fresh shop has secrets of its own")
}

func TestDamagedSecretsAreNotReplacedInSilence(t *testing.T) {
	t.Parallel()
	for _, damage := range []string{"", "{", "{}", `{"SecretKey":"x","ServiceSecret":"x","StripeKey":"x","WebhookSecret":"x"}`} {
		m := newMachine(t)
		require.NoError(t, os.MkdirAll(m.options.DataDir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(m.options.DataDir, "secrets.json"), []byte(damage), 0o600))
		said := m.refused()
		require.Contains(t, said, "secrets.json")
		require.Contains(t, said, "--fresh")
	}
}

func TestAFreshShopKeepsWhatIsNotAShops(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.options.Fresh = true
	for _, name := range []string{"mailbox/old", "sandbox/old", "logs/old", "bin/user"} {
		path := filepath.Join(m.options.DataDir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
	}
	m.start()
	for _, name := range []string{"mailbox/old", "sandbox/old", "logs/old"} {
		require.NoFileExists(t, filepath.Join(m.options.DataDir, name))
	}
	require.FileExists(t, filepath.Join(m.options.DataDir, "bin/user"))
}

func TestEachProgramIsToldWhatItNeeds(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.options.Instances = 2
	shop := m.start()
	told := map[string]map[string]string{}
	for _, program := range programs() {
		starts := m.started(program)
		require.NotEmpty(t, starts, program)
		told[program] = starts[0].Environ
	}
	for variable, holders := range map[string][]string{
		"SECRET_KEY": {"gateway", "user"}, "MAIL_TRANSPORT": {"user"}, "STRIPE_SECRET_KEY": {"payment"}, "STRIPE_WEBHOOK_SECRET": {"payment"},
		"STRIPE_API_URL": {"payment"}, "STRIPE_PUBLISHABLE_KEY": {"gateway"}, "USER_ADDR": {"gateway", "order"}, "PAYMENT_ADDR": {"gateway", "order"},
		"ORDER_ADDR": {"gateway"}, "CLIENTEVENT_ADDR": {"gateway"}, "SERVICE_SECRETS": programs(),
		"DATABASE_URL": {"user", "payment", "clientevent", "order"}, "GRPC_ADDR": {"user", "payment", "clientevent", "order"}, "ADMIN_DATABASE_URL": nil,
	} {
		var found []string
		for _, program := range programs() {
			if told[program][variable] != "" {
				found = append(found, program)
			}
		}
		require.ElementsMatch(t, holders, found, variable)
	}
	require.Equal(t, shop.Processes("user")[0].Address+","+shop.Processes("user")[1].Address, told["order"]["USER_ADDR"], "all instances")
	for _, service := range []string{"user", "payment", "clientevent", "order"} {
		url, err := shop.ServiceURL(service)
		require.NoError(t, err)
		require.Equal(t, url, told[service]["DATABASE_URL"])
		require.Contains(t, url, "//"+service+"_service_"+m.options.Database+":", "shops that share a cluster share no roles")
	}
}

func TestWhatTheCallerSetsWins(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "SITE_ORIGIN=https://shop.example", "STRIPE_SECRET_KEY=sk_live_1", "STRIPE_PUBLISHABLE_KEY=pk_live_1", "SECRET_KEY=mine", "MAIL_TRANSPORT=smtp://mail.example:25")
	m.start()
	user, payment, gateway := m.started("user")[0].Environ, m.started("payment")[0].Environ, m.started("gateway")[0].Environ
	require.Equal(t, "https://shop.example", gateway["SITE_ORIGIN"])
	require.Equal(t, "mine", gateway["SECRET_KEY"])
	require.Equal(t, "smtp://mail.example:25", user["MAIL_TRANSPORT"])
	require.Equal(t, "sk_live_1", payment["STRIPE_SECRET_KEY"])
	require.Empty(t, payment["STRIPE_API_URL"], "with a real key the sandbox stays out of it")
	require.Empty(t, payment["STRIPE_WEBHOOK_SECRET"])
}

func TestARealKeyNeedsThePublicOneThatBelongsToIt(t *testing.T) {
	t.Parallel()
	require.Contains(t, newMachine(t, "STRIPE_SECRET_KEY=sk_live_1").refused(), "STRIPE_PUBLISHABLE_KEY")
}

func TestTheWebhookSecretAloneReplacesTheSandboxs(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "STRIPE_WEBHOOK_SECRET=whsec_given")
	m.start()
	payment := m.started("payment")[0].Environ
	require.Equal(t, "whsec_given", payment["STRIPE_WEBHOOK_SECRET"])
	require.True(t, strings.HasPrefix(payment["STRIPE_SECRET_KEY"], "sk_test_"))
	require.NotEmpty(t, payment["STRIPE_API_URL"])
}
