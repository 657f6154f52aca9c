package console

import (
	"apel/contactdb"
	"apel/contactdb/intake"
)

// parsePhone reads a number as a person writes it and gives it as E.164.
func parsePhone(text, country string) (string, error) {
	n, err := intake.ParseNumber(text, country)
	if err != nil {
		return "", problem(Input, "%v", err)
	}
	return n.E164, nil
}

// newContact makes a contact of a number, as an import would.
func newContact(text, country string) (contactdb.Contact, error) {
	n, err := intake.ParseNumber(text, country)
	if err != nil {
		return contactdb.Contact{}, problem(Input, "%v", err)
	}
	return contactdb.Contact{Phone: n.E164, NumberType: n.Type, Region: n.Region, Zones: n.Zones}, nil
}
