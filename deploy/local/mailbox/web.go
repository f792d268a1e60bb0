package mailbox

import (
	"encoding/json"
	"html/template"
	"net/http"
	"regexp"
	"strings"
)

// shownInList is how many mails the first page shows.
const shownInList = 200

// linkForm finds web addresses in plain text.
var linkForm = regexp.MustCompile(`https?://[^\s<>"']+`)

// Handler serves the pages, the JSON under /messages and the switch under /sandbox/fail.
func (m *Mailbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", m.showList)
	mux.HandleFunc("GET /mails/{id}", m.showMail)
	mux.HandleFunc("GET /mails/{id}/html", m.showHTML)
	mux.HandleFunc("GET /messages", m.listMessages)
	mux.HandleFunc("GET /messages/{id}", m.oneMessage)
	mux.HandleFunc("DELETE /messages", m.deleteMessages)
	mux.HandleFunc("GET /sandbox/fail", m.showFaults)
	mux.HandleFunc("POST /sandbox/fail", m.addFault)
	mux.HandleFunc("DELETE /sandbox/fail", m.removeFaults)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	return mux
}

func (m *Mailbox) listMessages(w http.ResponseWriter, _ *http.Request) {
	m.answer(w, nil, m.newestFirst())
}

func (m *Mailbox) oneMessage(w http.ResponseWriter, r *http.Request) {
	found, known := m.find(r.PathValue("id"))
	if !known {
		http.Error(w, "There is no such mail.", http.StatusNotFound)
		return
	}
	m.answer(w, nil, found)
}

func (m *Mailbox) deleteMessages(w http.ResponseWriter, _ *http.Request) {
	if err := m.clear(); err != nil {
		m.answer(w, err, nil)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (m *Mailbox) answer(w http.ResponseWriter, err error, value any) {
	if err != nil {
		m.options.Logger.Error("the mailbox cannot keep its state", "error", err)
		http.Error(w, "The mailbox cannot keep its state; see its log.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(value)
}

func (m *Mailbox) showList(w http.ResponseWriter, _ *http.Request) {
	all := m.newestFirst()
	view := struct {
		Count    int
		Messages []Message
	}{Count: len(all), Messages: all[:min(len(all), shownInList)]}
	writePage(w, m.pages.list, view)
}

// piece is a part of a plain text: a link when Link is set.
type piece struct{ Text, Link string }

func (m *Mailbox) showMail(w http.ResponseWriter, r *http.Request) {
	found, known := m.find(r.PathValue("id"))
	if !known {
		http.Error(w, "There is no such mail.", http.StatusNotFound)
		return
	}
	view := struct {
		Message

		Pieces []piece
	}{Message: found, Pieces: splitLinks(found.Text)}
	writePage(w, m.pages.message, view)
}

// splitLinks makes the web addresses of a text clickable; a full stop or bracket after one is not part of it.
func splitLinks(text string) []piece {
	var pieces []piece
	end := 0
	for _, place := range linkForm.FindAllStringIndex(text, -1) {
		link := strings.TrimRight(text[place[0]:place[1]], ".,;:!?)")
		pieces = append(pieces, piece{Text: text[end:place[0]]}, piece{Text: link, Link: link})
		end = place[0] + len(link)
	}
	return append(pieces, piece{Text: text[end:]})
}

// showHTML shows the HTML part as it came, shut off: no scripts, no forms, nothing loaded but pictures, a foreign origin.
func (m *Mailbox) showHTML(w http.ResponseWriter, r *http.Request) {
	found, known := m.find(r.PathValue("id"))
	if !known {
		http.Error(w, "There is no such mail.", http.StatusNotFound)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy",
		"sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write([]byte(`<!doctype html><base target="_blank">` + found.HTML))
}

func writePage(w http.ResponseWriter, page *template.Template, view any) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	_ = page.Execute(w, view)
}
