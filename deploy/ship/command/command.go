// Package command is ship's face: arguments, exit codes, and what is printed for people and for machines. What a command does
// stands in the package of its concept.
package command

// The exit codes. Workflows and people decide by them; README.md lists them.
const (
	Done            = 0
	Failed          = 1 // something unforeseen; what was said names it, and the command may be repeated
	Usage           = 2 // wrong arguments or settings
	Locked          = 3 // somebody else is at it
	ImageMissing    = 4
	MigrationFailed = 5 // nothing was rolled out
	RolledBack      = 6 // the new revision did not come up, or failed its checks; the last good one runs again
	RollbackFailed  = 7 // a person has to look now
	TaskFailed      = 8 // run: the task ended with another code than 0
	Interrupted     = 9 // stopped or out of time half-way; the same command goes on from there
)
