package console

import (
	"iter"
	"net/http"
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
	return lastOf(a.svc.Store().Records(f), limit)
}

// lastOf gives the last limit rows.
func lastOf[T any](rows iter.Seq2[T, error], limit int) ([]T, error) {
	last := []T{}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		if last = append(last, row); len(last) >= 2*limit+1024 { // drop in large steps
			last = append(last[:0], last[len(last)-limit:]...)
		}
	}
	return last[max(0, len(last)-limit):], nil
}

func (a *api) verify(r *http.Request) (any, error) { return a.svc.Store().Verify(r.Context()) }
