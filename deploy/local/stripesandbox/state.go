package stripesandbox

import (
	"github.com/bartgottschalk/startupwebapp/deploy/local/journal"
)

// Bounds of what is kept; the oldest goes first.
const (
	keptSessions = 5000
	keptEvents   = 5000
	keptAnswers  = 5000
	keptRequests = 2000
	keptFaults   = 200
)

// state is everything that a restart must not forget.
type state struct {
	journal  *journal.Journal
	sessions *journal.Table[session]
	events   *journal.Table[event]
	answers  *journal.Table[keptAnswer]
	requests *journal.Table[loggedRequest]
	faults   *journal.Table[fault]
	settings *journal.Table[settings]

	// What Run has to look at, so that it need not walk through everything: open or unsettled sessions, events with
	// deliveries to make. Kept by putSession and putEvent; guarded by the journal's lock like the tables.
	unfinished  map[string]struct{}
	undelivered map[string]struct{}
}

func openState(path string) (*state, error) {
	j := journal.New(path)
	st := &state{
		journal:     j,
		sessions:    journal.AddTable[session](j, "session", keptSessions),
		events:      journal.AddTable[event](j, "event", keptEvents),
		answers:     journal.AddTable[keptAnswer](j, "answer", keptAnswers),
		requests:    journal.AddTable[loggedRequest](j, "request", keptRequests),
		faults:      journal.AddTable[fault](j, "fault", keptFaults),
		settings:    journal.AddTable[settings](j, "settings", 1),
		unfinished:  map[string]struct{}{},
		undelivered: map[string]struct{}{},
	}
	if err := j.Load(); err != nil {
		return nil, err
	}
	for _, stored := range st.sessions.OldestFirst() {
		st.indexSession(stored)
	}
	for _, stored := range st.events.OldestFirst() {
		st.indexEvent(stored)
	}
	return st, nil
}

func (st *state) putSession(changed session) {
	st.sessions.Put(changed.ID, changed)
	st.indexSession(changed)
}

func (st *state) indexSession(changed session) {
	if changed.isUnfinished() {
		st.unfinished[changed.ID] = struct{}{}
		return
	}
	delete(st.unfinished, changed.ID)
}

func (st *state) putEvent(changed event) {
	st.events.Put(changed.ID, changed)
	st.indexEvent(changed)
}

func (st *state) indexEvent(changed event) {
	if changed.hasDeliveriesToMake() {
		st.undelivered[changed.ID] = struct{}{}
		return
	}
	delete(st.undelivered, changed.ID)
}

// settings are the switches that /sandbox/webhooks and /sandbox/settlement turn.
type settings struct {
	Mode       webhookMode
	APIVersion string // of the webhook endpoint, which need not be that of the API calls
	Settlement *settlement
}

const settingsKey = "settings"

func (st *state) currentSettings() settings {
	current, known := st.settings.Get(settingsKey)
	if !known || current.APIVersion == "" {
		current.APIVersion = apiVersion
	}
	return current
}

func (st *state) putSettings(changed settings) { st.settings.Put(settingsKey, changed) }
