package console

import (
	"net/http"
	"strings"
	"time"

	"apel/contactdb"
)

// eraseContact forgets a person (GDPR article 17). The number is never dialed
// again: a digest of it goes on the do-not-call list, or itself if so asked.
func (a *api) eraseContact(r *http.Request) (any, error) {
	phone, err := pathPhone(r)
	if err != nil {
		return nil, err
	}
	h, err := a.known(phone)
	if err != nil {
		return nil, err
	}
	if h.empty() {
		return nil, problem(NotFound, "nothing is known of %s: it is in no list, was never called and is not suppressed", phone)
	}
	q := r.URL.Query()
	reason := q.Get("reason")
	if reason == "" {
		reason = "erased"
	}
	gone, err := a.svc.Erase(r.Context(), contactdb.Erasure{
		Phone: phone, Reason: reason, Source: whoOf(r), Now: time.Now(), KeepNumber: q.Get("keep_number") != "",
	})
	if err != nil {
		return nil, err
	}
	t := traceOf(r)
	t.Phone = "" // the trail must not remember whom it was told to forget
	t.Object = "person"
	t.note("lists", strings.Join(gone.Lists, ", "))
	t.note("contacts", gone.Contacts)
	t.note("records", gone.Records)
	t.note("recordings", len(gone.Recordings))
	t.note("rejected_rows", gone.Rejects)
	return gone, nil
}
