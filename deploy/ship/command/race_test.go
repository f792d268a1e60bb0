//go:build race

package command_test

// stride is how many calls tests step on by: with the race detector each costs ten times as much. That a killed deploy is resumed is
// asked for every call all the same, and without the detector everything is.
const stride = 2
