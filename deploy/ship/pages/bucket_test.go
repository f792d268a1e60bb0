package pages_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"
)

var errKilled = errors.New("killed")

// version is one version of an object; deleted is a delete marker.
type version struct {
	id, sum, kind, cache string
	body                 []byte
	deleted              bool
}

// world is a bucket with versions and an edge in front of it. It counts calls that change something, and can fail the n-th of
// them, before or after its effect; then it fails all that follow, as a killed process makes none.
type world struct {
	t           *testing.T
	mutex       sync.Mutex
	versions    map[string][]version
	log         []string // effects in order
	invalidated map[string][]string
	polls       int
	unversioned bool
	slow        bool

	calls, failAt int
	after, dead   bool
	now           time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, versions: map[string][]version{}, invalidated: map[string][]string{}, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
}

// revive lets calls pass again and counts from the start; the n-th one fails, 0 is none.
func (w *world) revive(failAt int, after bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.calls, w.failAt, w.after, w.dead = 0, failAt, after, false
	w.log = nil
}

// effect does what a call does, unless the call is the one to fail.
func (w *world) effect(what string, do func() error) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.dead {
		return errKilled
	}
	w.calls++
	if w.calls == w.failAt && !w.after {
		w.dead = true
		return errKilled
	}
	if err := do(); err != nil {
		return err
	}
	w.log = append(w.log, what)
	if w.calls == w.failAt {
		w.dead = true
		return errKilled
	}
	return nil
}

func (w *world) Now() time.Time {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.now
}

func (w *world) Sleep(ctx context.Context, d time.Duration) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.now = w.now.Add(d)
	return ctx.Err()
}

func refusal(code string) error { return &smithy.GenericAPIError{Code: code, Message: code} }

// newest is nil for what is not there.
func (w *world) newest(key string) *version {
	all := w.versions[key]
	if len(all) == 0 || all[len(all)-1].deleted {
		return nil
	}
	return &all[len(all)-1]
}

func (w *world) add(key string, v version) string {
	v.id = fmt.Sprintf("v%d-%s", len(w.versions[key])+1, key)
	w.versions[key] = append(w.versions[key], v)
	return v.id
}

// byHand is somebody with a console.
func (w *world) byHand(key, body string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.add(key, version{body: []byte(body), kind: "binary/octet-stream"})
}

// shown is what a customer would get, without ship's notes.
func (w *world) shown() map[string]string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	all := map[string]string{}
	for key := range w.versions {
		if there := w.newest(key); there != nil && !strings.HasPrefix(key, ".ship/") {
			all[key] = there.kind + "|" + there.cache + "|" + string(there.body)
		}
	}
	return all
}

func (w *world) GetBucketVersioning(context.Context, *s3.GetBucketVersioningInput, ...func(*s3.Options)) (*s3.GetBucketVersioningOutput, error) {
	if w.unversioned {
		return &s3.GetBucketVersioningOutput{}, nil
	}
	return &s3.GetBucketVersioningOutput{Status: s3types.BucketVersioningStatusEnabled}, nil
}

func (w *world) find(key string, id *string) *version {
	if id == nil {
		return w.newest(key)
	}
	at := slices.IndexFunc(w.versions[key], func(v version) bool { return v.id == *id })
	if at < 0 {
		return nil
	}
	return &w.versions[key][at]
}

func (w *world) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	there := w.find(*in.Key, in.VersionId)
	if there == nil {
		return nil, refusal("NoSuchKey")
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(there.body)), ETag: &there.id}, nil
}

func (w *world) HeadObject(_ context.Context, in *s3.HeadObjectInput, _ ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	there := w.find(*in.Key, in.VersionId)
	if there == nil {
		return nil, refusal("NotFound")
	}
	found := &s3.HeadObjectOutput{ContentType: &there.kind, CacheControl: &there.cache, VersionId: &there.id}
	if there.sum != "" {
		found.ChecksumSHA256 = &there.sum
	}
	return found, nil
}

func (w *world) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	require.NoError(w.t, err)
	sum := sha256.Sum256(body)
	out := &s3.PutObjectOutput{}
	return out, w.effect("put "+*in.Key, func() error {
		there := w.newest(*in.Key)
		if in.IfNoneMatch != nil && there != nil || in.IfMatch != nil && (there == nil || there.id != *in.IfMatch) {
			return refusal("PreconditionFailed")
		}
		if base64.StdEncoding.EncodeToString(sum[:]) != *in.ChecksumSHA256 {
			return refusal("BadDigest")
		}
		out.VersionId = aws.String(w.add(*in.Key, version{body: body, sum: *in.ChecksumSHA256, kind: *in.ContentType, cache: *in.CacheControl}))
		return nil
	})
}

func (w *world) CopyObject(_ context.Context, in *s3.CopyObjectInput, _ ...func(*s3.Options)) (*s3.CopyObjectOutput, error) {
	path, id, _ := strings.Cut(*in.CopySource, "?versionId=")
	_, key, _ := strings.Cut(path, "/")
	id, err := url.QueryUnescape(id)
	require.NoError(w.t, err)
	out := &s3.CopyObjectOutput{}
	return out, w.effect("copy "+*in.Key, func() error {
		from := w.find(key, &id)
		if from == nil {
			return refusal("NoSuchVersion")
		}
		out.VersionId = aws.String(w.add(*in.Key, *from))
		return nil
	})
}

func (w *world) DeleteObject(_ context.Context, in *s3.DeleteObjectInput, _ ...func(*s3.Options)) (*s3.DeleteObjectOutput, error) {
	return &s3.DeleteObjectOutput{}, w.effect("delete "+*in.Key, func() error {
		w.add(*in.Key, version{deleted: true})
		return nil
	})
}

func (w *world) CreateInvalidation(_ context.Context, in *cloudfront.CreateInvalidationInput, _ ...func(*cloudfront.Options)) (*cloudfront.CreateInvalidationOutput, error) {
	reference := *in.InvalidationBatch.CallerReference
	err := w.effect("invalidate", func() error {
		w.invalidated[reference] = in.InvalidationBatch.Paths.Items
		w.polls = 0
		return nil
	})
	return &cloudfront.CreateInvalidationOutput{Invalidation: &cloudfronttypes.Invalidation{Id: aws.String("I1"), Status: aws.String("InProgress")}}, err
}

func (w *world) GetInvalidation(context.Context, *cloudfront.GetInvalidationInput, ...func(*cloudfront.Options)) (*cloudfront.GetInvalidationOutput, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.dead {
		return nil, errKilled
	}
	w.polls++
	status := "InProgress"
	if w.polls > 1 && !w.slow {
		status = "Completed"
	}
	return &cloudfront.GetInvalidationOutput{Invalidation: &cloudfronttypes.Invalidation{Id: aws.String("I1"), Status: &status}}, nil
}

// forgotten are all addresses that the edge was told to forget, sorted.
func (w *world) forgotten() []string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	var all []string
	for _, addresses := range w.invalidated {
		all = append(all, addresses...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
