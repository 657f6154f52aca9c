package intake

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"apel/contactdb"
)

// extensionField is the free field that keeps a number's extension.
const extensionField = "extension"

// next returns rows without the columns of a rejects file.
func (f *File) next() (row, error) {
	r, err := f.rowsOf.next()
	r.cells, r.encoding = f.trim(r.cells), f.Encoding()
	return r, err
}

// contact makes a contact of a row, or says why it is none.
func (f *File) contact(r row) (c contactdb.Contact, bad fault) {
	if bad := f.unsound(r); bad.reason != "" {
		return c, bad
	}
	cell := func(i int) string {
		if i < 0 || i >= len(r.cells) {
			return ""
		}
		return r.cells[i]
	}
	numbers, left, bad := f.numbersOf(cell)
	if bad.reason != "" {
		return c, bad
	}
	first := numbers[0]
	zone, reason := f.zoneOf(cell(f.fields.zone))
	if reason != "" {
		return c, f.fault(f.fields.zone, reason)
	}
	where := contactdb.Contact{NumberType: first.Type, Zone: zone, Numbers: kept(numbers)}
	if where.GatherZones(first.Zones); len(where.Zones) == 0 {
		return c, f.fault(f.fields.phones[0], fmt.Sprintf("the time zone of %s is not known, so no lawful hour either; add a column \"zone\" with an IANA name such as Europe/Bucharest", first.E164))
	}
	c = contactdb.Contact{
		List: f.opts.List, ImportedAt: f.opts.Now,
		Phone: first.E164, NumberType: first.Type, Region: first.Region, Zones: where.Zones, Zone: zone, Numbers: where.Numbers,
		Name:      tidy(cell(f.fields.name)),
		FirstName: tidy(cell(f.fields.firstName)), LastName: tidy(cell(f.fields.lastName)),
		Email: tidy(cell(f.fields.email)), City: tidy(cell(f.fields.city)),
		ExternalID: tidy(cell(f.fields.externalID)), Client: tidy(cell(f.fields.client)),
		Tags: splitTags(cell(f.fields.tags)), Notes: strings.TrimSpace(cell(f.fields.notes)),
	}
	if len(c.ExternalID) > 200 {
		return c, f.fault(f.fields.externalID, "the external id is longer than 200 characters; check which column it is")
	}
	if c.Consent, bad = f.consent(cell); bad.reason != "" {
		return c, bad
	}
	if text := tidy(cell(f.fields.language)); text != "" {
		if c.Language = languageTag(text); c.Language == "" {
			left = append(left, f.fields.language)
		}
	}
	c.Fields = f.freeFields(cell, left, first.Extension)
	if c.Name == "" {
		c.Name = strings.TrimSpace(c.FirstName + " " + c.LastName)
	}
	return c, fault{}
}

// fault is why a row is no contact, and in which column.
type fault struct {
	column string // its name, or number if it has none; empty: the row as a whole
	reason string
}

func (f *File) fault(column int, reason string) fault {
	if column < 0 || column >= len(f.columns) {
		return fault{reason: reason}
	}
	return fault{f.columns[column].title(), reason}
}

// parsed is a number of a row and the kind that its column says.
type parsed struct {
	Number
	kind string
}

// numbersOf reads the row's phone columns: the valid numbers in their order, each
// once, and the columns whose text is none. If no number is valid the fault is
// that of the first filled column.
func (f *File) numbersOf(cell func(int) string) (all []parsed, left []int, bad fault) {
	for _, i := range f.fields.phones {
		text := cell(i)
		if strings.TrimSpace(text) == "" {
			continue
		}
		n, err := f.fast.parse(text)
		switch {
		case err != nil:
			left = append(left, i)
			if bad.reason == "" {
				bad = f.fault(i, err.Error())
			}
		case !slices.ContainsFunc(all, func(p parsed) bool { return p.E164 == n.E164 }):
			all = append(all, parsed{n, f.columns[i].Kind})
		}
	}
	switch {
	case len(all) > 0:
		bad = fault{}
	case bad.reason == "":
		bad = f.fault(f.fields.phones[0], "there is no phone number in the row; fill it in")
	}
	return all, left, bad
}

// kept are the numbers as a contact keeps them: none if there is nothing to say
// but the one.
func kept(numbers []parsed) []contactdb.Number {
	if len(numbers) == 1 && numbers[0].kind == "" {
		return nil
	}
	all := make([]contactdb.Number, len(numbers))
	for i, n := range numbers {
		all[i] = contactdb.Number{Phone: n.E164, Kind: n.kind, Type: n.Type, Region: n.Region, Zones: n.Zones}
	}
	return all
}

// unsound says why a row's cells can't be trusted.
func (f *File) unsound(r row) fault {
	if r.damage != "" {
		return fault{reason: r.damage}
	}
	for i, c := range r.cells {
		switch {
		case strings.IndexByte(c, 0) >= 0:
			return f.fault(i, fmt.Sprintf("column %d holds a NUL byte; the file was damaged or is not text, export it again", i+1))
		case !utf8.ValidString(c), (f.mended > 0 || r.encoding != utf8Name) && strings.ContainsRune(c, utf8.RuneError):
			return f.fault(i, fmt.Sprintf("column %d holds bytes that are no %s text; write its letters again", i+1, r.encoding))
		}
	}
	have, want, named := len(r.cells), len(f.columns), f.named()
	switch {
	case have > want && !blank(r.cells[want:]):
		return fault{reason: fmt.Sprintf("the row has %d columns where there should be %d; put cells that hold a separator in quotes", have, want)}
	case have < named && r.cut:
		return fault{reason: fmt.Sprintf("the file ends in the middle of this row, after %d of %d columns; complete it", have, named)}
	case have*2 < named && f.sheet == "", have < named && f.mended > 0 && f.sheet == "":
		return fault{reason: fmt.Sprintf("the row has only %d of %d columns; complete it", have, named)}
	}
	return fault{}
}

// named is how many columns a whole row has: the header without the nameless
// columns at its end, which spreadsheets add and not every row fills.
func (f *File) named() int {
	n := len(f.columns)
	for n > 0 && f.header != nil && f.columns[n-1].Header == "" {
		n--
	}
	return n
}

// freeFields are the free columns, and the columns left whose cells their field
// could not use.
func (f *File) freeFields(cell func(int) string, left []int, extension string) map[string]string {
	fields := make(map[string]string, len(f.fields.free)+len(left))
	for _, columns := range [][]int{f.fields.free, left} {
		for _, i := range columns {
			if v := strings.TrimSpace(cell(i)); v != "" {
				if f.columns[i].Decimal {
					v = decimalPoint(v)
				}
				fields[f.columns[i].Key] = v
			}
		}
	}
	if extension != "" {
		fields[extensionField] = extension
	}
	if len(fields) == 0 {
		return nil
	}
	return fields
}

// tidy makes one line of a name: spaces of any kind and line ends become one
// space.
func tidy(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || c < ' ' || c == ' ' && (i == 0 || i == len(s)-1 || s[i+1] == ' ') {
			return strings.Join(strings.Fields(s), " ")
		}
	}
	return s
}
