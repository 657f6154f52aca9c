package console

import (
	"net/http"
	"strings"
	"time"

	"apel/contactdb"
)

// Erased says what an erasure removed and what stays.
type Erased struct {
	Phone   string   `json:"phone"`
	Lists   []string `json:"lists"`        // in which the person was
	Records int      `json:"records_kept"` // call records, kept as evidence
}

// eraseContact forgets all that is known of a person but the number. The
// number stays in its lists, without a name, and goes on the do-not-call list:
// taken out, it would be dialed again after the next import.
func (a *api) eraseContact(r *http.Request) (any, error) {
	contacts, err := a.byPhone(r)
	if err != nil {
		return nil, err
	}
	phone, now := contacts[0].Phone, time.Now()
	stop := contactdb.Suppression{Phone: phone, Reason: "erased", Source: "contact erase", AddedAt: now}
	if _, err := a.svc.Suppress(r.Context(), []contactdb.Suppression{stop}); err != nil {
		return nil, err
	}
	gone := Erased{Phone: phone, Lists: []string{}}
	for _, c := range contacts {
		bare := contactdb.Contact{ID: c.ID, List: c.List, Phone: c.Phone, NumberType: c.NumberType, Region: c.Region, Zones: c.Zones, ImportedAt: c.ImportedAt}
		if _, err := a.svc.Store().PutContact(bare, now); err != nil {
			return nil, err
		}
		gone.Lists = append(gone.Lists, c.List)
	}
	for _, err := range a.svc.Store().Records(contactdb.RecordFilter{Phone: phone}) {
		if err != nil {
			return nil, err
		}
		gone.Records++
	}
	traceOf(r).note("lists", strings.Join(gone.Lists, ", "))
	return gone, nil
}
