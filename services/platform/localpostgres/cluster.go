//go:build unix

// Package localpostgres runs a private PostgreSQL cluster for development and tests: an installed PostgreSQL (15 or newer),
// else a pinned download. It works when started as root too, where PostgreSQL itself refuses to run.
//
// It makes the cluster and an administrator. Roles, databases and schemas are made by package migration; nothing here is
// for production.
package localpostgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	administrator = "postgres"
	startAttempts = 5 // another process may take the free port before the server does
	sweepAge      = time.Minute
)

// Cluster is a running server that this process owns. Its methods are safe for concurrent use.
type Cluster struct {
	home     home
	server   *server
	adminURL string
	lock     *os.File
	remove   bool

	stopOnce sync.Once
	stopErr  error
}

// Option changes how a cluster is started.
type Option func(*settings)

type settings struct {
	durable bool
}

// WithoutDurability is for tests: faster, and a crash of the machine may lose the data.
func WithoutDurability() Option {
	return func(s *settings) { s.durable = false }
}

// Start starts the cluster of dataDir and makes it first when there is none. It listens on a free loopback port alone, no
// Unix socket; the administrator's random password lies in the directory, readable by its owner only. Up to 200 connections.
//
// What a crash left behind is taken over: a server of that directory that still runs, or the note of one that does not.
// A directory in use by another living process is refused.
//
// As root, everything runs as an unprivileged user: the owner of an existing cluster, else postgres, else nobody. When that
// user cannot reach dataDir (below /root, say), the cluster lies in /var/tmp/startupwebapp-postgres-<hash of dataDir>
// instead; one line on logs says so.
func Start(ctx context.Context, dataDir string, logs io.Writer, options ...Option) (*Cluster, error) {
	chosen := settings{durable: true}
	for _, option := range options {
		option(&chosen)
	}
	home, err := openHome(dataDir, logs)
	if err != nil {
		return nil, fmt.Errorf("local PostgreSQL: %w", err)
	}
	cluster := &Cluster{home: home}
	if err := cluster.start(ctx, chosen, logs); err != nil {
		return nil, errors.Join(fmt.Errorf("local PostgreSQL in %s: %w", home.path, err), cluster.release())
	}
	return cluster, nil
}

// AdminURL is the administrator's connection to the database postgres, with the password in it.
func (c *Cluster) AdminURL() string {
	return c.adminURL
}

// Ended is closed when the server has ended, by Stop or by itself. For a server that was taken over from a killed owner,
// which is not our child, it is nil and never says anything.
func (c *Cluster) Ended() <-chan struct{} {
	return c.server.done
}

// Stop ends all sessions and stops the server, with a clean state on disk. Further calls give the first one's answer.
func (c *Cluster) Stop() error {
	c.stopOnce.Do(func() {
		c.stopErr = errors.Join(c.server.stop(), c.release())
	})
	return c.stopErr
}

// release lets another process have the directory.
func (c *Cluster) release() error {
	var err error
	if c.remove {
		err = os.RemoveAll(c.home.path)
	}
	if c.lock != nil {
		err = errors.Join(err, giveUp(c.lock))
		c.lock = nil
	}
	return err
}

func (c *Cluster) start(ctx context.Context, chosen settings, logs io.Writer) error {
	var err error
	if c.lock, err = c.home.claim(); err != nil {
		return err
	}
	password, err := c.home.password()
	if err != nil {
		return err
	}
	if err := c.takeOver(ctx, password); err != nil || c.server != nil {
		return err
	}
	programs, err := findPrograms(ctx, c.home, logs)
	if err != nil {
		return err
	}
	if err := initialise(ctx, c.home, programs, chosen); err != nil {
		return err
	}
	return c.launch(ctx, programs, password, chosen)
}

// takeOver keeps a server of this directory that outlived its process. One that does not answer is stopped.
func (c *Cluster) takeOver(ctx context.Context, password string) error {
	running, err := findRunning(ctx, c.home)
	if err != nil || running == nil {
		return err
	}
	target := adminURL(password, running.port)
	if err := running.waitReady(ctx, target); err != nil {
		return errors.Join(ctx.Err(), running.stop())
	}
	c.server, c.adminURL = running, target
	return nil
}

func (c *Cluster) launch(ctx context.Context, programs programs, password string, chosen settings) error {
	var failures error
	for range startAttempts {
		port, err := freePort()
		if err != nil {
			return err
		}
		started, err := launch(c.home, programs, port, chosen)
		if err != nil {
			return err
		}
		target := adminURL(password, port)
		err = started.waitReady(ctx, target)
		if err == nil {
			c.server, c.adminURL = started, target
			return nil
		}
		failures = errors.Join(err, started.stop())
		if ctx.Err() != nil || !c.home.logSays("could not bind") {
			break
		}
	}
	return fmt.Errorf("%w%s", failures, c.home.logTail())
}

func adminURL(password string, port int) string {
	target := url.URL{
		Scheme: "postgres", User: url.UserPassword(administrator, password),
		Host: fmt.Sprintf("127.0.0.1:%d", port), Path: "/postgres", RawQuery: "sslmode=disable",
	}
	return target.String()
}

// StartTemporary starts a cluster without durability in a directory of its own that Stop removes. What killed processes
// left behind is removed first.
func StartTemporary(ctx context.Context, logs io.Writer) (*Cluster, error) {
	parent, err := temporaryParent()
	if err != nil {
		return nil, fmt.Errorf("local PostgreSQL: %w", err)
	}
	sweep(ctx, parent)
	name := fmt.Sprintf("%d-%s", time.Now().Unix(), identifier.New(8))
	cluster, err := Start(ctx, filepath.Join(parent, name), logs, WithoutDurability())
	if err != nil {
		return nil, err
	}
	cluster.remove = true
	return cluster, nil
}

// sweep does what it can: what cannot be removed now can be next time.
func sweep(ctx context.Context, parent string) {
	left, _ := filepath.Glob(filepath.Join(parent, "*"))
	for _, path := range left {
		began, _, _ := strings.Cut(filepath.Base(path), "-")
		if seconds, err := strconv.ParseInt(began, 10, 64); err != nil || time.Since(time.Unix(seconds, 0)) < sweepAge {
			continue // perhaps not claimed yet
		}
		cluster := &Cluster{home: home{path: path, user: currentUser()}, remove: true}
		lock, err := cluster.home.claim()
		if err != nil {
			continue // in use
		}
		cluster.lock = lock
		if running, err := findRunning(ctx, cluster.home); err == nil && running != nil {
			_ = running.stop()
		}
		_ = cluster.release()
	}
}
