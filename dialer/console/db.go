package console

import (
	"net/http"
	"strings"
	"time"

	"apel/contactdb"
)

// Checked is the result of looking through the store.
type Checked struct {
	OK       bool     `json:"ok"`
	Problems []string `json:"problems"`
	TookMS   int64    `json:"took_ms"`
}

func (a *api) checkStore(*http.Request) (any, error) {
	start := time.Now()
	c := Checked{OK: true, Problems: []string{}}
	if err := a.svc.Store().Check(); err != nil {
		c.OK, c.Problems = false, contactdb.Problems(err)
	}
	c.TookMS = time.Since(start).Milliseconds()
	return c, nil
}

func (a *api) storeStats(*http.Request) (any, error) { return a.svc.Store().Stats() }

// backup streams a copy of the store while everything goes on.
func (a *api) backup(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Trailer", Trailer)
	w.WriteHeader(http.StatusOK)
	if _, err := a.svc.Store().Backup(r.Context(), w); err != nil {
		h.Set(Trailer, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return nil
}
