package intake

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"apel/contactdb"
)

// extensionField is the free field that keeps a number's extension.
const extensionField = "extension"

// Contacts reads the rows. It yields a contact for each row that is one and
// calls reject (which may be nil) for each other, in the file's order; an error
// of reject, such as a full disk, ends the reading. A *FileError or an error of
// the reader is yielded last: what was yielded before should then be undone. A
// file can be read once.
func (f *File) Contacts(reject func(Reject) error) iter.Seq2[contactdb.Contact, error] {
	return func(yield func(contactdb.Contact, error) bool) {
		if f.read {
			yield(contactdb.Contact{}, errors.New("the contact file was read already; open it again"))
			return
		}
		f.read = true
		for {
			r, err := f.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(contactdb.Contact{}, err)
				return
			}
			f.rows++
			c, reason := f.contact(r)
			if reason == "" {
				if !yield(c, nil) {
					return
				}
				continue
			}
			f.rejected++
			if reject == nil {
				continue
			}
			if err := reject(Reject{Line: r.line, Reason: reason, Row: r.cells}); err != nil {
				yield(contactdb.Contact{}, fmt.Errorf("keep rejected row of line %d: %w", r.line, err))
				return
			}
		}
	}
}

// next returns rows without the columns of a rejects file.
func (f *File) next() (row, error) {
	var s scanned
	if len(f.ahead) > 0 {
		s, f.ahead = f.ahead[0], f.ahead[1:]
	} else {
		s.row, s.err = f.scan.next()
	}
	s.row.cells = f.trim(s.row.cells)
	return s.row, s.err
}

// contact makes a contact of a row, or says why it is none.
func (f *File) contact(r row) (c contactdb.Contact, reason string) {
	if reason := f.unsound(r); reason != "" {
		return c, reason
	}
	cell := func(i int) string {
		if i < 0 || i >= len(r.cells) {
			return ""
		}
		return r.cells[i]
	}
	number, used, reason := f.number(cell)
	if reason != "" {
		return c, reason
	}
	zones, reason := f.addZones(number.Zones, cell(f.fields.zone))
	if reason != "" {
		return c, reason
	}
	if len(zones) == 0 {
		return c, fmt.Sprintf("the time zone of %s is not known, so no lawful hour either; add a column \"zone\" with an IANA name such as Europe/Bucharest", number.E164)
	}
	c = contactdb.Contact{
		List: f.opts.List, ImportedAt: f.opts.Now,
		Phone: number.E164, NumberType: number.Type, Region: number.Region, Zones: zones,
		Name:      tidy(cell(f.fields.name)),
		FirstName: tidy(cell(f.fields.firstName)), LastName: tidy(cell(f.fields.lastName)),
		Email: tidy(cell(f.fields.email)), City: tidy(cell(f.fields.city)),
		Fields: f.freeFields(cell, used, number.Extension),
	}
	if c.Name == "" {
		c.Name = strings.TrimSpace(c.FirstName + " " + c.LastName)
	}
	return c, ""
}

// unsound says why a row's cells can't be trusted.
func (f *File) unsound(r row) string {
	if r.damage != "" {
		return r.damage
	}
	for i, c := range r.cells {
		switch {
		case strings.IndexByte(c, 0) >= 0:
			return fmt.Sprintf("column %d holds a NUL byte; the file was damaged or is not text, export it again", i+1)
		case !utf8.ValidString(c), (f.mended || f.Encoding() != utf8Name) && strings.ContainsRune(c, utf8.RuneError):
			return fmt.Sprintf("column %d holds bytes that are no %s text; write its letters again", i+1, f.Encoding())
		}
	}
	have, want, named := len(r.cells), len(f.columns), f.named()
	switch {
	case have > want && !blank(r.cells[want:]):
		return fmt.Sprintf("the row has %d columns where there should be %d; put cells that hold a separator in quotes", have, want)
	case have < named && r.cut:
		return fmt.Sprintf("the file ends in the middle of this row, after %d of %d columns; complete it", have, named)
	case have*2 < named, have < named && f.mended:
		return fmt.Sprintf("the row has only %d of %d columns; complete it", have, named)
	}
	return ""
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

// number returns the first valid number of the row's phone columns and its
// column. If there is none the reason is that of the first filled one.
func (f *File) number(cell func(int) string) (n Number, used int, reason string) {
	for _, i := range f.fields.phones {
		text := cell(i)
		if strings.TrimSpace(text) == "" {
			continue
		}
		n, err := ParseNumber(text, f.opts.Country)
		if err == nil {
			return n, i, ""
		}
		if reason == "" {
			reason = err.Error()
		}
	}
	if reason == "" {
		reason = "there is no phone number in the row; fill it in"
	}
	return Number{}, -1, reason
}

func (f *File) freeFields(cell func(int) string, used int, extension string) map[string]string {
	fields := map[string]string{}
	keep := func(i int) {
		if v := strings.TrimSpace(cell(i)); v != "" && i != used {
			fields[f.columns[i].Key] = v
		}
	}
	for _, i := range f.fields.free {
		keep(i)
	}
	for _, i := range f.fields.phones {
		keep(i)
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
func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }
