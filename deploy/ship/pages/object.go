package pages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

var errOtherChecksum = errors.New("the bucket holds something else under this version than the manifest says")

// checksum is how S3 writes a SHA-256.
func checksum(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// head is what the bucket has under a key (version "": the newest); ok is false when it has nothing. An object without a SHA-256,
// which ship cannot have put there, has none in its entry and so is never the same as a wanted one.
func (p *Publisher) head(ctx context.Context, key, version string) (entry Entry, ok bool, err error) {
	in := &s3.HeadObjectInput{Bucket: &p.Name, Key: &key, ChecksumMode: types.ChecksumModeEnabled}
	if version != "" {
		in.VersionId = &version
	}
	found, err := p.Bucket.HeadObject(ctx, in)
	if isMissing(err) {
		return Entry{}, false, nil
	}
	if err != nil {
		return Entry{}, false, fmt.Errorf("look at %s: %w", key, err)
	}
	sum, _ := base64.StdEncoding.DecodeString(aws.ToString(found.ChecksumSHA256)) // what cannot be read is no checksum of ours
	return Entry{Key: key, SHA256: hex.EncodeToString(sum), ContentType: aws.ToString(found.ContentType),
		CacheControl: aws.ToString(found.CacheControl), VersionID: aws.ToString(found.VersionId)}, true, nil
}

// heads is head of many keys at once; what is missing has no entry.
func (p *Publisher) heads(ctx context.Context, items []item, versionOf func(item) string) (map[string]Entry, error) {
	found := map[string]Entry{}
	var mutex sync.Mutex
	err := inParallel(ctx, items, func(ctx context.Context, one item) error {
		entry, ok, err := p.head(ctx, one.Key, versionOf(one))
		mutex.Lock()
		defer mutex.Unlock()
		if ok {
			found[one.Key] = entry
		}
		return err
	})
	return found, err
}

// place puts one object into the bucket and gives the version that it got.
func (p *Publisher) place(ctx context.Context, one item) (string, error) {
	if one.from != "" {
		return p.restore(ctx, one)
	}
	placed, err := p.Bucket.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &p.Name, Key: aws.String(one.Key), Body: bytes.NewReader(one.body), ContentLength: aws.Int64(int64(len(one.body))),
		ContentType: aws.String(one.ContentType), CacheControl: aws.String(one.CacheControl), ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(checksum(one.body)),
	})
	if err != nil {
		return "", fmt.Errorf("upload %s: %w", one.Key, err)
	}
	return aws.ToString(placed.VersionId), nil
}

// restore makes a former version the newest one, with the headers that it had.
func (p *Publisher) restore(ctx context.Context, one item) (string, error) {
	placed, err := p.Bucket.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &p.Name, Key: aws.String(one.Key), MetadataDirective: types.MetadataDirectiveCopy, ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
		CopySource: aws.String(escape(p.Name+"/"+one.Key) + "?versionId=" + url.QueryEscape(one.from)),
	})
	if err != nil {
		return "", fmt.Errorf("restore %s: %w", one.Key, err)
	}
	return aws.ToString(placed.VersionId), nil
}

// remove hides an object. Its versions stay as long as the bucket keeps them.
func (p *Publisher) remove(ctx context.Context, key string) error {
	if _, err := p.Bucket.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.Name, Key: &key}); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// escape is a key as it stands in an address.
func escape(key string) string {
	parts := strings.Split(key, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// inParallel does work for each, a few at a time, and waits for all. After the first failure no more are begun.
func inParallel[T any](ctx context.Context, all []T, work func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan T)
	var group sync.WaitGroup
	for range min(workers, len(all)) {
		group.Go(func() {
			for one := range queue {
				if err := work(ctx, one); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, one := range all {
		if ctx.Err() != nil {
			break
		}
		queue <- one
	}
	close(queue)
	group.Wait()
	return context.Cause(ctx)
}
