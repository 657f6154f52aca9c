package console

import (
	"net/http"

	"apel/contactdb"
)

// records gives the last limit call records that fit, oldest first.
func (a *api) records(r *http.Request) (any, error) {
	f, err := a.recordFilter(r)
	if err != nil {
		return nil, err
	}
	limit, err := queryInt(r, "limit", 50)
	if err != nil {
		return nil, err
	}
	last := []contactdb.Record{}
	for rec, err := range a.svc.Store().Records(f) {
		if err != nil {
			return nil, err
		}
		if last = append(last, rec); len(last) >= 2*limit+1024 { // drop in large steps
			last = append(last[:0], last[len(last)-limit:]...)
		}
	}
	return last[max(0, len(last)-limit):], nil
}

func (a *api) verify(r *http.Request) (any, error) { return a.svc.Store().Verify(r.Context()) }
