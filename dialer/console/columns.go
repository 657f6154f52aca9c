package console

import "apel/contactdb"

// column is one column of an export. Free columns hold what people wrote: in
// CSV they are kept from being read as formulas.
type column[T any] struct {
	name string
	free bool
	get  func(T) any
}

// auditColumns are the columns of an exported audit trail.
var auditColumns = []column[contactdb.AuditEntry]{
	{"seq", false, func(e contactdb.AuditEntry) any { return e.Seq }},
	{"at", false, func(e contactdb.AuditEntry) any { return e.At }},
	{"who", true, func(e contactdb.AuditEntry) any { return e.Who }},
	{"verb", false, func(e contactdb.AuditEntry) any { return e.Verb }},
	{"object", true, func(e contactdb.AuditEntry) any { return e.Object }},
	{"phone", false, func(e contactdb.AuditEntry) any { return e.Phone }},
	{"detail", true, func(e contactdb.AuditEntry) any { return e.Detail }},
	{"before", true, func(e contactdb.AuditEntry) any { return e.Before }},
	{"after", true, func(e contactdb.AuditEntry) any { return e.After }},
	{"prev_hash", false, func(e contactdb.AuditEntry) any { return e.PrevHash }},
	{"hash", false, func(e contactdb.AuditEntry) any { return e.Hash }},
}

// suppressionColumns are the columns of an exported do-not-call list.
var suppressionColumns = []column[contactdb.Suppression]{
	{"phone", false, func(s contactdb.Suppression) any { return s.Phone }},
	{"reason", true, func(s contactdb.Suppression) any { return s.Reason }},
	{"source", true, func(s contactdb.Suppression) any { return s.Source }},
	{"added_at", false, func(s contactdb.Suppression) any { return s.AddedAt }},
	{"list", true, func(s contactdb.Suppression) any { return s.List }},
	{"scope", true, func(s contactdb.Suppression) any { return s.Scope }},
	{"expires", false, func(s contactdb.Suppression) any { return s.Expires }},
	{"prefix", false, func(s contactdb.Suppression) any { return s.Prefix }},
	{"contact_id", false, contactOf},
}

// contactOf is empty for entries that are not by contact.
func contactOf(s contactdb.Suppression) any {
	if s.Contact == 0 {
		return ""
	}
	return s.Contact
}

// contactColumns are the fixed columns of an exported list; free fields follow.
var contactColumns = []column[contactdb.Contact]{
	{"phone", false, func(c contactdb.Contact) any { return c.Phone }},
	{"name", true, func(c contactdb.Contact) any { return c.Name }},
	{"first_name", true, func(c contactdb.Contact) any { return c.FirstName }},
	{"last_name", true, func(c contactdb.Contact) any { return c.LastName }},
	{"email", true, func(c contactdb.Contact) any { return c.Email }},
	{"city", true, func(c contactdb.Contact) any { return c.City }},
	{"number_type", false, func(c contactdb.Contact) any { return c.NumberType }},
	{"region", false, func(c contactdb.Contact) any { return c.Region }},
	{"zones", false, func(c contactdb.Contact) any { return c.Zones }},
	{"imported_at", false, func(c contactdb.Contact) any { return c.ImportedAt }},
}
