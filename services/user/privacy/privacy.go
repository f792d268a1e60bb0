// Package privacy hands out what the user service knows about a person, and forgets it.
//
// What the order and clientevent services know is theirs to hand out and to forget.
package privacy
