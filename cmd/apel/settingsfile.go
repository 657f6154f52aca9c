package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"apel/dialer/console"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// exampleSettings is the manual of the settings: every key with its default.
//
//go:embed example.yaml
var exampleSettings []byte

// A settings file is some dozens of lines. Larger or deeper ones are refused
// before the YAML parser sees them: its work can grow with the square of both.
const (
	maxSettings = 256 << 10 // bytes
	maxNesting  = 16        // open brackets, or steps of indent
)

// parseSettings reads a settings file over the defaults in s. An error names
// line and column, shows that line alone with an arrow, and says what to write
// instead; a password is not shown.
func parseSettings(path string, source []byte, s *settings) error {
	f := &settingsFile{path: path}
	if err := f.plain(source); err != nil {
		return err
	}
	tree, err := parser.ParseBytes([]byte(strings.Join(f.lines, "\n")+"\n"), 0)
	if err != nil {
		return f.syntax(err)
	}
	for i, doc := range tree.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if i > 0 {
			return f.at(doc.Body, "the file has a second document; write all settings above the ---")
		}
		if err := f.read(doc.Body, "", reflect.ValueOf(s).Elem()); err != nil {
			return err
		}
	}
	return nil
}

// settingsFile is one file being read.
type settingsFile struct {
	path  string
	lines []string
}

// plain splits the source into lines, and refuses what is no text or cannot be
// meant.
func (f *settingsFile) plain(source []byte) error {
	text := strings.ReplaceAll(strings.TrimPrefix(string(source), "\ufeff"), "\r\n", "\n")
	if !utf8.Valid(source) || strings.ContainsFunc(text, func(r rune) bool { return isControl(r) && r != '\n' && r != '\t' }) {
		return problem(console.Input, "%s is not a text file in UTF-8; start from: apel serve --example-config > apel.yaml", f.path)
	}
	if len(text) > maxSettings {
		return problem(console.Input, "%s has %d KB, and settings have at most %d; is it the right file?", f.path, len(text)>>10, maxSettings>>10)
	}
	f.lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	open := 0
	for i, line := range f.lines {
		lead := line[:len(line)-len(strings.TrimLeft(line, " \t-?:"))]
		if tab := strings.IndexByte(lead, '\t'); tab >= 0 {
			return f.mark(i+1, tab+1, "there is a tab before the text, which YAML does not take for an indent; write spaces")
		}
		open += strings.Count(line, "[") + strings.Count(line, "{") - strings.Count(line, "]") - strings.Count(line, "}")
		if open = max(0, open); open > maxNesting || len(lead) > 8*maxNesting {
			return f.mark(i+1, len(lead)+1, "this is nested too deeply; settings are three levels deep")
		}
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 }

func (f *settingsFile) syntax(err error) error {
	var known interface {
		GetMessage() string
		GetToken() *token.Token
	}
	if !errors.As(err, &known) || known.GetToken() == nil {
		return problem(console.Input, "%s is not YAML; write settings as key: value, one a line", f.path)
	}
	p := known.GetToken().Position
	return f.mark(p.Line, p.Column, "this is not YAML: "+known.GetMessage()+"; write settings as key: value, one a line, those of one group in one column")
}

// at is an error at a node of the file.
func (f *settingsFile) at(n ast.Node, format string, args ...any) error {
	line, column := 1, 1
	if t := n.GetToken(); t != nil && t.Position != nil {
		line, column = t.Position.Line, t.Position.Column
	}
	return f.mark(line, column, fmt.Sprintf(format, args...))
}

// mark shows a line with an arrow, unless a password may stand in it.
func (f *settingsFile) mark(line, column int, sentence string) error {
	sentence = fmt.Sprintf("%s:%d:%d: %s", f.path, line, column, sentence)
	if line < 1 || line > len(f.lines) || f.secret(line) {
		return problem(console.Input, "%s", sentence)
	}
	const width = 100
	text := []rune(strings.ReplaceAll(f.lines[line-1], "\t", " "))
	column = min(max(column, 1), len(text)+1)
	from := max(0, column-width*2/3)
	shown := string(text[from:min(len(text), from+width)])
	number := fmt.Sprint(line)
	return problem(console.Input, "%s\n  %s | %s\n  %s | %s^", sentence, number, shown,
		strings.Repeat(" ", len(number)), strings.Repeat(" ", column-1-from))
}

// secretWord finds password however it is written, and what it is written for.
var secretWord = regexp.MustCompile(`(?i)pas+|pwd|secret`)

// secret says whether a line, or the one that it goes on from, is about a
// password.
func (f *settingsFile) secret(line int) bool {
	for i := line - 1; i >= 0; i-- {
		if secretWord.MatchString(f.lines[i]) {
			return true
		}
		if i < line-1 && strings.TrimSpace(f.lines[i]) != "" {
			return false
		}
	}
	return false
}

// read puts a node into a setting. key names the setting for errors.
func (f *settingsFile) read(n ast.Node, key string, into reflect.Value) error {
	switch n := n.(type) {
	case *ast.NullNode:
		return nil // as if the key were left out
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return f.at(n, "anchors, aliases and tags are not taken here; write the value out")
	}
	_, custom := scalars[into.Type()]
	switch {
	case custom:
		return f.readScalar(n, key, into)
	case into.Kind() == reflect.Struct:
		return f.readGroup(n, key, into)
	default:
		return f.readList(n, key, into)
	}
}

// readGroup reads key: value pairs.
func (f *settingsFile) readGroup(n ast.Node, group string, into reflect.Value) error {
	pairs, ok := n.(ast.MapNode)
	if !ok {
		return f.at(n, "%s takes keys below it, not a value; see: apel serve --example-config", groupName(group))
	}
	seen := map[string]bool{}
	for it := pairs.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		i := slices.Index(keysOf(into.Type()), name)
		if i < 0 {
			return f.unknown(it.Key(), name, group, into.Type())
		}
		if seen[name] {
			return f.at(it.Key(), "%q stands here twice; keep one of them", name)
		}
		seen[name] = true
		if err := f.read(it.Value(), name, into.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func groupName(group string) string {
	if group == "" {
		return "a settings file"
	}
	return group
}

func (f *settingsFile) unknown(n ast.Node, name, group string, in reflect.Type) error {
	where := ""
	if group != "" {
		where = " of " + group
	}
	if near := console.Nearest(name, keysOf(in)); near != "" {
		return f.at(n, "%q is not a setting%s; did you mean %q?", name, where, near)
	}
	return f.at(n, "%q is not a setting%s; there are %s", name, where, strings.Join(keysOf(in), ", "))
}

// keysOf are the keys of a group, by the order of its fields.
func keysOf(group reflect.Type) []string {
	keys := make([]string, group.NumField())
	for i := range keys {
		keys[i] = group.Field(i).Tag.Get("yaml")
	}
	return keys
}

// readList reads the entries of a list.
func (f *settingsFile) readList(n ast.Node, key string, into reflect.Value) error {
	entries, ok := n.(*ast.SequenceNode)
	if !ok {
		return f.at(n, "%s is a list; begin each entry with - on a line of its own", key)
	}
	list := reflect.MakeSlice(into.Type(), 0, len(entries.Values))
	for _, e := range entries.Values {
		entry := reflect.New(into.Type().Elem()).Elem()
		if err := f.read(e, key, entry); err != nil {
			return err
		}
		list = reflect.Append(list, entry)
		if trunks, ok := list.Interface().([]trunkSettings); ok {
			if err := checkTrunk(trunks); err != nil {
				return f.at(e, "trunk %d: %v", len(trunks), err)
			}
		}
	}
	into.Set(list)
	return nil
}

// checkTrunk checks the last of the trunks against itself and those before it.
func checkTrunk(trunks []trunkSettings) error {
	t, before := trunks[len(trunks)-1], trunks[:len(trunks)-1]
	switch {
	case t.Name == "":
		return errors.New("it has no name; add for example name: carrier")
	case slices.ContainsFunc(before, func(b trunkSettings) bool { return b.Name == t.Name }):
		return fmt.Errorf("the name %q is taken; give each trunk its own", t.Name)
	case t.Host == "":
		return fmt.Errorf("%q has no host; add for example host: sip.example.net", t.Name)
	case !slices.Contains([]string{"", "udp", "tcp", "tls"}, t.Transport):
		return fmt.Errorf("transport %q is not known; write udp, tcp or tls", t.Transport)
	case t.Channels < 0 || t.CallsPerSecond < 0:
		return errors.New("channels and calls-per-second are counts; write for example channels: 30")
	case t.Register && t.Username == "":
		return fmt.Errorf("%q registers and has no username; add it, or remove register", t.Name)
	case (t.Insecure || t.CAFile != "") && t.Transport != "tls":
		return errors.New("insecure and ca-file need transport: tls")
	}
	return nil
}

// readSecrets puts the passwords of trunks in place of env:NAME and file:PATH.
func (a *app) readSecrets(s *settings) error {
	for i := range s.Trunks {
		t := &s.Trunks[i]
		if name, ok := strings.CutPrefix(t.Password, "env:"); ok {
			if t.Password, ok = a.env(name); !ok {
				return problem(console.Input, "the password of trunk %q is in $%s, which is not set; export it before apel serve", t.Name, name)
			}
			continue
		}
		if path, ok := strings.CutPrefix(t.Password, "file:"); ok {
			b, err := os.ReadFile(path)
			if err != nil {
				return problem(console.Input, "the password of trunk %q cannot be read: %v; mend the file or its permissions", t.Name, err)
			}
			t.Password = strings.TrimRight(string(b), "\r\n")
		}
	}
	return nil
}
