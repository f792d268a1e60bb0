// Command order runs the order service; see the README of services/order.
package main

import (
	"github.com/bartgottschalk/startupwebapp/services/order"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

func main() {
	process.Main(order.Program())
}
