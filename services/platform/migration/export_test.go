package migration

import "time"

// WithPatience lets tests give up sooner.
func (s Set) WithPatience(tries int, pause time.Duration) Set {
	s.patience = patience{tries: tries, pause: pause}
	return s
}
