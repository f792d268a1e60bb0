// Command publish writes the shop's pages and an nginx configuration into a folder. The image of the pages is made with it;
// production uploads the pages with ship.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
	"github.com/bartgottschalk/startupwebapp/gateway/site/nginx"
	"github.com/bartgottschalk/startupwebapp/services/platform/config"
)

// settings are those of site.Settings; what is empty has its value.
type settings struct {
	SiteOrigin  config.Origin `env:"SITE_ORIGIN,required" help:"where the pages will be"`
	APIOrigin   config.Origin `env:"API_ORIGIN,required" help:"where the API is"`
	ShopName    string        `env:"SHOP_NAME" help:"how the shop calls itself"`
	Phone       string        `env:"SHOP_PHONE" help:"the telephone number as it is read"`
	PhoneTarget string        `env:"SHOP_PHONE_TARGET" help:"the address that calls it, tel:..."`
	Email       string        `env:"SHOP_EMAIL" help:"the address for customers"`
}

func main() { os.Exit(run(os.Args[1:], os.Environ(), os.Stderr)) }

func run(arguments, environ []string, out io.Writer) int {
	flags := flag.NewFlagSet("publish", flag.ContinueOnError)
	flags.SetOutput(out)
	to := flags.String("to", "", "the folder that is written, required")
	listen := flags.String("listen", "8080", "the port, or address and port, of the server")
	scratch := flags.String("scratch", "/tmp", "a folder that the server may write to")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(out, "usage: publish -to DIR [flags]; then nginx -p DIR -c nginx.conf")
		flags.PrintDefaults()
		config.Help[settings](out)
	}
	if err := flags.Parse(arguments); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if *to == "" || flags.NArg() > 0 {
		flags.Usage()
		return 2
	}
	if err := publish(*to, environ, nginx.Settings{Listen: *listen, Scratch: *scratch}); err != nil {
		_, _ = fmt.Fprintln(out, "publish:", err)
		return 1
	}
	return 0
}

func publish(to string, environ []string, server nginx.Settings) error {
	told, err := config.Load[settings](environ)
	if err != nil {
		return err
	}
	pages, err := site.Publish(site.Default(), site.Settings{
		SiteOrigin: string(told.SiteOrigin), APIOrigin: string(told.APIOrigin), ShopName: told.ShopName,
		Phone: told.Phone, PhoneTarget: told.PhoneTarget, Email: told.Email,
	})
	if err != nil {
		return err
	}
	return nginx.Write(to, pages, server)
}
