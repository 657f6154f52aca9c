package console

import "net/http"

// Erased says what an erasure removed and what the law keeps.
type Erased struct {
	Phone   string   `json:"phone"`
	Lists   []string `json:"lists"`        // that the number was removed from
	Records int      `json:"records_kept"` // call records, kept as evidence
}

func (a *api) eraseContact(r *http.Request) (any, error) {
	contacts, err := a.byPhone(r)
	if err != nil {
		return nil, err
	}
	return nil, problem(Failed, "%s cannot be erased by this version", contacts[0].Phone)
}
