package main

import (
	"os"
	"path/filepath"
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
	for _, key := range settingKeys(typeOfSettings) {
		if !strings.Contains(string(exampleSettings), key+":") {
			t.Errorf("the example does not name %s", key)
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
		if strings.Contains(err.Error(), "hunter2") && strings.Contains(string(source), "\n    password: hunter2\n") {
			t.Errorf("a password is shown: %v", err)
		}
	})
}
