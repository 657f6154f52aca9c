package contactdb

import (
	"fmt"
	"slices"
	"time"
)

// Contact is one person to call.
type Contact struct {
	ID         uint64   `json:"id"`          // unique in the store, grows with each import
	List       string   `json:"list"`        // list it was imported into
	Phone      string   `json:"phone"`       // E.164, the number that is dialed (first)
	NumberType string   `json:"number_type"` // mobile, fixed-line, fixed-or-mobile, toll-free, premium, voip, unknown
	Region     string   `json:"region"`      // ISO 3166-1 alpha-2 of the number
	Zones      []string `json:"zones"`       // every IANA zone in which one of the numbers may ring, sorted; see ZonesOf
	// Numbers are all of the person's numbers in the order in which they are to
	// be tried; the first is Phone. Empty if Phone is the only one and nothing
	// more is known of it. See AllNumbers.
	Numbers    []Number          `json:"numbers,omitempty"`
	ExternalID string            `json:"external_id,omitempty"` // the client's own key; unique in the list
	Client     string            `json:"client,omitempty"`      // for whom the person is called
	Name       string            `json:"name,omitempty"`
	FirstName  string            `json:"first_name,omitempty"`
	LastName   string            `json:"last_name,omitempty"`
	Email      string            `json:"email,omitempty"`
	City       string            `json:"city,omitempty"`
	Zone       string            `json:"zone,omitempty"`     // IANA zones where the person is said to live, joined by commas; see ZonesOf
	Language   string            `json:"language,omitempty"` // BCP 47
	Tags       []string          `json:"tags,omitempty"`     // sorted, each once
	Notes      string            `json:"notes,omitempty"`
	Consent    *Consent          `json:"consent,omitempty"` // nil: nothing is known of it
	Fields     map[string]string `json:"fields,omitempty"`  // free fields: the file's other columns
	ImportedAt time.Time         `json:"imported_at"`
}

// Number is one of a person's telephone numbers.
type Number struct {
	Phone  string   `json:"phone"`          // E.164
	Kind   string   `json:"kind,omitempty"` // home, mobile, work, other; empty if not said
	Type   string   `json:"number_type"`    // as Contact.NumberType
	Region string   `json:"region"`         // ISO 3166-1 alpha-2
	Zones  []string `json:"zones"`          // every IANA zone the number may be in, sorted
}

// Kinds of a number: whose phone it is, as the person or the client says.
const (
	Home   = "home"
	Mobile = "mobile"
	Work   = "work"
	Other  = "other"
)

// Consent is what is known of a person's agreement to be called.
type Consent struct {
	Kind    string    `json:"kind,omitempty"`         // such as marketing, service; "none" or "withdrawn" say that there is none
	At      time.Time `json:"at,omitzero"`            // when it was given
	Source  string    `json:"source,omitempty"`       // where from: a form, a call, a contract
	Text    string    `json:"text_version,omitempty"` // which text was agreed to
	Expires time.Time `json:"expires,omitzero"`       // not valid from then on; zero: no end is known
}

// AllNumbers are a contact's numbers in the order in which they are to be
// tried; at least one.
func (c Contact) AllNumbers() []Number {
	if len(c.Numbers) > 0 {
		return c.Numbers
	}
	return []Number{{Phone: c.Phone, Type: c.NumberType, Region: c.Region, Zones: c.Zones}}
}

// HasNumber says whether one of the contact's numbers is this.
func (c Contact) HasNumber(phone string) bool {
	return c.Phone == phone || slices.ContainsFunc(c.Numbers, func(n Number) bool { return n.Phone == phone })
}

// mostNumbers bounds a contact's numbers.
const mostNumbers = 16

// tidyContact puts a contact into the form in which it is kept.
func tidyContact(c Contact) (Contact, error) {
	c.Numbers = slices.Clone(c.Numbers)
	if err := orderNumbers(&c); err != nil {
		return c, err
	}
	for _, n := range c.AllNumbers() {
		if n.Phone == "" || len(n.Phone) > 64 {
			return c, fmt.Errorf("contact %q: a phone number has 1 to 64 characters", c.Name)
		}
	}
	if len(c.ExternalID) > 200 {
		return c, fmt.Errorf("contact %q: an external id has at most 200 characters", c.Name)
	}
	c.Zones = sortedSet(c.Zones)
	c.Tags = sortedSet(c.Tags)
	c.ImportedAt = c.ImportedAt.UTC()
	if c.Consent != nil {
		k := *c.Consent
		k.At, k.Expires = k.At.UTC(), k.Expires.UTC()
		c.Consent = &k
	}
	return c, nil
}

// orderNumbers makes Phone the first of Numbers, drops those that are named
// twice, and gives the contact what is known of them.
func orderNumbers(c *Contact) error {
	if len(c.Numbers) == 0 {
		return nil
	}
	first := slices.IndexFunc(c.Numbers, func(n Number) bool { return n.Phone == c.Phone })
	switch {
	case c.Phone == "":
	case first < 0:
		return fmt.Errorf("contact %q: its phone is not among its numbers; name it there too", c.Name)
	case first > 0:
		n := c.Numbers[first]
		c.Numbers = slices.Insert(slices.Delete(c.Numbers, first, first+1), 0, n)
	}
	for i := len(c.Numbers) - 1; i > 0; i-- {
		if p := c.Numbers[i].Phone; slices.ContainsFunc(c.Numbers[:i], func(n Number) bool { return n.Phone == p }) {
			c.Numbers = slices.Delete(c.Numbers, i, i+1)
		}
	}
	if len(c.Numbers) > mostNumbers {
		return fmt.Errorf("contact %q: %d numbers are more than the %d that a contact may have", c.Name, len(c.Numbers), mostNumbers)
	}
	for i := range c.Numbers {
		c.Numbers[i].Zones = sortedSet(c.Numbers[i].Zones)
	}
	c.GatherZones(nil)
	n := c.Numbers[0]
	c.Phone, c.NumberType, c.Region = n.Phone, n.Type, n.Region
	return nil
}

// sortedSet is the names in order, each once; nil stays nil.
func sortedSet(names []string) []string {
	sorted := true
	for i := 1; i < len(names); i++ {
		sorted = sorted && names[i-1] < names[i]
	}
	if sorted {
		return names
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}
