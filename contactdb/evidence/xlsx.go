package evidence

import (
	"fmt"
	"io"
	"strconv"

	"apel/contactdb"

	"github.com/xuri/excelize/v2"
)

// sheetRows is how many rows a sheet takes beside its header: Excel reads
// 1,048,576 (Microsoft, Excel specifications and limits).
const sheetRows = 1_000_000

// Spreadsheet writes rows as XLSX, a million to a sheet, with bounded memory.
// Every text is a text cell, also by its format: a spreadsheet shows =1+1 and
// does not compute it, even after it was edited.
type Spreadsheet struct {
	w      io.Writer
	name   string
	header []any
	file   *excelize.File
	sheet  *excelize.StreamWriter
	sheets int
	rows   int // in this sheet
	text   int // style
	cells  []any
}

// NewSpreadsheet begins one; name is that of its first sheet.
func NewSpreadsheet(w io.Writer, name string, header []string) (*Spreadsheet, error) {
	x := &Spreadsheet{w: w, name: name, file: excelize.NewFile()}
	for _, h := range header {
		x.header = append(x.header, h)
	}
	var err error
	const asText = 49 // "@"
	if x.text, err = x.file.NewStyle(&excelize.Style{NumFmt: asText}); err != nil {
		return nil, err
	}
	return x, x.next()
}

// next begins a sheet.
func (x *Spreadsheet) next() (err error) {
	if x.sheet != nil {
		if err := x.sheet.Flush(); err != nil {
			return err
		}
	}
	x.sheets++
	x.rows = 0
	name := x.name
	if x.sheets > 1 {
		name = fmt.Sprintf("%s %d", x.name, x.sheets)
		if _, err := x.file.NewSheet(name); err != nil {
			return err
		}
	} else if err := x.file.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	if x.sheet, err = x.file.NewStreamWriter(name); err != nil {
		return err
	}
	return x.sheet.SetRow("A1", x.header)
}

// Row writes a row of texts and whole numbers.
func (x *Spreadsheet) Row(cells []any) error {
	if x.rows == sheetRows {
		if err := x.next(); err != nil {
			return err
		}
	}
	x.cells = x.cells[:0]
	for _, c := range cells {
		if text, ok := c.(string); ok {
			c = nil
			if text != "" {
				c = excelize.Cell{StyleID: x.text, Value: text}
			}
		}
		x.cells = append(x.cells, c)
	}
	x.rows++
	return x.sheet.SetRow("A"+strconv.Itoa(x.rows+1), x.cells)
}

// Close writes the file.
func (x *Spreadsheet) Close() error {
	if err := x.sheet.Flush(); err != nil {
		return err
	}
	if err := x.file.Write(x.w); err != nil {
		return err
	}
	return x.file.Close()
}

// xlsxRows writes call records.
type xlsxRows struct {
	*Spreadsheet
	row []any
}

func newXLSX(w io.Writer) (*xlsxRows, error) {
	sheet, err := NewSpreadsheet(w, "records", contactdb.RecordColumns)
	return &xlsxRows{Spreadsheet: sheet}, err
}

func (x *xlsxRows) write(_ contactdb.RecordRow, values [][]byte) error {
	x.row = x.row[:0]
	for _, v := range values {
		n, err := strconv.ParseInt(string(v), 10, 64)
		switch {
		case nothing(v):
			x.row = append(x.row, nil)
		case err == nil:
			x.row = append(x.row, n)
		default:
			x.row = append(x.row, plain(v))
		}
	}
	return x.Row(x.row)
}

func (x *xlsxRows) close() error { return x.Close() }
