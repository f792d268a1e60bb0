package command_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/cloud"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/command"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/fakecloud"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/release"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

const prefix = "/shop/staging/main"

// place is a shop of five services in a fake cloud.
type place struct {
	*fakecloud.Cloud
	t     *testing.T
	roots *x509.CertPool
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{Cloud: fakecloud.New(t), t: t}
	door := p.open()
	document := shop.Shop{
		Version: 1, Region: "eu-central-1", Cluster: "shop-staging", Subnets: []string{"subnet-1"},
		APIOrigin: "https://example.com", LoadBalancer: door, Services: map[string]shop.Service{},
	}
	for _, name := range shop.Names() {
		service := shop.Service{
			Service: "main-" + name, Family: "shop-main-" + name, Template: "shop-main-" + name + "-template", Repository: "shop/" + name,
			SecurityGroup: "sg-" + name, Secret: "shop/main/" + name, LogGroup: "/shop/" + name, Minimum: 2,
		}
		p.Template(service.Template, "registry.example/shop/"+name)
		if name == "gateway" {
			service.TargetGroup = "arn:gateway"
		} else {
			service.MigrationTemplate = "shop-main-" + name + "-migration-template"
			p.Template(service.MigrationTemplate, "registry.example/shop/"+name, "migrate")
		}
		p.Service(service.Service, service.Template, service.TargetGroup)
		for _, tag := range []string{"v1", "v2", "v3"} {
			p.Push(service.Repository, fakecloud.Image{Tag: tag, Digest: digest(name, tag)})
		}
		document.Services[name] = service
	}
	text, err := json.Marshal(document)
	require.NoError(t, err)
	p.Put(prefix+"/shop", string(text))
	return p
}

// open lets the shop answer, and returns where.
func (p *place) open() string {
	door := httptest.NewTLSServer(http.HandlerFunc(p.serveShop))
	p.t.Cleanup(door.Close)
	p.roots = x509.NewCertPool()
	p.roots.AddCert(door.Certificate())
	return strings.TrimPrefix(door.URL, "https://")
}

// another is a place in the same state, for a test that begins many times.
func (p *place) another() *place {
	q := &place{Cloud: p.Copy(p.t), t: p.t}
	var document shop.Shop
	require.NoError(p.t, json.Unmarshal([]byte(p.Parameter(prefix+"/shop")), &document))
	document.LoadBalancer = q.open()
	text, err := json.Marshal(document)
	require.NoError(p.t, err)
	q.Put(prefix+"/shop", string(text))
	return q
}

func digest(name, tag string) string { return fmt.Sprintf("sha256:%064x", name+tag) }

// serveShop answers as the shop does, to its own name alone.
func (p *place) serveShop(w http.ResponseWriter, r *http.Request) {
	if r.Host != "example.com" || r.TLS.ServerName != "example.com" || !p.Answers() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"product_data":{}}`))
}

// script says what becomes of an image.
func (p *place) script(name, tag string, migration fakecloud.Migration, start fakecloud.Start) {
	p.Script("shop/"+name, fakecloud.Image{Tag: tag, Digest: digest(name, tag), Migration: migration, Start: start})
}

// ship runs a command as operator.
func (p *place) ship(operator string, args ...string) (code int, said string) {
	return p.shipUntil(context.Background(), operator, args...)
}

func (p *place) shipUntil(ctx context.Context, operator string, args ...string) (code int, said string) {
	var out lockedBuffer
	code = command.Main(ctx, command.Process{
		Args:    append([]string{"-project", "shop", "-environment", "staging", "-tenant", "main", "-operator", operator}, args...),
		Environ: func(string) string { return "" },
		In:      strings.NewReader(""), Out: &out, Err: &out, Clock: p, Roots: p.roots,
		Cloud: cloud.Options{
			Region:  "eu-central-1",
			Backoff: retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil }),
			Load: []func(*config.LoadOptions) error{
				config.WithBaseEndpoint(p.URL()),
				config.WithCredentialsProvider(aws.CredentialsProvider(credentials.NewStaticCredentialsProvider(operator, "secret", ""))),
			},
		},
	})
	return code, out.String()
}

// must runs a command that has to end with a code.
func (p *place) must(code int, args ...string) string {
	p.t.Helper()
	got, said := p.ship("ada", args...)
	require.Equal(p.t, code, got, said)
	return said
}

func (p *place) record(name string) release.Record {
	var record release.Record
	if text := p.Parameter(prefix + "/" + name + "/release"); text != "" {
		require.NoError(p.t, json.Unmarshal([]byte(text), &record))
	}
	return record
}

// runs asserts that a service runs a version that is recorded as good, with nothing half-way.
func (p *place) runs(name, tag string) {
	p.t.Helper()
	image, definition, _, _ := p.Running("main-" + name)
	record := p.record(name)
	require.Equal(p.t, tag, image.Tag)
	require.NotNil(p.t, record.Good)
	require.Equal(p.t, definition, record.Good.TaskDefinition)
	require.Nil(p.t, record.Pending)
}

type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}
