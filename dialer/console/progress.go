package console

import (
	"net/http"
	"sync"
)

// Progress is how far a request is that takes long.
type Progress struct {
	Done int `json:"done"`
	Of   int `json:"of"` // 0: it has not begun, has ended, or does not say
}

// work is what requests that take long are at. Whoever sends one may name it in
// its query, progress=NAME, and ask meanwhile how far it is.
type work struct {
	mu  sync.Mutex // guards all
	all map[string]Progress
}

const (
	longestWork = 64  // of a name, in bytes
	mostWork    = 100 // requests that say how far they are; others go on in silence
)

// of is what a request tells how far it is; nil if nobody asks. It is forgotten
// with the request.
func (k *work) of(r *http.Request) func(done, of int) {
	name := r.URL.Query().Get("progress")
	if name == "" || len(name) > longestWork {
		return nil
	}
	return func(done, of int) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if _, known := k.all[name]; !known {
			if len(k.all) >= mostWork || r.Context().Err() != nil {
				return
			}
			if k.all == nil {
				k.all = map[string]Progress{}
			}
		}
		k.all[name] = Progress{done, of}
	}
}

// over forgets what a request told.
func (k *work) over(r *http.Request) {
	if r.URL.RawQuery == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.all, r.URL.Query().Get("progress"))
}

func (a *api) progress(r *http.Request) (any, error) {
	a.work.mu.Lock()
	defer a.work.mu.Unlock()
	return a.work.all[r.PathValue("name")], nil
}
