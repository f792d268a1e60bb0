// Command draw makes the pictures of the demo catalogue again, in the folder that the pages are embedded from. Run it in
// the repository's root, or name another folder.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/bartgottschalk/startupwebapp/gateway/site/drawing"
)

func main() {
	folder := filepath.Join("gateway", "site", "img", "product")
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	if err := drawInto(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func drawInto(folder string) error {
	for _, name := range drawing.Names() {
		file, err := drawing.JPEG(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), file, 0o644); err != nil { //nolint:gosec // pictures for everybody
			return fmt.Errorf("keep %s: %w", name, err)
		}
	}
	return nil
}
