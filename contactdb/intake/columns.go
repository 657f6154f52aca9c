package intake

import "fmt"

// Column is how one column of a file was understood.
type Column struct {
	Number int    // from 1
	Header string // as written; empty if the file has no header
	// Field is phone, name, first_name, last_name, email, city or zone, or the
	// key of a free field. Several columns may be phones: the first valid number
	// of a row is dialed, the others are kept as free fields under Key.
	Field string
	Free  bool   // Field is a free field
	Why   string // "by its name", "by --map", "by its content", or "" for a free field
	Key   string // the free field that takes a cell which Field did not use
}

// String is one line for a person: column 2 "Telefon": phone (by its name).
func (c Column) String() string {
	s := fmt.Sprintf("column %d", c.Number)
	if c.Header != "" {
		s += fmt.Sprintf(" %q", c.Header)
	}
	if c.Free {
		s += fmt.Sprintf(": free field %q", c.Field)
	} else {
		s += ": " + c.Field
	}
	if c.Why != "" {
		s += " (" + c.Why + ")"
	}
	return s
}

// Reasons in Column.Why.
const (
	byName    = "by its name"
	byMap     = "by --map"
	byContent = "by its content"
)

// fieldColumns are the places of the known fields; -1 for none.
type fieldColumns struct {
	phones                                       []int
	name, firstName, lastName, email, city, zone int
	free                                         []int
}

func fieldsOf(columns []Column) fieldColumns {
	f := fieldColumns{name: -1, firstName: -1, lastName: -1, email: -1, city: -1, zone: -1}
	single := map[string]*int{fieldName: &f.name, fieldFirstName: &f.firstName, fieldLastName: &f.lastName,
		fieldEmail: &f.email, fieldCity: &f.city, fieldZone: &f.zone}
	for i, c := range columns {
		switch {
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
