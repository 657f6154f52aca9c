package campaign

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A campaign file is some dozens of lines. Larger or deeper ones are refused
// before the YAML parser sees them: its work can grow with the square of both.
const (
	maxSource = 256 << 10
	maxLines  = 5_000
	maxLine   = 4_000 // characters
	maxDepth  = 16
)

// tree is the YAML tree of a source, nil with a mistake reported.
func (r *report) tree(source []byte) ast.Node {
	if !r.plain(source) {
		return nil
	}
	text := strings.Join(r.lines, "\n") + "\n"
	file, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil
	}
	return r.only(file)
}

// plain splits the source into lines and refuses what no text editor would
// have meant to write.
func (r *report) plain(source []byte) bool {
	if len(source) > maxSource {
		r.add(1, 1, fmt.Sprintf("the file has %d KB, and a campaign has at most %d", len(source)>>10, maxSource>>10),
			"the campaign alone; contacts are imported with: apel list import FILE --name N")
		return false
	}
	if bytes.HasPrefix(source, []byte("\xff\xfe")) || bytes.HasPrefix(source, []byte("\xfe\xff")) {
		r.add(1, 1, "the file is UTF-16, and a campaign file is UTF-8", "the same text, saved with the encoding UTF-8")
		return false
	}
	text := strings.TrimPrefix(string(source), "\ufeff")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	r.lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if strings.TrimSpace(text) == "" {
		r.add(1, 1, "the file is empty", "name: spring\ntrunks: [acme]\ncaller-id: \"+40312345678\"")
		return false
	}
	if len(r.lines) > maxLines {
		r.add(maxLines, 1, fmt.Sprintf("the file has %d lines, and a campaign has at most %d", len(r.lines), maxLines), "the campaign alone")
		return false
	}
	return r.characters() && r.depth()
}

// characters refuses bytes that are not text, and tabs.
func (r *report) characters() bool {
	for i, line := range r.lines {
		if utf8.RuneCountInString(line) > maxLine {
			r.add(i+1, maxLine, fmt.Sprintf("the line is longer than %d characters", maxLine), "a list with one entry a line, beginning with -")
			return false
		}
		column := 0
		for at, c := range line {
			column++
			if problem, instead := unprintable(line, at, c); problem != "" {
				r.add(i+1, column, problem, instead)
				return false
			}
		}
	}
	return true
}

func unprintable(line string, at int, c rune) (problem, instead string) {
	switch {
	case c == '\t':
		return "there is a tab, which YAML does not take for an indent", "spaces"
	case c == utf8.RuneError && !strings.HasPrefix(line[at:], "\ufffd"):
		return "this is not UTF-8 text", "the same text, saved with the encoding UTF-8"
	case c == 0:
		return "there is a NUL byte; is this a campaign file?", "text only"
	case c < ' ' || c == 0x7f || (0x80 <= c && c < 0xa0) || c == '\u2028' || c == '\u2029' || c == '\ufeff':
		return fmt.Sprintf("there is a control character (%U)", c), "text only"
	}
	return "", ""
}

// depth refuses nesting that no campaign has: brackets that are open at once,
// and dashes or question marks that begin a list in a list in a list.
func (r *report) depth() bool {
	open := 0
	for i, line := range r.lines {
		for column, c := range []rune(line) {
			switch c {
			case '[', '{':
				open++
			case ']', '}':
				open = max(0, open-1)
			}
			if open > maxDepth {
				return r.tooDeep(i+1, column+1)
			}
		}
		if nested := strings.Count(line[:len(line)-len(strings.TrimLeft(line, " -?:"))], " "); nested > 8*maxDepth {
			return r.tooDeep(i+1, nested)
		}
	}
	return true
}

func (r *report) tooDeep(line, column int) bool {
	r.add(line, column, "this is nested too deeply for a campaign", "settings at most three levels deep")
	return false
}

// syntax reports what the YAML parser says.
func (r *report) syntax(err error) {
	var at interface {
		GetMessage() string
		GetToken() *token.Token
	}
	if !errors.As(err, &at) || at.GetToken() == nil || at.GetToken().Position == nil {
		r.add(1, 1, "this is not YAML: "+err.Error(), "settings as key: value, one a line")
		return
	}
	p := at.GetToken().Position
	what := at.GetMessage()
	if strings.HasPrefix(what, "mapping value is not allowed") {
		what = "from here on the indents differ, or a text with a colon in it has no quotes"
	}
	r.add(p.Line, p.Column, "this is not YAML: "+what,
		"each setting as key: value in a line of its own, those of one group in the same column, and text with : or # in quotes")
}

// only is the body of the file's only document.
func (r *report) only(file *ast.File) ast.Node {
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if doc.Body.Type() == ast.DirectiveType {
			r.at(doc.Body, "YAML directives are not used in campaign files", "the settings alone")
			return nil
		}
		if body != nil {
			r.at(doc.Body, "a second document begins here", "one campaign a file, without ---")
			return nil
		}
		body = doc.Body
	}
	if body == nil {
		r.add(1, 1, "the file has no settings, only comments", "name: spring")
	}
	return body
}

// at reports a mistake at a node.
func (r *report) at(n ast.Node, problem, instead string) {
	line, column := place(n)
	r.add(line, column, problem, instead)
}

// place is where a node begins. A mapping's own token is its first colon or
// bracket; its first key is where a person would point.
func place(n ast.Node) (line, column int) {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return place(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return place(n.Key)
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1, 1
	}
	p := n.GetToken().Position
	return p.Line, p.Column
}
