// Command clientevent is the clientevent service's executable; `clientevent --help` tells its settings.
package main

import (
	"github.com/bartgottschalk/startupwebapp/services/clientevent"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

func main() {
	process.Main(clientevent.Program())
}
