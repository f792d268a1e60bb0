package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// rewriteWhenLarge replaces the file by one that holds the live rows alone. Called with both locks held; the new file is
// on the disk before it takes the old one's name, so a crash leaves the one or the other, both complete.
func (j *Journal) rewriteWhenLarge() error {
	if j.size < rewriteFrom || j.size < 4*j.baseline {
		return nil
	}
	file, size, err := j.writeLiveRows(j.path + ".new")
	if err != nil {
		return err
	}
	if err := os.Rename(file.Name(), j.path); err != nil {
		return errors.Join(err, file.Close())
	}
	old := j.file
	j.file, j.size, j.baseline = file, size, size
	return errors.Join(syncDirectory(filepath.Dir(j.path)), old.Close())
}

func (j *Journal) writeLiveRows(path string) (*os.File, int64, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, 0, err
	}
	buffered := bufio.NewWriter(file)
	var size int64
	write := func(change line) error {
		encoded, err := json.Marshal(change)
		if err != nil {
			return fmt.Errorf("encode a row of %s: %w", change.Table, err)
		}
		size += int64(len(encoded)) + 1
		_, err = buffered.Write(append(encoded, '\n'))
		return err
	}
	for _, table := range j.tables {
		err = errors.Join(err, table.dump(write))
	}
	if err = errors.Join(err, buffered.Flush(), file.Sync()); err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, size, nil
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
