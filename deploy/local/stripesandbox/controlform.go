package stripesandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// readForm reads the small form of a switch; when that fails it has answered already.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		refuse(w, err)
		return nil, false
	}
	return r.Form, true
}

func refuse(w http.ResponseWriter, err error) {
	writeJSON(w, http.StatusBadRequest, object{"error": err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	encoded, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		http.Error(w, "unencodable answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(encoded, '\n'))
}
