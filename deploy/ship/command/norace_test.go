//go:build !race

package command_test

// stride is how many calls tests step on by; see race_test.go.
const stride = 1
