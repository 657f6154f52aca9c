package console

import (
	"slices"
	"strings"

	"apel/contactdb"
	"apel/contactdb/intake"
)

// deskFields is what an operator may set of the contact on the desk; what is
// absent stays.
type deskFields struct {
	Name      *string           `json:"name,omitempty"`
	FirstName *string           `json:"first_name,omitempty"`
	LastName  *string           `json:"last_name,omitempty"`
	Email     *string           `json:"email,omitempty"`
	City      *string           `json:"city,omitempty"`
	Fields    map[string]string `json:"fields,omitempty"` // "" removes a field
}

// contactFields is what whoever keeps the lists may set.
type contactFields struct {
	deskFields
	ExternalID *string          `json:"external_id,omitempty"`
	Client     *string          `json:"client,omitempty"`
	Zone       *string          `json:"zone,omitempty"` // IANA names, with commas
	Language   *string          `json:"language,omitempty"`
	Tags       *[]string        `json:"tags,omitempty"` // all of them
	Notes      *string          `json:"notes,omitempty"`
	Numbers    *[]furtherNumber `json:"numbers,omitempty"` // all but the first
	Consent    *consentFields   `json:"consent,omitempty"`
}

// furtherNumber is one that is tried after the first.
type furtherNumber struct {
	Phone string `json:"phone"`
	Kind  string `json:"kind,omitempty"` // home, mobile, work, other
}

type consentFields struct {
	Kind    *string `json:"kind,omitempty"`
	At      *string `json:"at,omitempty"`
	Source  *string `json:"source,omitempty"`
	Text    *string `json:"text_version,omitempty"`
	Expires *string `json:"expires,omitempty"`
}

func (f deskFields) set(c *contactdb.Contact) {
	setTexts([]textField{{f.Name, &c.Name}, {f.FirstName, &c.FirstName}, {f.LastName, &c.LastName}, {f.Email, &c.Email}, {f.City, &c.City}})
	for k, v := range f.Fields {
		if v == "" {
			delete(c.Fields, k)
			continue
		}
		if c.Fields == nil {
			c.Fields = map[string]string{}
		}
		c.Fields[k] = v
	}
}

type textField struct{ from, to *string }

func setTexts(fields []textField) {
	for _, f := range fields {
		if f.from != nil {
			*f.to = *f.from
		}
	}
}

// apply changes a contact; country is of numbers and dates. After an error the
// contact is not to be used.
func (f contactFields) apply(c *contactdb.Contact, country string) error {
	f.set(c)
	setTexts([]textField{{f.ExternalID, &c.ExternalID}, {f.Client, &c.Client}, {f.Notes, &c.Notes}})
	if f.Tags != nil {
		c.Tags = intake.ParseTags(*f.Tags)
	}
	for _, set := range []func(*contactdb.Contact, string) error{f.setLanguage, f.setConsent, f.setNumbers} {
		if err := set(c, country); err != nil {
			return problem(Input, "%v", err)
		}
	}
	return nil
}

func (f contactFields) setLanguage(c *contactdb.Contact, _ string) (err error) {
	if f.Language != nil {
		c.Language, err = intake.ParseLanguage(*f.Language)
	}
	return err
}

func (f contactFields) setConsent(c *contactdb.Contact, country string) (err error) {
	if f.Consent == nil {
		return nil
	}
	k := contactdb.Consent{}
	if c.Consent != nil {
		k = *c.Consent
	}
	if f.Consent.Kind != nil {
		k.Kind = intake.ParseConsent(*f.Consent.Kind)
	}
	if f.Consent.Source != nil {
		k.Source = strings.TrimSpace(*f.Consent.Source)
	}
	if f.Consent.Text != nil {
		k.Text = strings.TrimSpace(*f.Consent.Text)
	}
	if f.Consent.At != nil {
		if k.At, err = intake.ParseDate(*f.Consent.At, country); err != nil {
			return err
		}
	}
	if f.Consent.Expires != nil {
		if k.Expires, err = intake.ParseDate(*f.Consent.Expires, country); err != nil {
			return err
		}
	}
	if c.Consent = &k; k == (contactdb.Consent{}) {
		c.Consent = nil
	}
	return nil
}

// setNumbers sets the further numbers and where the person lives, and finds out
// anew in which zones they may be.
func (f contactFields) setNumbers(c *contactdb.Contact, country string) error {
	if f.Numbers == nil && f.Zone == nil {
		return nil
	}
	if f.Numbers != nil {
		all, err := f.numbersOf(c, country)
		if err != nil {
			return err
		}
		c.Numbers = all
	}
	if f.Zone != nil {
		named, err := intake.ParseZones(*f.Zone)
		if err != nil {
			return err
		}
		c.Zone = strings.Join(named, ",")
	}
	first, err := intake.ParseNumber(c.Phone, country)
	if err != nil {
		return err
	}
	c.Zones = nil
	c.GatherZones(first.Zones)
	return nil
}

// numbersOf are the first number and those that were given; nil if nothing is to
// be said of the first and there are no others.
func (f contactFields) numbersOf(c *contactdb.Contact, country string) ([]contactdb.Number, error) {
	first, err := intake.ParseNumber(c.Phone, country)
	if err != nil {
		return nil, err
	}
	all := []contactdb.Number{{Phone: c.Phone, Type: c.NumberType, Region: c.Region, Zones: first.Zones}}
	if len(c.Numbers) > 0 {
		all[0].Kind = c.Numbers[0].Kind
	}
	for _, given := range *f.Numbers {
		n, err := intake.ParseNumber(given.Phone, country)
		if err != nil {
			return nil, err
		}
		if given.Kind != "" && !slices.Contains([]string{contactdb.Home, contactdb.Mobile, contactdb.Work, contactdb.Other}, given.Kind) {
			return nil, problem(Input, "%q is no kind of number; write home, mobile, work or other", given.Kind)
		}
		all = append(all, contactdb.Number{Phone: n.E164, Kind: given.Kind, Type: n.Type, Region: n.Region, Zones: n.Zones})
	}
	if len(all) == 1 && all[0].Kind == "" {
		return nil, nil
	}
	return all, nil
}
