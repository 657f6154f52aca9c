package intake

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// understand says what each column means: --map first, then header names, then
// (only in a file without a header) the content; the rest are free fields.
func understand(header []string, width int, sample [][]string, mended bool, decimals []string, o Options) ([]Column, error) {
	u := &understanding{columns: make([]Column, width), sample: sample, mended: mended, decimals: decimals, country: o.Country}
	for i := range u.columns {
		u.columns[i].Number = i + 1
		if i < len(header) {
			u.columns[i].Header = strings.Join(strings.Fields(strings.ToValidUTF8(header[i], "\uFFFD")), " ")
		}
	}
	if err := u.byMap(o, header != nil); err != nil {
		return nil, err
	}
	if header != nil {
		u.ours()
		u.byNames()
	} else {
		u.byContent()
	}
	u.freeFields()
	if !u.has(fieldPhone) {
		return nil, u.noPhone(header != nil)
	}
	return u.columns, nil
}

type understanding struct {
	columns []Column
	sample  [][]string // first rows, without the header
	country string
	mapped  bool // --map gave the phone
	mended  bool // a file of rejects
	// decimals are its columns that the first file had decimal commas in, by their titles.
	decimals []string
}

func (u *understanding) has(field string) bool {
	return slices.ContainsFunc(u.columns, func(c Column) bool { return !c.Free && c.Field == field })
}

// byMap applies --map. Keys that no field has name free fields.
func (u *understanding) byMap(o Options, header bool) error {
	m := o.Map
	for _, key := range slices.Sorted(maps.Keys(m)) {
		i := u.find(m[key])
		if i < 0 {
			return u.noColumn(key, m[key], header)
		}
		field := keyNamed(key)
		c := &u.columns[i]
		if c.Field != "" || field != "" && field != fieldPhone && u.has(field) {
			return &FileError{Reason: fmt.Sprintf("--map %s=%s gives one thing twice; name each field and each column once", key, m[key])}
		}
		c.Field, c.Free, c.Why = field, field == "", byMap
		if o.recalled {
			c.Why = byRecall
		}
		if c.Free {
			c.Field = key
		}
		if field == fieldPhone {
			c.Kind = cmp.Or(numberKind(key), numberKind(c.Header))
		}
	}
	u.mapped = u.has(fieldPhone)
	return nil
}

// find returns the index of a column by its name as written, by its name in
// plain form, or by its number; -1 if there is none.
func (u *understanding) find(name string) int {
	for i, c := range u.columns {
		if c.Header != "" && c.Header == strings.TrimSpace(name) {
			return i
		}
	}
	for i, c := range u.columns {
		if p := plain(c.Header); p != "" && p == plain(name) {
			return i
		}
	}
	n, err := strconv.Atoi(strings.TrimSpace(name))
	if err != nil || n < 1 || n > len(u.columns) {
		return -1
	}
	return n - 1
}

// derived are the columns of our own export that say nothing which an import does
// not find out by itself.
var derived = []string{"number_type", "region", "zones", "imported_at"}

// ours passes over the derived columns of a list that was exported.
func (u *understanding) ours() {
	if !slices.ContainsFunc(u.columns, func(c Column) bool { return c.Header == fieldPhone }) {
		return
	}
	for _, d := range derived {
		if !slices.ContainsFunc(u.columns, func(c Column) bool { return c.Header == d }) {
			return
		}
	}
	for i := range u.columns {
		if c := &u.columns[i]; c.Field == "" && slices.Contains(derived, c.Header) {
			c.Field, c.Free, c.Why = fieldIgnored, true, "found out anew"
		}
	}
}

func (u *understanding) byNames() {
	for i := range u.columns {
		c := &u.columns[i]
		field := fieldNamed(c.Header)
		if c.Field != "" || field == "" {
			continue
		}
		taken := u.has(field)
		if field == fieldPhone {
			taken = u.mapped
		}
		if taken || plain(c.Header) == "zone" && !u.mended && !u.holdsZones(i) {
			continue
		}
		c.Field, c.Why = field, byName
		if field == fieldPhone {
			c.Kind = numberKind(c.Header)
		}
	}
	if !u.has(fieldPhone) {
		u.byWeakName(fieldPhone)
	}
	if !u.has(fieldName) && !u.has(fieldFirstName) && !u.has(fieldLastName) {
		u.byWeakName(fieldName)
	}
	u.romanianLastName()
}

// byWeakName takes a column called just "Number" when nothing better is there.
func (u *understanding) byWeakName(field string) {
	for i := range u.columns {
		c := &u.columns[i]
		if c.Field == "" && slices.Contains(weakNames[field], plain(c.Header)) {
			c.Field, c.Why = field, byName
			return
		}
	}
}

// romanianLastName: beside "prenume" (first name), "nume" is the last name.
func (u *understanding) romanianLastName() {
	if !u.has(fieldFirstName) || u.has(fieldLastName) {
		return
	}
	for i := range u.columns {
		c := &u.columns[i]
		if p := plain(c.Header); c.Field == fieldName && c.Why == byName && (p == "nume" || p == "numele") {
			c.Field = fieldLastName
		}
	}
}

// holdsZones keeps a sales area called "zone" from spoiling every row: at least
// one cell of the sample must be a time zone, unless all are empty. In a file
// of rejects, bad zones may be all there is.
func (u *understanding) holdsZones(i int) bool {
	filled := false
	for _, cell := range u.cells(i) {
		if zones, bad := splitZones(cell); bad == "" && len(zones) > 0 {
			return true
		}
		filled = true
	}
	return !filled
}

// byContent finds the phone and the e-mail address in a file without a header:
// the one column in which four of five filled cells are.
func (u *understanding) byContent() {
	if !u.has(fieldPhone) {
		u.guess(fieldPhone, func(s string) bool { _, err := ParseNumber(s, u.country); return err == nil })
	}
	if !u.has(fieldEmail) {
		u.guess(fieldEmail, func(s string) bool {
			at := strings.Index(s, "@")
			return at > 0 && strings.Contains(s[at:], ".") && !strings.ContainsAny(s, " \n")
		})
	}
}

func (u *understanding) guess(field string, is func(string) bool) {
	found := -1
	for i := range u.columns {
		good, filled := 0, 0
		for _, cell := range u.cells(i) {
			filled++
			if is(cell) {
				good++
			}
		}
		if u.columns[i].Field != "" || filled == 0 || good*5 < filled*4 {
			continue
		}
		if found >= 0 {
			return // two such columns: the user must say which
		}
		found = i
	}
	if found >= 0 {
		u.columns[found].Field, u.columns[found].Why = field, byContent
	}
}

// cells yields the filled cells of a column in the sample.
func (u *understanding) cells(i int) []string {
	var out []string
	for _, r := range u.sample {
		if i < len(r) && strings.TrimSpace(r[i]) != "" {
			out = append(out, r[i])
		}
	}
	return out
}

// freeFields gives every column a key of its own and makes those without a
// meaning free fields.
func (u *understanding) freeFields() {
	used := map[string]bool{extensionField: true}
	for _, c := range u.columns {
		if c.Free {
			used[c.Field] = true
		}
	}
	for i := range u.columns {
		c := &u.columns[i]
		if c.Free {
			c.Key = c.Field
			continue
		}
		key := c.Header
		if key == "" {
			key = fmt.Sprintf("column_%d", c.Number)
		}
		c.Key = key
		for n := 2; used[c.Key]; n++ {
			c.Key = fmt.Sprintf("%s (%d)", key, n)
		}
		used[c.Key] = true
		if c.Field == "" {
			c.Field, c.Free = c.Key, true
		}
	}
	for i := range u.columns {
		if c := &u.columns[i]; c.Free && c.Field != fieldIgnored {
			if c.Decimal = slices.Contains(u.decimals, c.title()); !u.mended {
				c.Decimal = decimalComma(u.cells(i))
			}
			c.Offer = !u.mended && !u.has(fieldExternalID) && couldBeID(c.Header, u.cells(i), len(u.sample))
		}
	}
}

func (u *understanding) noColumn(key, name string, header bool) error {
	return &FileError{Reason: fmt.Sprintf("--map %s=%s: there is no such column; %s", key, name, u.list(header))}
}

func (u *understanding) noPhone(header bool) error {
	example := "2"
	if header && len(u.columns) > 0 {
		example = strconv.Quote(u.columns[len(u.columns)-1].Header)
	}
	if i := u.firstWithNumbers(); i >= 0 && header {
		example = strconv.Quote(u.columns[i].Header)
	} else if i >= 0 {
		example = strconv.Itoa(i + 1)
	}
	if len(u.columns) == 1 {
		example = "1"
	}
	return &FileError{Reason: fmt.Sprintf("no column was recognised as the phone number; %s; write which one it is, for example --map phone=%s%s",
		u.list(header), example, u.countryHint(header))}
}

// firstWithNumbers is the first column whose filled cells look like phones, -1 if none.
func (u *understanding) firstWithNumbers() int {
	return slices.IndexFunc(u.columns, func(c Column) bool {
		cells := u.cells(c.Number - 1)
		return len(cells) > 0 && !slices.ContainsFunc(cells, func(s string) bool { return !looksLikePhone(s) })
	})
}

func (u *understanding) countryHint(header bool) string {
	if header || u.country != "" {
		return ""
	}
	return ", and the country of national numbers, for example --country RO"
}

// list names the columns. Without a header it can only count them: the first
// row is somebody's data.
func (u *understanding) list(header bool) string {
	if !header {
		return fmt.Sprintf("the file has no header and %d columns, numbered from 1", len(u.columns))
	}
	var names []string
	for _, c := range u.columns[:min(len(u.columns), 30)] {
		names = append(names, strconv.Quote(shorten(c.Header, 40)))
	}
	if more := len(u.columns) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return "the columns are " + strings.Join(names, ", ")
}

// shorten cuts a text for a message to n letters.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
