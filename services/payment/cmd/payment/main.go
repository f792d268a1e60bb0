// Command payment is the payment service's executable; `payment --help` tells its settings.
package main

import (
	"github.com/bartgottschalk/startupwebapp/services/payment"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

func main() {
	process.Main(payment.Program())
}
