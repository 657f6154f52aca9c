package console

import (
	"net/http"
	"strconv"

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
	q := r.URL.Query()
	opt := dialer.ImportOptions{Country: q.Get("country"), Map: columns, Sheet: q.Get("sheet"), Source: q.Get("file"), DryRun: q.Get("dry-run") != "", Fresh: q.Get("fresh") != ""}
	res, err := a.svc.ImportList(r.Context(), name, r.Body, opt)
	if !opt.DryRun {
		traceOf(r).change(nil, map[string]int{"rows": res.Rows, "imported": res.Imported, "updated": res.Updated, "duplicates": res.Duplicates, "rejected": res.Rejected})
	}
	return res, err
}

func (a *api) imports(r *http.Request) (any, error) {
	name := r.PathValue("list")
	all, err := a.svc.Store().Imports(name)
	if err == nil && len(all) == 0 { // a list that was made by hand has none
		_, err = a.svc.Store().List(name)
	}
	return all, a.missingList(err, name)
}

func (a *api) undoImport(r *http.Request) (any, error) {
	id := uint64(0)
	if text := r.URL.Query().Get("import"); text != "" {
		var err error
		if id, err = strconv.ParseUint(text, 10, 64); err != nil || id == 0 {
			return nil, problem(Usage, "import %q is no number of an import; see: apel list imports %s", text, r.PathValue("list"))
		}
	}
	u, err := a.svc.Store().UndoImport(r.PathValue("list"), id)
	traceOf(r).change(nil, map[string]int{"removed": u.Removed, "restored": u.Restored, "called": u.Called, "changed": u.Changed})
	return u, err
}

func (a *api) mappings(*http.Request) (any, error) { return orEmpty(a.svc.Mappings()) }

func (a *api) removeMapping(r *http.Request) (any, error) {
	name := r.PathValue("mapping")
	return Removed{name}, a.svc.RemoveMapping(name)
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
