package pages

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// Where ship keeps its notes in the bucket. The bucket's policy refuses to serve what begins with notes.
const (
	notes         = ".ship/"
	currentNote   = notes + "current"
	intentNote    = notes + "pending"
	releasePrefix = notes + "releases/"
	longestNote   = 16 << 20
)

// state is what the notes say.
type state struct {
	manifest Manifest // the current release; empty before the first
	tag      string   // ETag of the note that names it, empty when there is none
	intent   Manifest // what was begun and not noted as finished; empty: nothing
}

func (s state) hasCurrent() bool { return s.manifest.Release != "" }

// begun says whether something was started that is not the current release.
func (s state) begun() bool { return s.intent.Release != "" && s.intent.Release != s.manifest.Release }

// finishedRollback is true when a rollback did all but clear its intent.
func (s state) finishedRollback() bool {
	return s.intent.Restores != "" && s.intent.Release == s.manifest.Release
}

// look reads the notes, and refuses a bucket without versions.
func (p *Publisher) look(ctx context.Context) (state, error) {
	versioning, err := p.Bucket.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &p.Name})
	if err != nil {
		return state{}, fmt.Errorf("look at bucket %s: %w", p.Name, err)
	}
	if versioning.Status != types.BucketVersioningStatusEnabled {
		return state{}, fmt.Errorf("bucket %s: %w", p.Name, ErrNotVersioned)
	}
	var read state
	var named current
	if read.tag, err = p.readNote(ctx, currentNote, &named); err != nil {
		return state{}, err
	}
	if _, err := p.readNote(ctx, intentNote, &read.intent); err != nil {
		return state{}, err
	}
	if named.Release == "" {
		return read, nil
	}
	read.manifest, err = p.readManifest(ctx, named.Release)
	return read, err
}

func (p *Publisher) readManifest(ctx context.Context, release string) (Manifest, error) {
	var read Manifest
	tag, err := p.readNote(ctx, releasePrefix+release+".json", &read)
	if err != nil {
		return Manifest{}, err
	}
	if tag == "" || read.Release != release {
		return Manifest{}, fmt.Errorf("the manifest of release %s is missing: %w", release, ErrUnknownRelease)
	}
	return read, nil
}

// readNote gives the note's ETag, or "" when there is none.
func (p *Publisher) readNote(ctx context.Context, key string, into any) (string, error) {
	found, err := p.Bucket.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.Name, Key: &key})
	if isMissing(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	text, err := io.ReadAll(io.LimitReader(found.Body, longestNote))
	if closed := found.Body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	return aws.ToString(found.ETag), nil
}

func (p *Publisher) writeNote(ctx context.Context, key string, note any, condition func(*s3.PutObjectInput)) error {
	if err := p.guard(ctx); err != nil {
		return err
	}
	text, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	in := &s3.PutObjectInput{Bucket: &p.Name, Key: &key, Body: bytes.NewReader(text), ContentLength: aws.Int64(int64(len(text))),
		ContentType: aws.String("application/json"), CacheControl: aws.String("no-store"), ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(checksum(text))}
	if condition != nil {
		condition(in)
	}
	if _, err := p.Bucket.PutObject(ctx, in); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

// commit names the manifest that holds from now on. The bucket itself refuses it when another one was named meanwhile.
func (p *Publisher) commit(ctx context.Context, shipped Manifest, tag string) error {
	note := current{Release: shipped.Release, Version: shipped.Version, At: shipped.At, By: shipped.By}
	err := p.writeNote(ctx, currentNote, note, func(in *s3.PutObjectInput) {
		if tag == "" {
			in.IfNoneMatch = aws.String("*")
			return
		}
		in.IfMatch = &tag
	})
	if !hasCode(err, "PreconditionFailed", "ConditionalRequestConflict") {
		return err
	}
	// An answer that got lost makes the repetition of the same write fail: then the note is ours.
	var named current
	if _, readErr := p.readNote(ctx, currentNote, &named); readErr != nil {
		return errors.Join(err, readErr)
	}
	if named.Release != shipped.Release {
		return fmt.Errorf("%w (it is now %s by %s)", ErrOvertaken, named.Release, named.By)
	}
	return nil
}

// dropIntent notes that nothing is under way.
func (p *Publisher) dropIntent(ctx context.Context) error {
	if err := p.guard(ctx); err != nil {
		return err
	}
	if _, err := p.Bucket.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.Name, Key: aws.String(intentNote)}); err != nil {
		return fmt.Errorf("delete %s: %w", intentNote, err)
	}
	return nil
}

func isMissing(err error) bool { return hasCode(err, "NoSuchKey", "NotFound", "NoSuchVersion") }

func hasCode(err error, codes ...string) bool {
	var refusal smithy.APIError
	if !errors.As(err, &refusal) {
		return false
	}
	for _, code := range codes {
		if refusal.ErrorCode() == code {
			return true
		}
	}
	return false
}
