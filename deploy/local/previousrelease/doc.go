// Package previousrelease tries a deploy: the programs of the newest release serve, the programs of this commit migrate, old and new serve
// side by side, the new ones alone. It buys all the way, and the books are right in the end.
//
// The newest release is the newest tag before this commit, fetched when there is none and a remote is known; PREVIOUS_RELEASE=REVISION
// takes another. Without one, and in a clone that lacks its objects, the test says so and skips. What other tests promise of a
// single release is no concern of this one.
package previousrelease
