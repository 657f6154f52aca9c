package console

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"apel/contactdb"
	"apel/contactdb/intake"
)

// findContacts searches: each q is a number or how it begins, a word that a name
// begins with, a value, or field=value.
func (a *api) findContacts(r *http.Request) (any, error) {
	q := r.URL.Query()
	search := contactdb.Search{}
	var plain []string
	for _, part := range q["q"] {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if field, value, ok := strings.Cut(part, "="); ok {
			if strings.TrimSpace(field) == "" || strings.TrimSpace(value) == "" {
				return nil, problem(Usage, "%q is not FIELD=VALUE; for example city=Iași", part)
			}
			if search.Values == nil {
				search.Values = map[string]string{}
			}
			search.Values[field] = value
			continue
		}
		plain = append(plain, part)
	}
	if len(plain) == 0 && len(search.Values) == 0 {
		return nil, problem(Usage, "say what to look for: a number or how it begins, a name, or FIELD=VALUE")
	}
	if text := strings.Join(plain, " "); text != "" {
		if search.Phone = intake.NumberBeginning(text, q.Get("country")); search.Phone == "" {
			search.Words = plain
		}
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return nil, problem(Usage, "limit %q is not a number from 1 to 1000", text)
		}
		search.Limit = n
	}
	found, err := a.svc.Store().FindContacts(search)
	if err == nil && len(found.Contacts) == 0 && search.Phone != "" { // digits may be a key or a contract too
		search.Phone, search.Words = "", plain
		found, err = a.svc.Store().FindContacts(search)
	}
	a.traceSearch(r, search, found)
	return found, err
}

// traceSearch writes down whom a search has shown. What was typed is a person's
// name or number: it stays only where an erasure finds it, in the entry of the
// one person who was found.
func (a *api) traceSearch(r *http.Request, search contactdb.Search, found contactdb.Found) {
	t := traceOf(r)
	typed := t.Detail["q"]
	delete(t.Detail, "q")
	t.note("found", len(found.Contacts))
	switch {
	case search.Phone != "":
		t.note("by", "number")
	case len(search.Words) > 0:
		t.note("by", "words")
	}
	if len(search.Values) > 0 {
		t.note("fields", strings.Join(slices.Sorted(maps.Keys(search.Values)), ", "))
	}
	if len(found.Contacts) == 1 {
		t.Phone = found.Contacts[0].Phone
		t.note("q", typed)
	}
}
