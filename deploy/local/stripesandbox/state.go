package stripesandbox

import (
	"github.com/bartgottschalk/startupwebapp/deploy/local/journal"
)

// DefaultKeep is how many sessions are kept unless Options.Keep says otherwise: some hours of a load test, and about
// 200 MB at worst.
const DefaultKeep = 20_000

// Bounds of what does not grow with the number of purchases.
const (
	keptRequests = 2000
	keptFaults   = 200
)

// state is everything that a restart must not forget. In each table the oldest row goes first when it is full.
type state struct {
	journal  *journal.Journal
	sessions *journal.Table[session]
	coupons  *journal.Table[coupon]
	refunds  *journal.Table[refund]
	disputes *journal.Table[dispute]
	events   *journal.Table[event]
	answers  *journal.Table[keptAnswer]
	requests *journal.Table[loggedRequest]
	faults   *journal.Table[fault]
	settings *journal.Table[settings]

	keep  int
	index index // guarded by the journal's lock like the tables
}

// openState opens the file at path. A purchase has one session, about two events and up to two kept answers.
func openState(path string, keep int) (*state, error) {
	j := journal.New(path)
	st := &state{
		journal:  j,
		sessions: journal.AddTable[session](j, "session", keep),
		coupons:  journal.AddTable[coupon](j, "coupon", keep),
		refunds:  journal.AddTable[refund](j, "refund", keep),
		disputes: journal.AddTable[dispute](j, "dispute", keep),
		events:   journal.AddTable[event](j, "event", 2*keep),
		answers:  journal.AddTable[keptAnswer](j, "answer", 2*keep),
		requests: journal.AddTable[loggedRequest](j, "request", keptRequests),
		faults:   journal.AddTable[fault](j, "fault", keptFaults),
		settings: journal.AddTable[settings](j, "settings", 1),
		keep:     keep,
		index:    newIndex(),
	}
	if err := j.Load(); err != nil {
		return nil, err
	}
	for _, stored := range st.sessions.OldestFirst() {
		st.index.addSession(stored)
	}
	for _, stored := range st.events.OldestFirst() {
		st.index.addEvent(stored)
	}
	return st, nil
}

func (st *state) putSession(changed session) {
	if _, known := st.sessions.Get(changed.ID); !known && st.sessions.Len() >= st.keep {
		for _, oldest := range st.sessions.OldestFirst() { // falls out now
			st.index.dropSession(oldest)
			break
		}
	}
	st.sessions.Put(changed.ID, changed)
	st.index.addSession(changed)
}

func (st *state) putEvent(changed event) {
	st.events.Put(changed.ID, changed)
	st.index.addEvent(changed)
}

// sessionOfIntent and sessionOfCharge find the session by its payment.
func (st *state) sessionOfIntent(id string) (session, bool) {
	return st.sessions.Get(st.index.byIntent[id])
}

func (st *state) sessionOfCharge(id string) (session, bool) {
	return st.sessions.Get(st.index.byCharge[id])
}

// settings are the switches that /sandbox/webhooks, settlement, tax and refunds turn.
type settings struct {
	Mode       webhookMode
	APIVersion string // of the webhook endpoint, which need not be that of the API calls
	Settlement *settlement
	TaxRate    percentage
	Refunds    string // refundsNormal and so on
}

const settingsKey = "settings"

func (st *state) currentSettings() settings {
	current, known := st.settings.Get(settingsKey)
	if !known || current.APIVersion == "" {
		current.APIVersion = apiVersion
	}
	if current.Refunds == "" {
		current.Refunds = refundsNormal
	}
	return current
}

func (st *state) putSettings(changed settings) { st.settings.Put(settingsKey, changed) }
