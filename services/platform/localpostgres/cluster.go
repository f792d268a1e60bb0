// Package localpostgres runs a private PostgreSQL cluster for development and tests.
package localpostgres

import (
	"context"
	"errors"
	"io"
)

var errNotBuilt = errors.New("not built yet")

// Cluster is a running PostgreSQL.
type Cluster struct{}

// Start makes or reuses the cluster of dataDir.
func Start(ctx context.Context, dataDir string, logs io.Writer) (*Cluster, error) {
	return nil, errNotBuilt
}

// AdminURL is the administrator's connection.
func (c *Cluster) AdminURL() string { return "" }

// Stop is a fast shutdown.
func (c *Cluster) Stop() error { return nil }
