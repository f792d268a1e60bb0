// Command draw makes the shop's pictures again, in the folder that they are published from. Run it in the repository's
// root, or name another folder.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/bartgottschalk/startupwebapp/gateway/site/drawing"
)

func main() {
	folder := filepath.Join("gateway", "site", "img")
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	if err := drawInto(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func drawInto(folder string) error {
	album := drawing.NewAlbum()
	for _, picture := range drawing.Pictures() {
		files, err := album.Files(picture)
		if err != nil {
			return err
		}
		if err := keep(folder, files); err != nil {
			return err
		}
	}
	return nil
}

func keep(folder string, files []drawing.File) error {
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(folder, filepath.FromSlash(file.Name)), file.Body, 0o644); err != nil { //nolint:gosec // pictures for everybody
			return fmt.Errorf("keep %s: %w", file.Name, err)
		}
	}
	return nil
}
