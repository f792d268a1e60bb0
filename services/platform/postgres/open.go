package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// Limits of every connection. A caller's own deadline may be shorter; these hold when it has none.
const (
	connectLimit   = 5 * time.Second
	acquireLimit   = 3 * time.Second // shorter than the 5 s that callers over gRPC have by default: they should hear "busy"
	statementLimit = 15 * time.Second
	lockLimit      = 5 * time.Second
	idleInTxLimit  = 30 * time.Second
	openLimit      = 10 * time.Second
)

const defaultMaxConns = 6

const (
	expectedURL  = "DATABASE_URL: expected postgres://role:password@host:port/database"
	expectedHost = "DATABASE_HOST: expected host or host:port"
)

// Config is what a process must be told about its database. Besides MaxConns a process has one more connection for each
// Listen, and one when it works jobs.
type Config struct {
	URL      string `env:"DATABASE_URL,required" help:"the service's own role and database" expects:"postgres://role:password@host:port/database"`
	Host     string `env:"DATABASE_HOST" help:"takes the place of the host in DATABASE_URL: for a task that shall look at a restored copy (migrate does not read it)" expects:"host or host:port"`
	MaxConns int32  `env:"DATABASE_MAX_CONNS" envDefault:"6" help:"most connections of the pool of this process" expects:"a number from 1 to 200"`
}

// Open makes the handle and asks the database once whether it answers, for at most ten seconds. ctx ends that question
// only; the handle lives until Close. A MaxConns of 0 means 6.
func Open(ctx context.Context, cfg Config, tel telemetry.Telemetry) (*Database, error) {
	poolConfig, err := poolConfig(cfg, tel)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, poolConfig)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	database := &Database{pools: map[tenant]*pgxpool.Pool{onlyTenant: pool}, tel: tel}
	if err := database.greet(ctx); err != nil {
		database.Close()
		return nil, err
	}
	return database, nil
}

func (d *Database) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	if err := d.Ping(ctx); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if !d.tel.On {
		return nil
	}
	if err := otelpgx.RecordStats(d.Pool(), otelpgx.WithStatsMeterProvider(d.tel.Meters)); err != nil {
		return fmt.Errorf("measure database pool: %w", err)
	}
	return nil
}

func poolConfig(cfg Config, tel telemetry.Telemetry) (*pgxpool.Config, error) {
	if cfg.MaxConns < 0 || cfg.MaxConns > 200 {
		return nil, errors.New("DATABASE_MAX_CONNS: expected a number from 1 to 200")
	}
	address, err := cfg.address()
	if err != nil {
		return nil, err
	}
	parsed, err := pgxpool.ParseConfig(address)
	if err != nil {
		// The parser's own error is left out: it repeats parts of the URL.
		return nil, errors.New(expectedURL)
	}
	parsed.MaxConns = cfg.MaxConns
	if cfg.MaxConns == 0 {
		parsed.MaxConns = defaultMaxConns
	}
	parsed.MinConns = 0
	parsed.MaxConnLifetime = 30 * time.Minute
	parsed.MaxConnLifetimeJitter = 5 * time.Minute
	parsed.MaxConnIdleTime = 5 * time.Minute
	parsed.HealthCheckPeriod = time.Minute
	parsed.ConnConfig.Tracer = tracer(tel)
	parsed.AfterConnect = scanTimesAsUTC
	setLimits(parsed.ConnConfig)
	return parsed, nil
}

// address is URL with Host in its place, so that certificates are checked against that. A host in the URL's query would win over
// it, and so goes; a port that Host does not name stays the URL's.
func (c Config) address() (string, error) {
	if c.Host == "" {
		return c.URL, nil
	}
	parsed, err := url.Parse(c.URL)
	if err != nil || (parsed.Scheme != "postgres" && parsed.Scheme != "postgresql") || strings.Contains(parsed.Host, ",") {
		return "", errors.New(expectedURL)
	}
	host, port, err := net.SplitHostPort(c.Host)
	if err != nil {
		host, port = strings.Trim(c.Host, "[]"), parsed.Port()
	}
	if host == "" || strings.ContainsAny(host, ",/@?# ") {
		return "", errors.New(expectedHost)
	}
	query := parsed.Query()
	for _, name := range []string{"host", "hostaddr", "port"} {
		query.Del(name)
	}
	parsed.RawQuery, parsed.Host = query.Encode(), host
	if strings.Contains(host, ":") {
		parsed.Host = "[" + host + "]"
	}
	if port != "" {
		parsed.Host = net.JoinHostPort(host, port)
	}
	return parsed.String(), nil
}

// setLimits leaves alone what the URL itself says.
func setLimits(config *pgx.ConnConfig) {
	if config.ConnectTimeout == 0 || config.ConnectTimeout > connectLimit {
		config.ConnectTimeout = connectLimit
	}
	defaults := map[string]string{
		"timezone":                            "UTC",
		"statement_timeout":                   milliseconds(statementLimit),
		"lock_timeout":                        milliseconds(lockLimit),
		"idle_in_transaction_session_timeout": milliseconds(idleInTxLimit),
	}
	for name, value := range defaults {
		if _, given := config.RuntimeParams[name]; !given {
			config.RuntimeParams[name] = value
		}
	}
}

func milliseconds(d time.Duration) string {
	return strconv.FormatInt(d.Milliseconds(), 10)
}

// scanTimesAsUTC makes timestamptz arrive in UTC; the driver would give the local zone of the machine.
func scanTimesAsUTC(_ context.Context, conn *pgx.Conn) error {
	instant := &pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC}}
	conn.TypeMap().RegisterType(instant)
	conn.TypeMap().RegisterType(&pgtype.Type{Name: "_timestamptz", OID: pgtype.TimestamptzArrayOID, Codec: &pgtype.ArrayCodec{ElementType: instant}})
	return nil
}

// tracer counts always and writes spans when telemetry is on; values of parameters never become part of a span.
func tracer(tel telemetry.Telemetry) pgx.QueryTracer {
	if !tel.On {
		return statementTracer{}
	}
	spans := otelpgx.NewTracer(otelpgx.WithTracerProvider(tel.Tracers), otelpgx.WithMeterProvider(tel.Meters),
		otelpgx.WithDisableConnectionDetailsInAttributes())
	return multitracer.New(statementTracer{}, spans)
}
