package stripesandbox

import (
	_ "embed"
	"net/http"
	"time"
)

//go:embed overview.html
var overviewSource string

const shownInOverview = 30

// overviewSession and overviewEvent are rows of the first page.
type overviewSession struct {
	ID, Status, PaymentStatus, Total string
	Created                          time.Time
	Open                             bool
}

type overviewEvent struct {
	ID, Type  string
	At        time.Time
	Delivered bool
}

// showOverview is the first page: what happened lately, for people who look over the shop's shoulder.
func (s *Sandbox) showOverview(w http.ResponseWriter, _ *http.Request) {
	view := struct {
		Mode     string
		Refunds  map[string]int // by status, as the disputes
		Disputes map[string]int
		Sessions []overviewSession
		Events   []overviewEvent
	}{Refunds: map[string]int{}, Disputes: map[string]int{}}
	s.state.journal.View(func() {
		view.Mode = s.state.currentSettings().Mode.String()
		for _, stored := range s.state.refunds.OldestFirst() {
			view.Refunds[stored.Status]++
		}
		for _, stored := range s.state.disputes.OldestFirst() {
			view.Disputes[stored.Status]++
		}
		for _, stored := range s.state.sessions.NewestFirst() {
			if len(view.Sessions) == shownInOverview {
				break
			}
			view.Sessions = append(view.Sessions, overviewSession{
				ID: stored.ID, Status: stored.Status, PaymentStatus: stored.PaymentStatus, Open: stored.Status == statusOpen,
				Total: displayAmount(stored.amountTotal(), stored.Currency), Created: time.Unix(stored.Created, 0).UTC(),
			})
		}
		for _, stored := range s.state.events.NewestFirst() {
			if len(view.Events) == shownInOverview {
				break
			}
			view.Events = append(view.Events, overviewEvent{ID: stored.ID, Type: stored.Type, At: stored.At, Delivered: stored.isDelivered()})
		}
	})
	writePage(w, http.StatusOK, s.pages.overview, view)
}
