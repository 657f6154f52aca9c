package console

import (
	"net/http"

	"apel/dialer"
)

func (a *api) lists(*http.Request) (any, error) { return orEmpty(a.svc.Store().Lists()) }

func (a *api) list(r *http.Request) (any, error) {
	name := r.PathValue("list")
	l, err := a.svc.Store().List(name)
	return l, a.missingList(err, name)
}

func (a *api) importList(r *http.Request) (any, error) {
	name := r.PathValue("list")
	if err := checkName("list", name); err != nil {
		return nil, err
	}
	columns, err := queryMap(r, "map")
	if err != nil {
		return nil, err
	}
	opt := dialer.ImportOptions{Country: r.URL.Query().Get("country"), Map: columns, Sheet: r.URL.Query().Get("sheet")}
	res, err := a.svc.ImportList(r.Context(), name, r.Body, opt)
	traceOf(r).change(nil, map[string]int{"rows": res.Rows, "imported": res.Imported, "duplicates": res.Duplicates, "rejected": res.Rejected})
	return res, err
}

// Removed says what a DELETE took away.
type Removed struct {
	Removed string `json:"removed"`
}

func (a *api) removeList(r *http.Request) (any, error) {
	name := r.PathValue("list")
	if l, err := a.svc.Store().List(name); err == nil { // otherwise the removal fails too
		traceOf(r).change(map[string]int{"contacts": l.Contacts}, nil)
	}
	err := a.svc.Store().RemoveList(name)
	return Removed{name}, a.missingList(err, name)
}

func (a *api) missingList(err error, name string) error {
	if err == nil {
		return nil
	}
	lists, _ := a.svc.Store().Lists() // only for a guess
	known := make([]string, len(lists))
	for i, l := range lists {
		known[i] = l.Name
	}
	return missing(err, "list", name, known)
}

// orEmpty makes an empty JSON array of no rows.
func orEmpty[T any](rows []T, err error) (any, error) {
	if rows == nil {
		rows = []T{}
	}
	return rows, err
}
