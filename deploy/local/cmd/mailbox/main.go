// Command mailbox takes the mail of a shop in containers and shows it.
package main

import (
	"github.com/bartgottschalk/startupwebapp/deploy/local/standalone"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

func main() { process.Main(standalone.Mailbox()) }
