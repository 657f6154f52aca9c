package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"apel/dialer"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// appIn is an app with a settings file and an environment.
func appIn(t *testing.T, file string, env map[string]string) *app {
	t.Helper()
	path := filepath.Join(t.TempDir(), "apel.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return &app{
		flags: flags{config: path},
		env:   func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}
}

func TestAFlagWinsOverTheEnvironmentOverTheFileOverTheDefault(t *testing.T) {
	const file = "sip: {listen: \"10.0.0.1:5060\", advertise: file.example.net}\nrtp: {ports: 20000-20100}\ngrace: 5s\n"
	a := appIn(t, file, map[string]string{"APEL_SIP_LISTEN": "10.0.0.2:5060", "APEL_SIP_ADVERTISE": "env.example.net"})
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	addOverrides(flags)
	if err := flags.Parse([]string{"--sip-listen", "10.0.0.3:5060"}); err != nil {
		t.Fatal(err)
	}
	s, err := a.settings(flags)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{s.SIP.Listen, s.SIP.Advertise, s.RTP.Ports.first, s.Grace, s.Log.Level}
	want := []any{"10.0.0.3:5060", "env.example.net", 20000, 5 * time.Second, "info"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheExampleHasTheDefaultsOfEverySetting(t *testing.T) {
	a := appIn(t, string(exampleSettings), nil)
	s, err := a.settings(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Trunks) != 1 {
		t.Fatalf("%d trunks", len(s.Trunks))
	}
	s.Trunks = nil
	if diff := cmp.Diff(defaultSettings(), s, cmp.AllowUnexported(portRange{})); diff != "" {
		t.Error(diff)
	}
	for _, group := range []reflect.Type{reflect.TypeFor[settings](), reflect.TypeFor[sipSettings](), reflect.TypeFor[rtpSettings](), reflect.TypeFor[trunkSettings](), reflect.TypeFor[logSettings](), reflect.TypeFor[evidenceSettings](), reflect.TypeFor[recordingSettings](), reflect.TypeFor[retentionSettings]()} {
		for _, key := range keysOf(group) {
			if !strings.Contains(string(exampleSettings), key+":") {
				t.Errorf("the example does not name %s", key)
			}
		}
	}
}

func TestATrunkReachesTheEngineWithEveryKeyOfItsFile(t *testing.T) {
	const file = `
trunks:
  - name: carrier
    host: sip.example.net:5061
    transport: tls
    username: u
    password: env:SECRET
    realm: r
    register: true
    register-every: 10m
    options: -1s
    channels: 30
    calls-per-second: 2.5
    caller-ids: ["+40312345678"]
    insecure: true
    ca-file: ca.pem
    prefix: "9"
    strip-plus: true
`
	a := appIn(t, file, map[string]string{"SECRET": "s3cret"})
	s, err := a.settings(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.config("d").Trunks[0].Password; got != "env:SECRET" {
		t.Errorf("a command that needs no secret read it: %q", got)
	}
	if err := a.readSecrets(&s); err != nil {
		t.Fatal(err)
	}
	want := []dialer.TrunkConfig{{
		Name: "carrier", Host: "sip.example.net:5061", Transport: "tls", Username: "u", Password: "s3cret", Realm: "r",
		Register: true, RegisterEvery: 10 * time.Minute, Options: -time.Second, Channels: 30, CallsPerSecond: 2.5,
		CallerIDs: []string{"+40312345678"}, Insecure: true, CAFile: "ca.pem", Prefix: "9", StripPlus: true,
	}}
	if diff := cmp.Diff(want, s.config("d").Trunks); diff != "" {
		t.Error(diff)
	}
}

func TestASecretInAFileIsReadWithoutItsLineEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := appIn(t, "trunks: [{name: carrier, host: h, password: \"file:"+path+"\"}]", nil)
	s, err := a.settings(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.readSecrets(&s); err != nil || s.Trunks[0].Password != "s3cret" {
		t.Errorf("%q, %v", s.Trunks[0].Password, err)
	}
}

// Whatever stands in the file, parsing ends with settings or a sentence that
// names the file and shows no password.
func FuzzSettingsFile(f *testing.F) {
	f.Add(exampleSettings)
	f.Add([]byte("trunks: [{name: a, host: b}, {name: a}]"))
	f.Add([]byte("rtp: {ports: 1-2}\nsip: [}"))
	f.Add([]byte("trunks:\n  - name: x\n    password: hunter2\n    chanels: 3\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		s := defaultSettings()
		err := parseSettings("apel.yaml", source, &s)
		if err == nil {
			s.config("data")
			return
		}
		if !strings.HasPrefix(err.Error(), "apel.yaml") {
			t.Errorf("the file is not named: %v", err)
		}
		if secret := "password: hunter2"; strings.Contains(string(source), secret) && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a password is shown: %v", err)
		}
		for _, bad := range []string{"Go ", "struct", "unmarshal", "reflect"} {
			if strings.Contains(err.Error(), bad) && !strings.Contains(string(source), bad) {
				t.Errorf("it speaks Go: %v", err)
			}
		}
	})
}

func TestAMistakeInTheSettingsHasItsPlaceAndWhatToWriteInstead(t *testing.T) {
	for source, want := range map[string]string{
		"sip:\n  tcp: perhaps": "apel.yaml:2:8: tcp takes true or false, not \"perhaps\"\n  2 |   tcp: perhaps\n    |        ^",
		"grace: soon":          "apel.yaml:1:8: grace takes a duration with its unit, for example 30s or 5m, not \"soon\"",
		"grace: 30":            "apel.yaml:1:8: grace takes a duration with its unit",
		"grace: [30s]":         "apel.yaml:1:8: grace takes a duration",
		"rtp: {ports: 5}":      "apel.yaml:1:14: ports takes FIRST-LAST",
		"rtp: {ports: 1-2}":    "apel.yaml:1:14: ports takes FIRST-LAST",
		"sip: 5":               "apel.yaml:1:6: sip takes keys below it, not a value",
		"42":                   "apel.yaml:1:1: a settings file takes keys below it",
		"- a":                  "apel.yaml:1:1: a settings file takes keys below it",
		"trunks: 5":            "apel.yaml:1:9: trunks is a list; begin each entry with -",
		"trunks:\n  - 5":       "apel.yaml:2:5: trunks takes keys below it",
		"trunks:\n  - name: a\n    channels: many":               "apel.yaml:3:15: channels takes a whole number",
		"trunks:\n  - {name: a, channels: 99999999999999999999}": "apel.yaml:2:25: channels takes a whole number",
		"trunks:\n  - {name: a, calls-per-second: .inf}":         "apel.yaml:2:33: calls-per-second takes a number",
		"trunks:\n  - {name: a, host: h, caller-ids: +40}":       "apel.yaml:2:36: caller-ids is a list",
		"trunks:\n  - {name: a, host: h, pasword: x}":            "apel.yaml:2:24: \"pasword\" is not a setting of trunks; did you mean \"password\"?",
		"trunks:\n  - name: a\n":                                 "apel.yaml:2:9: trunk 1: \"a\" has no host; add for example host: sip.example.net",
		"sip:\n  tcp: true\n  tcp: false":                        "apel.yaml:3:3: this is not YAML: mapping key \"tcp\" already defined at [2:3]",
		"sip:\n\tlisten: x":                                      "apel.yaml:2:1: there is a tab before the text",
		"sip: {[":                                                "apel.yaml:1:7: this is not YAML: ",
		"sip: &a {tcp: true}":                                    "apel.yaml:1:6: anchors, aliases and tags are not taken here",
		"sip: !!map {}":                                          "apel.yaml:1:6: anchors, aliases and tags are not taken here",
		"rtp: {}\n---\nsip: {}":                                  "apel.yaml:3:4: the file has a second document",
		"log: {lefel: debug}":                                    "did you mean \"level\"?",
		"frobnicate: 1":                                          "\"frobnicate\" is not a setting; there are sip, rtp, trunks, log, console, grace, country",
		strings.Repeat("[", 40):                                  "nested too deeply",
		"a\x00b":                                                 "apel.yaml is not a text file in UTF-8",
	} {
		s := defaultSettings()
		err := parseSettings("apel.yaml", []byte(source), &s)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", source, err, want)
		}
	}
}

func TestNoMistakeShowsALineThatMayHoldAPassword(t *testing.T) {
	for _, source := range []string{
		"trunks:\n  - name: a\n    password: [hunter2]\n",
		"trunks:\n  - name: a\n    pasword: hunter2\n",
		"trunks:\n  - name: a\n    Password: hunter2\n",
		"trunks:\n  - name: a\n    password:\n      hunter2: x\n",
		"trunks:\n  - name: a\n    password: hunter2\n   host: h\n",
		"trunks: [{name: a, password: hunter2, prot: 5060}]\n",
		"trunks: [{name: a, password: hunter2}]\n",
	} {
		s := defaultSettings()
		err := parseSettings("apel.yaml", []byte(source), &s)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", source, err)
		}
	}
}

func TestSettingsThatSayNothingAreTheDefaults(t *testing.T) {
	for _, source := range []string{"", "\n", "# nothing\n", "sip:\n", "trunks: []\n", "\ufeffgrace: 30s\r\n"} {
		s := defaultSettings()
		if err := parseSettings("apel.yaml", []byte(source), &s); err != nil {
			t.Errorf("%q: %v", source, err)
		}
		s.Trunks = nil
		if diff := cmp.Diff(defaultSettings(), s, cmp.AllowUnexported(portRange{})); diff != "" {
			t.Errorf("%q: %s", source, diff)
		}
	}
}
