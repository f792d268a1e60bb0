package secret_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/secret"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

const live = "sk_live_0123456789"

func answers(t *testing.T) secret.Ask {
	t.Helper()
	return func(_ context.Context, _, key string) (string, error) {
		known := map[string]string{"STRIPE_SECRET_KEY": live, "STRIPE_WEBHOOK_SECRET": "whsec_0123", "STRIPE_PUBLISHABLE_KEY": "pk_live_0123"}
		require.Contains(t, known, key, "nothing else is asked for")
		return known[key], nil
	}
}

// complete says that all five could start and agree with each other.
func complete(t *testing.T, m *manager) {
	t.Helper()
	user, gateway := m.variables(t, "user"), m.variables(t, "gateway")
	require.GreaterOrEqual(t, len(user["SECRET_KEY"]), 32)
	require.Equal(t, user["SECRET_KEY"], gateway["SECRET_KEY"])
	require.GreaterOrEqual(t, len(user["SERVICE_SECRETS"]), 32)
	passwords := map[string]bool{}
	for _, service := range shop.Names() {
		held := m.variables(t, service)
		require.Equal(t, user["SERVICE_SECRETS"], held["SERVICE_SECRETS"], service)
		if service == "gateway" {
			require.NotContains(t, held, "DATABASE_URL")
			continue
		}
		address, err := url.Parse(held["DATABASE_URL"])
		require.NoError(t, err)
		require.Equal(t, "main_"+service, address.User.Username())
		require.Equal(t, "db.example:5432", address.Host)
		require.Equal(t, "/main", address.Path)
		require.Equal(t, "sslmode=verify-full&sslrootcert=/etc/ssl/rds.pem", address.RawQuery)
		password, _ := address.User.Password()
		require.Len(t, password, 40)
		passwords[password] = true
	}
	require.Len(t, passwords, 4, "each role has its own")
	require.Equal(t, live, m.variables(t, "payment")["STRIPE_SECRET_KEY"])
	require.Equal(t, "pk_live_0123", gateway["STRIPE_PUBLISHABLE_KEY"])
}

func TestFillMakesAllKeysOnce(t *testing.T) {
	t.Parallel()
	m := newManager()
	changed, err := m.vault().Fill(t.Context(), answers(t))
	require.NoError(t, err)
	require.Len(t, changed, 14)
	complete(t, m)
	before, writes := m.variables(t, "user"), m.writes
	changed, err = m.vault().Fill(t.Context(), func(context.Context, string, string) (string, error) { return "", errors.New("asked again") })
	require.NoError(t, err)
	require.Empty(t, changed)
	require.Equal(t, writes, m.writes, "twice changes nothing")
	require.Equal(t, before, m.variables(t, "user"))
}

func TestFillKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	m := newManager()
	m.put("payment", map[string]string{"OTHER": "kept", "STRIPE_SECRET_KEY": "sk_live_old", "SERVICE_SECRETS": "of-those-that-run-already-12345678"})
	_, err := m.vault().Fill(t.Context(), answers(t))
	require.NoError(t, err)
	held := m.variables(t, "payment")
	require.Equal(t, "kept", held["OTHER"])
	require.Equal(t, "sk_live_old", held["STRIPE_SECRET_KEY"])
	require.Equal(t, "of-those-that-run-already-12345678", m.variables(t, "user")["SERVICE_SECRETS"], "what runs is not cut off")
}

func TestFillSaysWhatIsStillMissing(t *testing.T) {
	t.Parallel()
	m := newManager()
	_, err := m.vault().Fill(t.Context(), func(context.Context, string, string) (string, error) { return "", nil })
	require.ErrorIs(t, err, secret.ErrMissing)
	require.ErrorContains(t, err, "payment STRIPE_WEBHOOK_SECRET")
	rows, err := m.vault().List(t.Context())
	require.NoError(t, err)
	missing := map[string]bool{}
	for _, row := range rows {
		if row.Required && !row.Present {
			missing[row.Service+" "+row.Key] = true
		}
		require.False(t, row.Differs)
	}
	require.Equal(t, map[string]bool{"payment STRIPE_SECRET_KEY": true, "payment STRIPE_WEBHOOK_SECRET": true, "gateway STRIPE_PUBLISHABLE_KEY": true}, missing)
	_, err = m.vault().Fill(t.Context(), answers(t))
	require.NoError(t, err)
	complete(t, m)
}

func TestFillsAtOnceAgree(t *testing.T) {
	t.Parallel()
	for range 20 {
		m := newManager()
		var group sync.WaitGroup
		errs := make([]error, 3)
		for i := range errs {
			group.Go(func() { _, errs[i] = m.vault().Fill(context.Background(), answers(t)) })
		}
		group.Wait()
		require.NoError(t, errors.Join(errs...))
		complete(t, m)
	}
}

func TestFillGoesOnAfterAKillAtAnyCall(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for failAt := 1; ; failAt++ {
			m := newManager()
			m.revive(failAt, after)
			_, err := m.vault().Fill(t.Context(), answers(t))
			if err == nil {
				require.Greater(t, failAt, 15)
				break
			}
			require.ErrorIs(t, err, errKilled)
			held := m.variables(t, "user")
			m.revive(0, false)
			_, err = m.vault().Fill(t.Context(), answers(t))
			require.NoError(t, err)
			complete(t, m)
			if first := held["SERVICE_SECRETS"]; first != "" {
				require.Equal(t, first, m.variables(t, "user")["SERVICE_SECRETS"])
			}
		}
	}
}

func TestTwoThatChangeDifferentKeysLoseNothing(t *testing.T) {
	t.Parallel()
	m := newManager()
	_, err := m.vault().Fill(t.Context(), answers(t))
	require.NoError(t, err)
	var group sync.WaitGroup
	errs := make([]error, 2)
	group.Go(func() {
		_, errs[0] = m.vault().Set(context.Background(), "payment", "STRIPE_SECRET_KEY", "rk_live_new")
	})
	group.Go(func() {
		_, errs[1] = m.vault().Set(context.Background(), "payment", "STRIPE_WEBHOOK_SECRET", "whsec_new")
	})
	group.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, "rk_live_new", m.variables(t, "payment")["STRIPE_SECRET_KEY"])
	require.Equal(t, "whsec_new", m.variables(t, "payment")["STRIPE_WEBHOOK_SECRET"])
}

func TestSetRefusesWhatTheProcessWouldAndTellsNothing(t *testing.T) {
	t.Parallel()
	m := newManager()
	hostile := []struct{ service, key, value string }{
		{"payment", "STRIPE_SECRET_KEY", "pk_live_hunter2"}, {"payment", "STRIPE_SECRET_KEY", "sk_test_hunter2"}, {"gateway", "STRIPE_PUBLISHABLE_KEY", "sk_live_hunter2"},
		{"payment", "STRIPE_WEBHOOK_SECRET", "hunter2"}, {"user", "SECRET_KEY", "hunter2"}, {"user", "SERVICE_SECRETS", "hunter2-hunter2-hunter2,hunter2"},
		{"user", "SERVICE_SECRETS", "hunter2-hunter2-a,hunter2-hunter2-b,hunter2-hunter2-c"}, {"user", "SUPERUSER_PASSWORD", "hunter2\nhunter2"},
		{"user", "SUPERUSER_PASSWORD", ""}, {"user", "SUPERUSER_PASSWORD", " hunter2"}, {"order", "STRIPE_SECRET_KEY", "sk_live_hunter2"},
		{"nobody", "SECRET_KEY", "hunter2-hunter2-hunter2-hunter2-hunter2"}, {"order", "DATABASE_URL", "host=hunter2"},
		{"user", "SHIP_ROTATION_SERVICE_SECRETS", "used"},
	}
	for _, one := range hostile {
		_, err := m.vault().Set(t.Context(), one.service, one.key, one.value)
		require.Error(t, err, "%v", one)
		require.NotContains(t, err.Error(), "hunter2")
	}
	require.Zero(t, m.writes)
	lenient := m.vault()
	lenient.TestKeys = true
	_, err := lenient.Set(t.Context(), "payment", "STRIPE_SECRET_KEY", "sk_test_0123")
	require.NoError(t, err)
}

func TestSetAndUnsetOfASharedKey(t *testing.T) {
	t.Parallel()
	m := newManager()
	_, err := m.vault().Fill(t.Context(), answers(t))
	require.NoError(t, err)
	imported := strings.Repeat("django", 9)
	changed, err := m.vault().Set(t.Context(), "gateway", "SECRET_KEY_FALLBACKS", imported)
	require.NoError(t, err)
	require.Equal(t, []secret.Changed{{Service: "user", Key: "SECRET_KEY_FALLBACKS"}, {Service: "gateway", Key: "SECRET_KEY_FALLBACKS"}}, changed)
	require.Equal(t, imported, m.variables(t, "user")["SECRET_KEY_FALLBACKS"])
	_, err = m.vault().Unset(t.Context(), "user", "SECRET_KEY_FALLBACKS", false)
	require.NoError(t, err)
	require.NotContains(t, m.variables(t, "gateway"), "SECRET_KEY_FALLBACKS")
	_, err = m.vault().Unset(t.Context(), "order", "DATABASE_URL", false)
	require.ErrorIs(t, err, secret.ErrRequired)
	_, err = m.vault().Unset(t.Context(), "order", "DATABASE_URL", true)
	require.NoError(t, err)
	require.NotContains(t, m.variables(t, "order"), "DATABASE_URL")
}

func TestASecretThatIsNoObjectIsLeftAlone(t *testing.T) {
	t.Parallel()
	m := newManager()
	m.put("order", nil)
	m.secrets["order"][0].text = `"hunter2"`
	_, err := m.vault().Set(t.Context(), "order", "SERVICE_SECRETS", "0123456789abcdef0123")
	require.ErrorContains(t, err, "not a JSON object")
	require.NotContains(t, err.Error(), "hunter2")
	require.Len(t, m.secrets["order"], 1)

	delete(m.secrets, "order")
	_, err = m.vault().Fill(t.Context(), answers(t))
	require.ErrorContains(t, err, "order")
}

// fleet starts processes, which keep what they read at their start.
type fleet struct {
	running map[string]map[string]string
	made    map[string]time.Time
}

func (f *fleet) deploy(t *testing.T, m *manager, services ...string) {
	t.Helper()
	for _, service := range services {
		m.now = m.now.Add(time.Minute)
		f.running[service], f.made[service] = m.variables(t, service), m.now
		f.understands(t)
	}
}

func (f *fleet) tasks(_ context.Context, service string) (time.Time, bool, error) {
	made, ok := f.made[service]
	return made, ok, nil
}

// understands says that whatever mixture runs, each accepts what each other sends, and what each other signs.
func (f *fleet) understands(t *testing.T) {
	t.Helper()
	for sender, sent := range f.running {
		first, _, _ := strings.Cut(sent["SERVICE_SECRETS"], ",")
		for receiver, known := range f.running {
			require.Contains(t, strings.Split(known["SERVICE_SECRETS"], ","), first, "%s calls %s", sender, receiver)
			if known["SECRET_KEY"] != "" && sent["SECRET_KEY"] != "" {
				require.Contains(t, append(strings.Split(known["SECRET_KEY_FALLBACKS"], ","), known["SECRET_KEY"]), sent["SECRET_KEY"])
			}
		}
	}
}

type rotation func(*secret.Vault, secret.Tasks) (secret.Step, error)

func rotations() map[string]rotation {
	return map[string]rotation{
		"SERVICE_SECRETS": func(v *secret.Vault, tasks secret.Tasks) (secret.Step, error) {
			return v.RotateServiceSecrets(context.Background(), tasks)
		},
		"SECRET_KEY": func(v *secret.Vault, tasks secret.Tasks) (secret.Step, error) {
			return v.RotateSecretKey(context.Background(), tasks)
		},
	}
}

func TestRotationsNeverPartThoseThatRun(t *testing.T) {
	t.Parallel()
	for name, rotate := range rotations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, f := newManager(), &fleet{running: map[string]map[string]string{}, made: map[string]time.Time{}}
			_, err := m.vault().Fill(t.Context(), answers(t))
			require.NoError(t, err)
			_, err = m.vault().Set(t.Context(), "user", "SECRET_KEY_FALLBACKS", strings.Repeat("legacy", 8))
			require.NoError(t, err)
			f.deploy(t, m, shop.Names()...)
			before := m.variables(t, "user")
			for number := range 3 {
				step, err := rotate(m.vault(), f.tasks)
				require.NoError(t, err)
				require.Equal(t, number == 2, step.Then == "", "three steps")
				if number < 2 {
					_, err = rotate(m.vault(), f.tasks)
					require.ErrorIs(t, err, secret.ErrNotRestarted, "a step has to be deployed first")
				}
				f.deploy(t, m, step.Deploy...)
			}
			after := m.variables(t, "user")
			require.NotEqual(t, before[name], after[name])
			require.NotContains(t, after[name], ",")
			require.Equal(t, before["SECRET_KEY_FALLBACKS"], after["SECRET_KEY_FALLBACKS"], "other former keys stay")
			require.Len(t, after, len(before), "no note is left")
			complete(t, m)
		})
	}
}

func TestARotationThatIsKilledIsGoneOnWith(t *testing.T) {
	t.Parallel()
	for name, rotate := range rotations() {
		for _, after := range []bool{false, true} {
			for failAt := 1; failAt <= 30; failAt++ {
				m, f := newManager(), &fleet{running: map[string]map[string]string{}, made: map[string]time.Time{}}
				_, err := m.vault().Fill(t.Context(), answers(t))
				require.NoError(t, err)
				before := m.variables(t, "user")[name]
				f.deploy(t, m, shop.Names()...)
				m.revive(failAt, after)
				for calls, done := 0, false; !done; calls++ {
					require.Less(t, calls, 8, "%s killed at %d", name, failAt)
					step, err := rotate(m.vault(), f.tasks)
					if errors.Is(err, secret.ErrNotRestarted) { // the step was done, only its answer was lost
						f.deploy(t, m, shop.Names()...)
						continue
					}
					if err != nil {
						require.ErrorIs(t, err, errKilled)
						m.revive(0, false)
						f.deploy(t, m, "payment", "user") // tasks come and go meanwhile
						continue
					}
					f.deploy(t, m, step.Deploy...)
					done = step.Then == ""
				}
				require.NotEqual(t, before, m.variables(t, "user")[name])
				complete(t, m)
			}
		}
	}
}

func TestRotateRefusesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	m := newManager()
	_, err := m.vault().RotateServiceSecrets(t.Context(), nil)
	require.ErrorIs(t, err, secret.ErrMissing)
	for _, service := range shop.Names() {
		m.put(service, map[string]string{"SERVICE_SECRETS": "0123456789abcdef,fedcba9876543210"})
	}
	_, err = m.vault().RotateServiceSecrets(t.Context(), nil)
	require.ErrorIs(t, err, secret.ErrHalfRotated)
}

func TestDatabasePasswordsAndHosts(t *testing.T) {
	t.Parallel()
	m := newManager()
	_, err := m.vault().Fill(t.Context(), answers(t))
	require.NoError(t, err)
	order, user := m.variables(t, "order")["DATABASE_URL"], m.variables(t, "user")["DATABASE_URL"]
	step, err := m.vault().RotateDatabase(t.Context(), []string{"order"})
	require.NoError(t, err)
	require.Equal(t, []string{"order"}, step.Deploy)
	require.NotEqual(t, order, m.variables(t, "order")["DATABASE_URL"])
	require.Equal(t, user, m.variables(t, "user")["DATABASE_URL"])
	complete(t, m)

	moved := m.vault()
	moved.Shop.Database.Host = "restored.example"
	changed, err := moved.Relocate(t.Context())
	require.NoError(t, err)
	require.Len(t, changed, 4)
	require.Equal(t, strings.Replace(user, "db.example", "restored.example", 1), m.variables(t, "user")["DATABASE_URL"])
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", changed, step, changed), "postgres://")
}
