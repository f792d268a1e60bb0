// Command stripesandbox stands in for Stripe in a shop in containers.
package main

import (
	"github.com/bartgottschalk/startupwebapp/deploy/local/standalone"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

func main() { process.Main(standalone.StripeSandbox()) }
