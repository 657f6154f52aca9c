package console

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"apel/contactdb"
	"apel/dialer"
)

// contactsData is what the page of contacts shows.
type contactsData struct {
	Query, Country string
	Problem        string
	Found          []contactFound
	More, Asked    bool
}

// contactFound is a contact and, when few were found, what was done with it.
type contactFound struct {
	contactdb.Contact
	Suppressed *contactdb.Suppression
	Records    []contactdb.Record // newest first
	Why        []dialer.ContactWhy
	Whole      bool // with all this
}

// wholeContacts is for how many the page shows everything.
const wholeContacts = 3

func (a *api) contactsPage(r *http.Request) (any, error) {
	c, q := callerOf(r), r.URL.Query()
	d := contactsData{Query: q.Get("q"), Country: strings.ToUpper(q.Get("country"))}
	if strings.TrimSpace(d.Query) == "" {
		return d, nil
	}
	d.Asked = true
	v, err := a.findContacts(r)
	if err != nil && codeOf(err) == Usage {
		d.Problem = inWordsOf(r, ProblemOf(err)).Sentence
		return d, nil
	}
	if err != nil {
		return nil, err
	}
	found := v.(contactdb.Found)
	d.More = found.More
	for _, contact := range found.Contacts {
		f := contactFound{Contact: contact, Whole: len(found.Contacts) <= wholeContacts}
		if f.Whole {
			if err := a.tellAll(&f); err != nil {
				return nil, err
			}
		}
		f.Phone, f.Name, f.City = c.Masked(f.Phone), c.Masked(f.Name), c.Masked(f.City)
		f.Fields = maps.Clone(f.Fields)
		for key, value := range f.Fields { // what a list says of a person may be a number too
			f.Fields[key] = c.Masked(value)
		}
		for i := range f.Records {
			f.Records[i].Phone, f.Records[i].Note = c.Masked(f.Records[i].Phone), c.Masked(f.Records[i].Note)
		}
		d.Found = append(d.Found, f)
	}
	return d, nil
}

// tellAll adds what was done with a contact, and what will be.
func (a *api) tellAll(f *contactFound) error {
	p, err := a.known(f.Phone)
	if err != nil {
		return err
	}
	f.Records = p.Records
	slices.Reverse(f.Records)
	if entries, err := a.svc.Store().SuppressedBy(f.Phone); err != nil {
		return err
	} else if len(entries) > 0 {
		f.Suppressed = &entries[0]
	}
	why, err := a.svc.WhyContact(f.Phone)
	for _, w := range why {
		if w.Contact == f.ID {
			if strings.HasPrefix(w.Reason, "campaign-") {
				w.Detail = "" // it says the reason once more
			}
			f.Why = append(f.Why, w)
		}
	}
	return err
}
