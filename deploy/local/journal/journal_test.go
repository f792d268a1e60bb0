package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/journal"
)

type note struct{ Text string }

func open(t *testing.T, path string, limit int) (*journal.Journal, *journal.Table[note]) {
	t.Helper()
	j := journal.New(path)
	notes := journal.AddTable[note](j, "note", limit)
	require.NoError(t, j.Load())
	t.Cleanup(func() { _ = j.Close() })
	return j, notes
}

func texts(j *journal.Journal, notes *journal.Table[note]) []string {
	var found []string
	j.View(func() {
		for _, row := range notes.OldestFirst() {
			found = append(found, row.Text)
		}
	})
	return found
}

func TestRowsAndTheirOrderSurviveAReopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "notes.jsonl")
	j, notes := open(t, path, 3)
	refused := errors.New("refused")
	require.ErrorIs(t, j.Update(func() error {
		for _, text := range []string{"a", "b", "c", "d"} {
			notes.Put(text, note{Text: text})
		}
		notes.Put("b", note{Text: "b2"})
		return refused
	}), refused)
	require.NoError(t, j.Note(func() { notes.Remove("c") }))
	require.Equal(t, []string{"b2", "d"}, texts(j, notes), "a fell out by the limit, c was removed, b kept its place")

	again, reread := open(t, path, 3)
	require.Equal(t, []string{"b2", "d"}, texts(again, reread))
}

func TestALineCutOffByACrashIsDroppedAndOtherDamageIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.jsonl")
	j, notes := open(t, path, 10)
	require.NoError(t, j.Update(func() error { notes.Put("a", note{Text: "a"}); return nil }))
	require.NoError(t, j.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(path, append(whole, []byte(`{"table":"note","key":"b","ro`)...), 0o600))
	cut, reread := open(t, path, 10)
	require.NoError(t, cut.Update(func() error { reread.Put("c", note{Text: "c"}); return nil }))
	require.NoError(t, cut.Close())
	last, final := open(t, path, 10)
	require.Equal(t, []string{"a", "c"}, texts(last, final))

	require.NoError(t, os.WriteFile(path, append([]byte("nonsense\n"), whole...), 0o600))
	damaged := journal.New(path)
	journal.AddTable[note](damaged, "note", 10)
	require.ErrorContains(t, damaged.Load(), "line 1")
}

func TestALargeFileIsRewrittenWithTheLiveRowsAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.jsonl")
	j, notes := open(t, path, 10)
	large := strings.Repeat("x", 1<<20)
	for round := range 12 {
		require.NoError(t, j.Update(func() error { notes.Put("a", note{Text: fmt.Sprint(round, large)}); return nil }))
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(8<<20))
	again, reread := open(t, path, 10)
	require.Equal(t, []string{"11" + large}, texts(again, reread))
}

func TestUpdatesAtOnceAreAllKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.jsonl")
	j, notes := open(t, path, 1000)
	var writers sync.WaitGroup
	for writer := range 10 {
		writers.Go(func() {
			for number := range 10 {
				key := fmt.Sprint(writer, "-", number)
				_ = j.Update(func() error { notes.Put(key, note{Text: key}); return nil })
			}
		})
	}
	writers.Wait()
	require.Len(t, texts(j, notes), 100)
	again, reread := open(t, path, 1000)
	require.ElementsMatch(t, texts(j, notes), texts(again, reread))
}

func TestAfterAWriteErrorNothingIsAcceptedAnyMore(t *testing.T) {
	t.Parallel()
	j, notes := open(t, filepath.Join(t.TempDir(), "notes.jsonl"), 10)
	require.NoError(t, j.Close())
	require.Error(t, j.Update(func() error { notes.Put("a", note{}); return nil }))
	require.Empty(t, texts(j, notes))
}
