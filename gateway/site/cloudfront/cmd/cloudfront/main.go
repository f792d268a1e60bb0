// Command cloudfront writes the generated files of Terraform's module site. Run it in the repository's root, or name another folder.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
	"github.com/bartgottschalk/startupwebapp/gateway/site/cloudfront"
)

func main() {
	folder := filepath.Join("deploy", "terraform", "modules", "site")
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	if err := writeInto(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func writeInto(folder string) error {
	files, err := cloudfront.Files(site.Default())
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil { //nolint:gosec // for everybody to read
			return err
		}
	}
	return nil
}
