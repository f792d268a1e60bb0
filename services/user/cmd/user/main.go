// Command user runs the user service; --help tells what it takes.
package main

import (
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/user"
)

func main() {
	process.Main(user.Program())
}
