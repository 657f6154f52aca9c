package intake

import (
	"bytes"
	"fmt"
)

// magics are the first bytes of files that people take for a contact file.
var magics = []struct{ prefix, what, todo string }{
	{"\xD0\xCF\x11\xE0", "an old Excel workbook (.xls), or one with a password", "open it, save it as .xlsx without a password, and import that"},
	{"PK\x05\x06", "an empty zip archive", "unpack it and import the CSV file inside"},
	{"%PDF", "a PDF document", "ask for the list as CSV; a PDF has no rows"},
	{"\xFF\xD8\xFF", "a JPEG picture", "ask for the list as CSV"},
	{"\x89PNG", "a PNG picture", "ask for the list as CSV"},
	{"GIF8", "a GIF picture", "ask for the list as CSV"},
	{"BZh", "a bzip2 file", "unpack it (bunzip2 FILE) and import what is inside"},
	{"\xFD7zXZ\x00", "an xz file", "unpack it (unxz FILE) and import what is inside"},
	{"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", "unpack it and import the CSV file inside"},
	{"Rar!\x1A\x07", "a RAR archive", "unpack it and import the CSV file inside"},
	{"SQLite format 3\x00", "an SQLite database", "export its table as CSV"},
	{"{\\rtf", "a rich text document", saveAsCSV},
	{"\x7FELF", "a program", "check the file's name"},
	{"MZ\x90\x00", "a Windows program", "check the file's name"},
	{"RIFF", "a sound or video file", "check the file's name"},
	{"\xFF\xFE\x00\x00", "text in UTF-32", "save it as CSV UTF-8"},
	{"\x00\x00\xFE\xFF", "text in UTF-32", "save it as CSV UTF-8"},
}

// xlsxName is what a workbook is called that cannot be opened.
const xlsxName = "an Excel workbook (.xlsx)"

const saveAsCSV = "open it, choose Save As, CSV UTF-8, and import that file"

// checkText returns a *FileError if the start of a file is not that of a table
// in text. Text in Unicode of 16 bits is full of control characters.
func checkText(head []byte, isUnicode bool) error {
	what, todo := binary(head)
	if what == "" {
		what, todo = markup(head)
	}
	if what == "" && !isUnicode && mostlyControl(head) {
		what, todo = "binary data", "check the file's name, or save the list again as CSV UTF-8"
	}
	if what == "" {
		return nil
	}
	return &FileError{Reason: fmt.Sprintf("this is %s, not a CSV, TSV or XLSX file; %s", what, todo)}
}

func binary(head []byte) (what, todo string) {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return m.what, m.todo
		}
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return archive(head)
	}
	return "", ""
}

// archive tells the office formats, which are zip files, from other zip files.
func archive(head []byte) (what, todo string) {
	switch {
	case bytes.Contains(head, []byte("application/vnd.oasis.opendocument")):
		return "a LibreOffice document (.ods)", saveAsCSV
	case bytes.Contains(head, []byte("word/")):
		return "a Word document (.docx)", "copy its table into a spreadsheet and save that as CSV UTF-8"
	case bytes.Contains(head, []byte("xl/")), bytes.Contains(head, []byte("[Content_Types].xml")):
		return xlsxName, saveAsCSV
	}
	return "a zip archive", "unpack it and import the CSV file inside"
}

// markup finds web pages and XML that were saved under a spreadsheet's name.
func markup(head []byte) (what, todo string) {
	start := bytes.ToLower(bytes.TrimSpace(head[:min(512, len(head))]))
	switch {
	case bytes.HasPrefix(start, []byte("<!doctype html")), bytes.HasPrefix(start, []byte("<html")), bytes.HasPrefix(start, []byte("<table")):
		return "a web page", saveAsCSV
	case bytes.HasPrefix(start, []byte("<?xml")):
		return "XML", saveAsCSV
	}
	return "", ""
}

// mostlyControl reports whether more than a tenth of the bytes are control
// characters that text doesn't use.
func mostlyControl(head []byte) bool {
	n := 0
	for _, b := range head {
		if b < 0x20 && b != '\t' && b != '\n' && b != '\r' && b != '\f' || b == 0x7F {
			n++
		}
	}
	return len(head) >= 32 && n*10 > len(head)
}
