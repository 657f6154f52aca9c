package console

import (
	"net/http"
	"time"

	"apel/contactdb"
)

// NewSuppressions is the body of a request that adds do-not-call entries.
type NewSuppressions struct {
	Phones  []string `json:"phones"`
	Country string   `json:"country,omitempty"`
	Reason  string   `json:"reason,omitempty"`
	Source  string   `json:"source,omitempty"`
}

// SuppressionsAdded says what became of them: Given = Added + Known.
type SuppressionsAdded struct {
	Given int `json:"given"`
	Added int `json:"added"`
	Known int `json:"known"` // were there already
}

func (a *api) addSuppressions(r *http.Request) (any, error) {
	var body NewSuppressions
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if len(body.Phones) == 0 {
		return nil, problem(Usage, "no number is given; name one or more")
	}
	now := time.Now()
	entries := make([]contactdb.Suppression, len(body.Phones))
	for i, p := range body.Phones {
		phone, err := parsePhone(p, body.Country)
		if err != nil {
			return nil, err
		}
		entries[i] = contactdb.Suppression{Phone: phone, Reason: body.Reason, Source: body.Source, AddedAt: now}
	}
	added, err := a.svc.Suppress(r.Context(), entries)
	t := traceOf(r)
	t.Phone = entries[0].Phone
	t.change(nil, map[string]string{"reason": body.Reason, "source": body.Source})
	for _, e := range entries[1:] {
		more := t.AuditEntry
		more.Phone = e.Phone
		t.others = append(t.others, more)
	}
	return SuppressionsAdded{len(entries), added, len(entries) - added}, err
}

// SuppressionCheck says whether a number is suppressed, and by which entry.
type SuppressionCheck struct {
	Phone      string                 `json:"phone"`
	Suppressed bool                   `json:"suppressed"`
	Entry      *contactdb.Suppression `json:"entry,omitempty"`
}

func (a *api) suppressed(r *http.Request) (any, error) {
	phone, err := pathPhone(r)
	if err != nil {
		return nil, err
	}
	entry, err := a.svc.Store().Suppressed(phone)
	return SuppressionCheck{phone, entry != nil, entry}, err
}

func (a *api) unsuppress(r *http.Request) (any, error) {
	phone, err := pathPhone(r)
	if err != nil {
		return nil, err
	}
	entry, err := a.svc.Store().Suppressed(phone)
	if err != nil {
		return nil, err
	}
	if entry == nil {
		return nil, problem(NotFound, "%s is not on the do-not-call list; nothing was changed", phone)
	}
	traceOf(r).change(entry, nil)
	return Removed{phone}, a.svc.Store().Unsuppress(phone)
}
