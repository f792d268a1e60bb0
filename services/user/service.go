// Package user is the user service: its wiring and nothing else. What it does is in the rooms beside it.
package user

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"golang.org/x/sync/errgroup"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/jobs"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/account"
	"github.com/bartgottschalk/startupwebapp/services/user/chat"
	"github.com/bartgottschalk/startupwebapp/services/user/credential"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/prospect"
	"github.com/bartgottschalk/startupwebapp/services/user/session"
	"github.com/bartgottschalk/startupwebapp/services/user/subscription"
	"github.com/bartgottschalk/startupwebapp/services/user/terms"
	"github.com/bartgottschalk/startupwebapp/services/user/verification"
)

const (
	mailsAtOnce  = 4
	choresAtOnce = 1
	// errandsAtOnce is of requests for codes and user names; each takes milliseconds.
	errandsAtOnce = 2
	day           = 24 * time.Hour
	// pollEvery is how late a mail may be whose announcement was lost, or that is tried again.
	pollEvery = time.Second
)

var errJobsStopped = errors.New("jobs are not running")

// Program is the executable.
func Program() process.Program[Config] {
	return process.Program[Config]{Name: "user", Serve: Serve, Migrate: Migrate, Healthcheck: rpc.Healthcheck(), Tasks: map[string]process.Task[Config]{
		"create-superuser":  {Help: "--username NAME --email ADDRESS [--first-name NAME] [--last-name NAME]: make or promote an account of staff", Run: createSuperuser},
		"export-account":    {Help: "USERNAME | --account-id N: print what is kept of a person", Run: exportAccount},
		"anonymise-account": {Help: "USERNAME | --account-id N, --yes: forget a person", Run: anonymiseAccount},
		"publish-terms":     {Help: "[--version N] [--from TIME] [--note TEXT]: publish new terms of use, which members have to agree to", Explains: true, Run: publishTerms},
		"operator-actions":  {Help: "[--days 7]: list who did what by command, newest first", Explains: true, Run: listActions},

		"mail-templates":       mailTask("list the texts of mails", mail.Commands.ListTemplates),
		"show-mail-template":   mailTask("CODE [--part subject|text|html|from|bcc]: print a text of mails", mail.Commands.ShowTemplate),
		"edit-mail-template":   mailTask("CODE [--subject S] [--text FILE|-] [--html FILE|-] [--from ADDRESS] [--bcc ADDRESS]: change it", mail.Commands.EditTemplate),
		"failed-mails":         mailTask("list mails that were given up", mail.Commands.ListFailures),
		"resend-mail":          mailTask("MAIL...: queue mails again that were given up", mail.Commands.Resend),
		"resolve-mail-failure": mailTask("MAIL --note TEXT: close a failure without sending", mail.Commands.Resolve),
	}}
}

// Migrate brings the schema up to date.
func Migrate(ctx context.Context, cfg Config, _ telemetry.Telemetry) error {
	return migration.Up(ctx, cfg.AdminConfig.URL, cfg.Config.URL, migrations.Set())
}

// Serve runs the service until ctx is done and everything has drained.
func Serve(ctx context.Context, cfg Config, tel telemetry.Telemetry) error {
	service, err := New(ctx, cfg, tel)
	if err != nil {
		return err
	}
	return service.Run(ctx)
}

// Service is a user service that listens.
type Service struct {
	db      *postgres.Database
	server  *rpc.Server
	jobs    *jobs.Jobs
	working atomic.Bool // Run works the jobs
}

// Option changes what New builds.
type Option func(*options)

type options struct{ now func() time.Time }

// WithClock gives the service another clock, for tests.
func WithClock(now func() time.Time) Option {
	return func(o *options) { o.now = now }
}

// New connects to the database, refuses one whose schema is older than this program, and listens. Run must follow: it
// closes what New has opened.
func New(ctx context.Context, cfg Config, tel telemetry.Telemetry, changes ...Option) (*Service, error) {
	chosen := options{now: time.Now}
	for _, change := range changes {
		change(&chosen)
	}
	db, err := postgres.Open(ctx, cfg.Config, tel)
	if err != nil {
		return nil, err
	}
	service, err := assemble(ctx, cfg, tel, db, chosen.now)
	if err != nil {
		db.Close()
		return nil, err
	}
	return service, nil
}

func assemble(ctx context.Context, cfg Config, tel telemetry.Telemetry, db *postgres.Database, now func() time.Time) (*Service, error) {
	if err := migration.Check(ctx, db, migrations.Set()); err != nil {
		return nil, err
	}
	courier, err := cfg.MailTransport.Open(ctx)
	if err != nil {
		return nil, err
	}
	sender := mail.NewSender(mail.SenderConfig{
		Courier: courier, From: string(cfg.MailFrom), Site: string(cfg.SiteOrigin), FirstPause: cfg.MailRetryAfter,
	}, db, tel, now)
	s := &Service{db: db}
	workers := river.NewWorkers() // filled until Run starts to work
	if s.jobs, err = newJobs(tel, db, workers, sender); err != nil {
		return nil, err
	}
	if s.server, err = rpc.NewServer(cfg.ServerConfig, tel, s.healthy); err != nil { //nolint:contextcheck // health is asked as long as the server lives
		return nil, err
	}
	wired := wire(cfg, tel, db, s.jobs, now)
	wired.register(s.server)
	wired.employ(workers, cfg)
	river.AddWorker(workers, sender)
	river.AddWorker(workers, mail.NewPurgeWorker(db, time.Duration(cfg.CodeRetention)*day, now))
	return s, nil
}

// rooms are those that answer calls.
type rooms struct {
	accounts      *account.Service
	credentials   *credential.Service
	sessions      *session.Service
	verifications *verification.Service
	prospects     *prospect.Service
	subscriptions *subscription.Service
	agreements    *terms.Service
	messages      *chat.Service
	mails         *mail.Service
	limiter       *limit.Limiter
}

func wire(cfg Config, tel telemetry.Telemetry, db *postgres.Database, queue *jobs.Jobs, now func() time.Time) rooms {
	hasher, key, outbox := password.NewHasher(), signingKey(cfg), mail.NewOutbox(db, queue, now)
	r := rooms{limiter: limit.New(db, tel, now), agreements: terms.New(db, now)}
	r.sessions = session.New(db, hasher, r.limiter, key, now)
	r.prospects = prospect.New(db, r.limiter, key, now)
	r.accounts = account.New(db, account.Rooms{
		Hasher: hasher, Limiter: r.limiter, Sessions: r.sessions, Terms: r.agreements, Prospects: r.prospects, Outbox: outbox,
	}, key, now)
	r.credentials = credential.New(db, credential.Rooms{
		Hasher: hasher, Limiter: r.limiter, Sessions: r.sessions, Outbox: outbox, Queue: queue,
	}, key, now)
	r.verifications = verification.New(db, r.limiter, outbox, key, now)
	r.subscriptions = subscription.New(db, r.limiter, key, now)
	r.messages = chat.New(db, r.limiter, outbox, r.prospects, string(cfg.OperatorEmail), now)
	r.mails = mail.NewService(db, outbox, r.prospects, string(cfg.SiteOrigin))
	return r
}

func (r rooms) register(server *rpc.Server) {
	userv1.RegisterAccountServiceServer(server, r.accounts)
	userv1.RegisterCredentialServiceServer(server, r.credentials)
	userv1.RegisterSessionServiceServer(server, r.sessions)
	userv1.RegisterVerificationServiceServer(server, r.verifications)
	userv1.RegisterProspectServiceServer(server, r.prospects)
	userv1.RegisterSubscriptionServiceServer(server, r.subscriptions)
	userv1.RegisterTermsServiceServer(server, r.agreements)
	userv1.RegisterChatServiceServer(server, r.messages)
	userv1.RegisterMailServiceServer(server, r.mails)
	userv1.RegisterLimitServiceServer(server, limit.NewService(r.limiter))
}

// employ adds the workers of the rooms' own jobs.
func (r rooms) employ(workers *river.Workers, cfg Config) {
	river.AddWorker(workers, credential.NewResetWorker(r.credentials))
	river.AddWorker(workers, credential.NewRemindWorker(r.credentials))
	river.AddWorker(workers, session.NewPurgeWorker(r.sessions))
	river.AddWorker(workers, limit.NewPurgeWorker(r.limiter))
	river.AddWorker(workers, verification.NewPurgeWorker(r.verifications, time.Duration(cfg.CodeRetention)*day))
	river.AddWorker(workers, chat.NewPurgeWorker(r.messages, int(cfg.ChatRetention)))
}

func newJobs(tel telemetry.Telemetry, db *postgres.Database, workers *river.Workers, sender *mail.Sender) (*jobs.Jobs, error) {
	return jobs.New(db, migrations.Schema, tel, jobs.Config{
		Workers: workers,
		Queues: map[string]river.QueueConfig{
			mail.JobQueue:       {MaxWorkers: mailsAtOnce},
			credential.JobQueue: {MaxWorkers: errandsAtOnce},
			river.QueueDefault:  {MaxWorkers: choresAtOnce},
		},
		FetchPollInterval: pollEvery,
		Periodic: []*river.PeriodicJob{
			hourly(session.PurgeArgs{}), hourly(limit.PurgeArgs{}),
			daily(verification.PurgeArgs{}), daily(mail.PurgeArgs{}), daily(chat.PurgeArgs{}),
		},
		OnDiscarded: sender.GivenUp,
	})
}

func hourly(args river.JobArgs) *river.PeriodicJob { return every(time.Hour, args) }

func daily(args river.JobArgs) *river.PeriodicJob { return every(day, args) }

func every(pause time.Duration, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(pause),
		func() (river.JobArgs, *river.InsertOpts) { return args, nil }, &river.PeriodicJobOpts{RunOnStart: true})
}

func signingKey(cfg Config) signing.Key {
	return signing.Key{Secret: string(cfg.SecretKey), Fallbacks: cfg.SecretKeyFallbacks.Texts()}
}

// Addr is where the service listens, as host:port.
func (s *Service) Addr() string { return s.server.Addr() }

// Run serves and works until DRAIN_DELAY after ctx is done or until something fails, waits for all of it to end, and closes the
// database.
func (s *Service) Run(ctx context.Context) error {
	defer s.db.Close()
	lingering, leave := s.server.Linger(ctx)
	defer leave()
	group, ctx := errgroup.WithContext(lingering)
	group.Go(func() error { return s.server.Serve(ctx) })
	group.Go(func() error { return s.work(ctx) })
	return group.Wait()
}

// work does jobs. That they stop by themselves is a failure.
func (s *Service) work(ctx context.Context) error {
	s.working.Store(true)
	defer s.working.Store(false)
	if err := s.jobs.Run(ctx); err != nil {
		return err
	}
	if ctx.Err() == nil {
		return errJobsStopped
	}
	return nil
}

// healthy: ready is who reaches the database and works the jobs.
func (s *Service) healthy(ctx context.Context) error {
	if !s.working.Load() {
		return errJobsStopped
	}
	return s.db.Ping(ctx)
}
