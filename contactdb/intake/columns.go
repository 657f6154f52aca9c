package intake

import (
	"fmt"
	"strconv"
)

// Column is how one column of a file was understood.
type Column struct {
	Number int    // from 1
	Header string // as written; empty if the file has no header
	// Field is phone, name, first_name, last_name, email, city, zone, external_id,
	// client, language, tags, notes, consent, consent_at, consent_source,
	// consent_text or consent_expires, or the key of a free field. Several columns
	// may be phones: the first valid number of a row is dialed first.
	Field string
	Kind  string // of a phone: home, mobile, work, other, or "" if not said
	Free  bool   // Field is a free field
	Why   string // "by its name", "by --map", "as in an earlier file", "by its content", or "" for a free field
	Key   string // the free field that takes a cell which Field could not use
	// Decimal: its numbers have a decimal comma, and are kept with a point.
	Decimal bool
	// Offer: its content tells the rows apart and its name may be that of the
	// client's own key, which only the client knows.
	Offer bool
}

// Meaning is Field with the kind of phone before it: "mobile phone".
func (c Column) Meaning() string {
	if c.Field == fieldIgnored {
		return "left out"
	}
	if c.Kind != "" {
		return c.Kind + " " + c.Field
	}
	return c.Field
}

// String is one line for a person: column 2 "Telefon": phone (by its name).
func (c Column) String() string {
	s := fmt.Sprintf("column %d", c.Number)
	if c.Header != "" {
		s += fmt.Sprintf(" %q", c.Header)
	}
	if c.Field == fieldIgnored {
		return s + ": left out (" + c.Why + ")"
	}
	if c.Free {
		s += fmt.Sprintf(": free field %q", c.Field)
	} else {
		s += ": " + c.Meaning()
	}
	if c.Why != "" {
		s += " (" + c.Why + ")"
	}
	if c.Decimal {
		s += "; numbers with a decimal comma: 1.234,56 is kept as 1234.56"
	}
	if c.Offer {
		s += fmt.Sprintf("; if it is the client's own key, by which a later file updates these contacts: --map external_id=%s", c.title())
	}
	return s
}

// title names the column in a reason.
func (c Column) title() string {
	if c.Header != "" {
		return c.Header
	}
	return strconv.Itoa(c.Number)
}

// Reasons in Column.Why.
const (
	byName    = "by its name"
	byMap     = "by --map"
	byContent = "by its content"
	byRecall  = "as in an earlier file"
)

// fieldColumns are the places of the known fields; -1 for none.
type fieldColumns struct {
	phones, free                                  []int
	name, firstName, lastName, email, city, zone  int
	externalID, client, language, tags, notes     int
	consent, consentAt, consentSource, text, ends int
}

func fieldsOf(columns []Column) fieldColumns {
	f := fieldColumns{}
	single := map[string]*int{fieldName: &f.name, fieldFirstName: &f.firstName, fieldLastName: &f.lastName,
		fieldEmail: &f.email, fieldCity: &f.city, fieldZone: &f.zone,
		fieldExternalID: &f.externalID, fieldClient: &f.client, fieldLanguage: &f.language, fieldTags: &f.tags, fieldNotes: &f.notes,
		fieldConsent: &f.consent, fieldConsentAt: &f.consentAt, fieldConsentSource: &f.consentSource, fieldConsentText: &f.text, fieldConsentExpires: &f.ends}
	for _, at := range single {
		*at = -1
	}
	for i, c := range columns {
		switch {
		case c.Field == fieldIgnored:
		case c.Free:
			f.free = append(f.free, i)
		case c.Field == fieldPhone:
			f.phones = append(f.phones, i)
		default:
			*single[c.Field] = i
		}
	}
	return f
}
