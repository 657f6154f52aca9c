package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"apel/dialer/console"

	"github.com/goccy/go-yaml"
)

// exampleSettings is the manual of the settings: every key with its default.
//
//go:embed example.yaml
var exampleSettings []byte

// parseSettings reads a settings file over the defaults in s. An error shows
// the line with an arrow; passwords near it are not shown.
func parseSettings(path string, source []byte, s *settings) error {
	if !utf8.Valid(source) || strings.ContainsRune(string(source), 0) {
		return problem(console.Input, "%s is not a text file in UTF-8; start from: apel serve --example-config > apel.yaml", path)
	}
	err := yaml.NewDecoder(strings.NewReader(string(source)), yaml.Strict()).Decode(s)
	if err != nil && !errors.Is(err, io.EOF) { // an empty file is all defaults
		return problem(console.Input, "%s: %s", path, yamlSentence(err))
	}
	for i, t := range s.Trunks {
		if t, err = completeTrunk(t, s.Trunks[:i]); err != nil {
			return problem(console.Input, "%s: trunk %d: %v%s", path, i+1, err, excerpt(source, i))
		}
		s.Trunks[i] = t
	}
	return nil
}

var secretLine = regexp.MustCompile(`(?m)(password\s*:\s*)\S.*$`)

func hideSecrets(s string) string { return secretLine.ReplaceAllString(s, "$1(hidden)") }

func yamlSentence(err error) string {
	text := hideSecrets(strings.TrimRight(yaml.FormatError(err, false, true), "\n"))
	var unknown *yaml.UnknownFieldError
	if !errors.As(err, &unknown) {
		return text
	}
	key := strings.Trim(strings.TrimPrefix(unknown.GetMessage(), "unknown field "), `"`)
	if near := console.Nearest(key, settingKeys(typeOfSettings)); near != "" {
		return strings.Replace(text, "\n", fmt.Sprintf("; did you mean %q?\n", near), 1)
	}
	return strings.Replace(text, "\n", "; every key is in: apel serve --example-config\n", 1)
}

var typeOfSettings = reflect.TypeFor[settings]()

// settingKeys lists every key of the file.
func settingKeys(t reflect.Type) []string {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var keys []string
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" {
			keys = append(keys, key)
			keys = append(keys, settingKeys(t.Field(i).Type)...)
		}
	}
	return keys
}

// excerpt shows where a trunk is written, "" if that cannot be told.
func excerpt(source []byte, trunk int) string {
	path, err := yaml.PathString(fmt.Sprintf("$.trunks[%d]", trunk))
	if err != nil {
		return ""
	}
	lines, err := path.AnnotateSource(source, false)
	if err != nil {
		return ""
	}
	return "\n" + hideSecrets(strings.Trim(string(lines), "\n"))
}

// completeTrunk checks a trunk and sets what the engine's defaults leave open.
func completeTrunk(t trunkSettings, before []trunkSettings) (trunkSettings, error) {
	switch {
	case t.Name == "":
		return t, errors.New("it has no name; add for example name: carrier")
	case slices.ContainsFunc(before, func(b trunkSettings) bool { return b.Name == t.Name }):
		return t, fmt.Errorf("the name %q is taken; give each trunk its own", t.Name)
	case t.Host == "":
		return t, fmt.Errorf("%q has no host; add for example host: sip.example.net", t.Name)
	case !slices.Contains([]string{"", "udp", "tcp", "tls"}, t.Transport):
		return t, fmt.Errorf("transport %q is not known; write udp, tcp or tls", t.Transport)
	case t.Channels < 0 || t.CallsPerSecond < 0:
		return t, errors.New("channels and calls-per-second are counts; write for example channels: 30")
	case t.Register && t.Username == "":
		return t, fmt.Errorf("%q registers and has no username; add it, or remove register", t.Name)
	case (t.Insecure || t.CAFile != "") && t.Transport != "tls":
		return t, errors.New("insecure and ca-file need transport: tls")
	}
	return t, nil
}

// readSecrets puts the passwords of trunks in place of env:NAME and file:PATH.
func (a *app) readSecrets(s *settings) error {
	for i := range s.Trunks {
		t := &s.Trunks[i]
		if name, ok := strings.CutPrefix(t.Password, "env:"); ok {
			if t.Password, ok = a.env(name); !ok {
				return problem(console.Input, "the password of trunk %q is in $%s, which is not set; export it before apel serve", t.Name, name)
			}
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
