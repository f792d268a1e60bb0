// Command gateway is the edge of the shop; --help prints its settings.
package main

import (
	"github.com/bartgottschalk/startupwebapp/gateway"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

func main() { process.Main(gateway.Program()) }
