package intake

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// A workbook (ECMA-376, .xlsx) is read by our own scanner and not by excelize,
// which writes ours: of a sheet with a million rows the latter takes minutes
// and more memory than the rest of the program.
type workbook struct {
	zip     *zip.Reader
	sheets  []sheetPart
	strings *sharedStrings
	styles  []cellFormat
	days    int // what is added to a serial day; 1462 in workbooks that count from 1904
}

// sheetPart is a sheet of a workbook.
type sheetPart struct {
	name   string
	hidden bool
	file   *zip.File
}

// mostPart bounds the small parts, which are read whole.
const mostPart = 16 << 20

// small decodes a small part; one that is not there is empty.
func small(z *zip.Reader, name string, into any) error {
	f := part(z, name)
	if f == nil {
		return nil
	}
	r, err := openPart(f)
	if err != nil {
		return err
	}
	defer r.Close()
	err = xml.NewDecoder(io.LimitReader(r, mostPart)).Decode(into)
	if err != nil && !errors.Is(err, io.EOF) {
		return damagedBook()
	}
	return nil
}

func damagedBook() error {
	return &FileError{Reason: "the workbook is damaged; open it in a spreadsheet, save it again, and import that"}
}

func openWorkbook(z *zip.Reader, p *packed) (*workbook, error) {
	var book struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			ID    string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
			Alt   string `xml:"http://purl.oclc.org/ooxml/officeDocument/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var rels struct {
		All []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := errors.Join(small(z, "xl/workbook.xml", &book), small(z, "xl/_rels/workbook.xml.rels", &rels)); err != nil {
		return nil, err
	}
	w := &workbook{zip: z}
	if d := book.Properties.Date1904; d == "1" || d == "true" {
		w.days = 1462
	}
	target := map[string]string{}
	for _, r := range rels.All {
		if target[r.ID] = path.Join("xl", r.Target); strings.HasPrefix(r.Target, "/") {
			target[r.ID] = strings.TrimPrefix(r.Target, "/")
		}
	}
	for _, s := range book.Sheets {
		if f := part(z, target[s.ID+s.Alt]); f != nil {
			w.sheets = append(w.sheets, sheetPart{s.Name, s.State != "" && s.State != "visible", f})
		}
	}
	if len(w.sheets) == 0 {
		return nil, damagedBook()
	}
	var err error
	if w.styles, err = readFormats(z); err != nil {
		return nil, err
	}
	w.strings, err = readSharedStrings(z, p)
	return w, err
}

// choose finds the sheet that is meant: the one named, or the only visible one
// that has rows.
func (w *workbook) choose(name string) (*sheetPart, error) {
	var names []string
	var filled []*sheetPart
	for i := range w.sheets {
		s := &w.sheets[i]
		if name != "" {
			if s.name == name || plain(s.name) == plain(name) || strconv.Itoa(i+1) == name {
				return s, nil
			}
			names = append(names, strconv.Quote(shorten(s.name, 60)))
			continue
		}
		has, err := w.hasRows(s)
		if err != nil {
			return nil, err
		}
		if has && !s.hidden {
			filled = append(filled, s)
			names = append(names, strconv.Quote(shorten(s.name, 60)))
		}
	}
	switch {
	case name != "":
		return nil, &FileError{Reason: fmt.Sprintf("the workbook has no sheet %q; its sheets are %s", shorten(name, 60), firstNames(names))}
	case len(filled) == 0:
		return nil, &FileError{Reason: "no visible sheet of the workbook has rows; name a hidden one with --sheet, or export it again from where it came"}
	case len(filled) > 1:
		return nil, &FileError{Reason: fmt.Sprintf("%d sheets of the workbook have rows: %s; choose one with --sheet %s", len(filled), firstNames(names), names[0])}
	}
	return filled[0], nil
}

// hasRows says whether a sheet has any cell with something in it.
func (w *workbook) hasRows(s *sheetPart) (bool, error) {
	rows, err := w.open(s, nil)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	_, err = rows.next()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, err
}

// cellFormat is how a number of a cell is meant.
type cellFormat struct {
	date, clock bool
	zeros       string // 0000000000: the digits that are shown
}

// builtinDates are number formats 14 to 22, 27 to 36, 45 to 47 and 50 to 58,
// which are dates or times in some language (ECMA-376 part 1, 18.8.30).
func builtinDate(id int) (date, clock bool) {
	switch {
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
		return true, false
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id >= 45 && id <= 47, id == 55, id == 56:
		return false, true
	case id == 22:
		return true, true
	}
	return false, false
}

func readFormats(z *zip.Reader) ([]cellFormat, error) {
	var sheet struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := small(z, "xl/styles.xml", &sheet); err != nil {
		return nil, err
	}
	codes := map[int]string{}
	for _, f := range sheet.Formats {
		codes[f.ID] = f.Code
	}
	all := make([]cellFormat, len(sheet.Cells))
	for i, c := range sheet.Cells {
		if code, own := codes[c.Format]; own {
			all[i] = formatOf(code)
		} else {
			all[i].date, all[i].clock = builtinDate(c.Format)
		}
	}
	return all, nil
}

// formatOf reads a format code: letters of dates outside of quotes and
// brackets, or a run of zeros.
func formatOf(code string) (f cellFormat) {
	code, _, _ = strings.Cut(code, ";")
	var b strings.Builder
	skip, quoted := false, false
	depth := ""
	for _, r := range strings.ToLower(code) {
		switch {
		case skip:
			skip = false
			if !quoted {
				b.WriteRune(' ')
			}
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '\\' || r == '_' || r == '*':
			skip = true
		case r == '[':
			depth = "["
		case r == ']':
			if strings.Trim(depth, "[hms") == "" {
				f.clock = true
			}
			depth = ""
		case depth != "":
			depth += string(r)
		default:
			b.WriteRune(r)
		}
	}
	bare := b.String()
	if bare == "general" || bare == "@" {
		return f
	}
	f.date = strings.ContainsAny(bare, "dy") || strings.Contains(bare, "mmm")
	f.clock = f.clock || strings.ContainsAny(bare, "hs")
	if !f.date && !f.clock && strings.Trim(bare, "0 -()./+") == "" && strings.Count(bare, "0") > 3 && !strings.Contains(bare, ".0") {
		f.zeros = strings.TrimSpace(bare)
	}
	return f
}
