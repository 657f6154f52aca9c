package console

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"apel/contactdb"
)

// NewContact is the body of a request that adds one.
type NewContact struct {
	List    string `json:"list"`
	Phone   string `json:"phone"`
	Country string `json:"country,omitempty"`
	contactFields
}

// pathPhone reads the number in the path as E.164.
func pathPhone(r *http.Request) (string, error) {
	return parsePhone(r.PathValue("phone"), r.URL.Query().Get("country"))
}

// byPhone gives the contacts with the path's number; none is not found.
func (a *api) byPhone(r *http.Request) ([]contactdb.Contact, error) {
	phone, err := pathPhone(r)
	if err != nil {
		return nil, err
	}
	contacts, err := a.svc.Store().ContactsByPhone(phone)
	if err == nil && len(contacts) == 0 {
		err = problem(NotFound, "%s is in no list; see: apel list ls", phone)
	}
	return contacts, err
}

func (a *api) contact(r *http.Request) (any, error) { return a.byPhone(r) }

func (a *api) addContact(r *http.Request) (any, error) {
	var body NewContact
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if err := checkName("list", body.List); err != nil {
		return nil, err
	}
	c, err := newContact(body.Phone, body.Country)
	if err != nil {
		return nil, err
	}
	twins, err := a.svc.Store().ContactsByPhone(c.Phone)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(twins, func(t contactdb.Contact) bool { return t.List == body.List }) {
		return nil, problem(State, "%s is in list %q already; change it: apel contact edit %s --list %s", c.Phone, body.List, c.Phone, body.List)
	}
	c.List = body.List
	if err := body.apply(&c, body.Country); err != nil {
		return nil, err
	}
	c, err = a.svc.Store().PutContact(c, time.Now())
	t := traceOf(r)
	t.Phone, t.Object = c.Phone, "list/"+c.List
	t.change(nil, c)
	return c, err
}

func (a *api) editContact(r *http.Request) (any, error) {
	var body contactFields
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	contacts, err := a.byPhone(r)
	if err != nil {
		return nil, err
	}
	list := r.URL.Query().Get("list")
	if list != "" {
		contacts = slices.DeleteFunc(contacts, func(c contactdb.Contact) bool { return c.List != list })
	}
	switch len(contacts) {
	case 0:
		return nil, problem(NotFound, "the number is not in list %q; see: apel contact show %s", list, r.PathValue("phone"))
	case 1:
	default:
		return nil, problem(Usage, "%s is in %d lists; say which with --list", contacts[0].Phone, len(contacts))
	}
	before := contacts[0]
	before.Fields = maps.Clone(before.Fields)
	if err := body.apply(&contacts[0], r.URL.Query().Get("country")); err != nil {
		return nil, err
	}
	after, err := a.svc.Store().PutContact(contacts[0], time.Now())
	t := traceOf(r)
	t.Object = "list/" + after.List
	t.change(before, after)
	return after, err
}

// maxOperations is how many of the last operations a history shows; the audit
// trail has them all.
const maxOperations = 1000

// ContactHistory is all that was done with a number.
type ContactHistory struct {
	Phone      string                 `json:"phone"`
	Contacts   []contactdb.Contact    `json:"contacts"`
	Suppressed *contactdb.Suppression `json:"suppressed,omitempty"` // for every call
	Live       []contactdb.Attempt    `json:"live"`
	Records    []contactdb.Record     `json:"records"`
	Imports    []ImportBy             `json:"imports"` // that brought or changed the contacts, oldest first
	// Operations is who did, saw or took what of this person, oldest first.
	Operations []contactdb.AuditEntry `json:"operations"`
}

// ImportBy is an import and who asked for it, as in the audit trail; "" if it
// does not say.
type ImportBy struct {
	contactdb.ImportOf
	Who string `json:"who"`
}

// importsOf are the imports that brought or changed the contacts with a number.
func (a *api) importsOf(phone string) ([]ImportBy, error) {
	of, err := a.svc.Store().ImportsOf(phone)
	all := make([]ImportBy, len(of))
	for i, one := range of {
		all[i].ImportOf = one
		f := contactdb.AuditFilter{Object: "list/" + one.List, Verb: "list.import", From: one.At}
		for e, err := range a.svc.Store().AuditTrail(f) {
			if err != nil {
				return nil, err
			}
			if e.Detail["dry-run"] == "" { // the first that ended after the import began
				all[i].Who = e.Who
				break
			}
		}
	}
	return all, err
}

func (a *api) contactHistory(r *http.Request) (any, error) {
	phone, err := pathPhone(r)
	if err != nil {
		return nil, err
	}
	p, err := a.known(phone)
	if err == nil {
		p.Suppressed, err = a.svc.Store().Suppressed(contactdb.Target{Phone: phone}, time.Now())
	}
	if err != nil {
		return nil, err
	}
	if len(p.Contacts) == 0 && len(p.Records) == 0 && p.Suppressed == nil {
		return nil, problem(NotFound, "nothing is known of %s: it is in no list, was never called and is not suppressed", phone)
	}
	return p.ContactHistory, nil
}

func (a *api) contactWhy(r *http.Request) (any, error) {
	if _, err := a.byPhone(r); err != nil {
		return nil, err
	}
	phone, err := pathPhone(r)
	if err != nil {
		return nil, err
	}
	return orEmpty(a.svc.WhyContact(phone))
}
