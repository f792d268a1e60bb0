package stripesandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync"
	"time"
)

// answersKeptFor is how long Stripe promises to know an idempotency key (reliability.md C1).
const answersKeptFor = 24 * time.Hour

// keptAnswer is the first answer under an idempotency key.
type keptAnswer struct {
	Key         string
	Fingerprint string // of address and parameters: a key belongs to one request
	Status      int
	Body        string
	At          int64
}

// keyUsage knows the keys of the calls that are running now.
type keyUsage struct {
	mutex   sync.Mutex
	running map[string]struct{}
}

// claim reports whether nobody else is using the key, and then holds it until release.
func (u *keyUsage) claim(key string) bool {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if _, taken := u.running[key]; taken {
		return false
	}
	if u.running == nil {
		u.running = map[string]struct{}{}
	}
	u.running[key] = struct{}{}
	return true
}

func (u *keyUsage) release(key string) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	delete(u.running, key)
}

// once runs the operation, at most once per idempotency key. What the operation changes and its answer are stored
// together: a crash leaves both or neither.
func (s *Sandbox) once(c *call, op operation) answer {
	if c.request.Method != http.MethodPost || c.key == "" {
		return s.update(func() answer { return s.run(c, op) })
	}
	if !s.usage.claim(c.key) {
		return refusal(&apiError{
			Status: http.StatusConflict, Type: "idempotency_error", Code: "idempotency_key_in_use", unstarted: true,
			Message: "Another request with this idempotency key is still running.",
		})
	}
	defer s.usage.release(c.key)
	return s.update(func() answer { return s.replayOrRun(c, op) })
}

func (s *Sandbox) update(work func() answer) answer {
	var given answer
	err := s.state.journal.Update(func() error {
		given = work()
		return nil
	})
	if err != nil {
		return refusal(s.stateFailed(err))
	}
	return given
}

func (s *Sandbox) replayOrRun(c *call, op operation) answer {
	fingerprint := c.fingerprint()
	earlier, known := s.state.answers.Get(c.key)
	if known && c.now.Unix()-earlier.At < int64(answersKeptFor.Seconds()) {
		if earlier.Fingerprint != fingerprint {
			return refusal(&apiError{
				Status: http.StatusBadRequest, Type: "idempotency_error", unstarted: true,
				Message: "This idempotency key was first used with another address or other parameters.",
			})
		}
		return answer{status: earlier.Status, body: []byte(earlier.Body), replayed: true}
	}
	given := s.run(c, op)
	if given.kept {
		s.state.answers.Remove(c.key) // an outdated one must not keep its old place
		s.state.answers.Put(c.key, keptAnswer{
			Key: c.key, Fingerprint: fingerprint, Status: given.status, Body: string(given.body), At: c.now.Unix(),
		})
	}
	return given
}

func (c *call) fingerprint() string {
	sum := sha256.Sum256([]byte(c.request.Method + " " + c.request.URL.Path + "\n" + c.given.values.Encode()))
	return hex.EncodeToString(sum[:])
}
