package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"apel/dialer"
	"apel/dialer/console"

	"github.com/spf13/pflag"
)

// settings is apel.yaml with its defaults; example.yaml says what each is for.
type settings struct {
	SIP     sipSettings     `yaml:"sip"`
	RTP     rtpSettings     `yaml:"rtp"`
	Trunks  []trunkSettings `yaml:"trunks"`
	Log     logSettings     `yaml:"log"`
	Console consoleSettings `yaml:"console"`
	Grace   time.Duration   `yaml:"grace"`
	Country string          `yaml:"country"`

	Evidence   evidenceSettings  `yaml:"evidence"`
	Recordings recordingSettings `yaml:"recordings"`
	Retention  retentionSettings `yaml:"retention"`
	MinFree    megabytes         `yaml:"min-free"`
}

type sipSettings struct {
	Listen    string `yaml:"listen"`
	TCP       bool   `yaml:"tcp"`
	Advertise string `yaml:"advertise"`
}

type consoleSettings struct {
	Listen      string   `yaml:"listen"`
	Certificate string   `yaml:"certificate"`
	Key         string   `yaml:"key"`
	Sound       string   `yaml:"sound"`
	Advertise   []string `yaml:"advertise"`

	WebhookNetworks []string `yaml:"webhook-networks"`
}

type rtpSettings struct {
	Host  string    `yaml:"host"`
	Ports portRange `yaml:"ports"`
}

type logSettings struct {
	Level string `yaml:"level"`
	File  string `yaml:"file"`
}

type trunkSettings struct {
	Name           string        `yaml:"name"`
	Host           string        `yaml:"host"`
	Transport      string        `yaml:"transport"`
	Username       string        `yaml:"username"`
	Password       string        `yaml:"password"`
	Realm          string        `yaml:"realm"`
	Register       bool          `yaml:"register"`
	RegisterEvery  time.Duration `yaml:"register-every"`
	Options        time.Duration `yaml:"options"`
	Channels       int           `yaml:"channels"`
	CallsPerSecond float64       `yaml:"calls-per-second"`
	CallerIDs      []string      `yaml:"caller-ids"`
	Insecure       bool          `yaml:"insecure"`
	CAFile         string        `yaml:"ca-file"`
	Prefix         string        `yaml:"prefix"`
	StripPlus      bool          `yaml:"strip-plus"`
}

// portRange is the UDP ports of media, written FIRST-LAST; 0-0: the system
// picks.
type portRange struct{ first, last int }

func defaultSettings() settings {
	return settings{
		SIP:   sipSettings{Listen: "0.0.0.0:5060"},
		RTP:   rtpSettings{Ports: portRange{16384, 32766}},
		Log:   logSettings{Level: "info"},
		Grace: 30 * time.Second,

		Evidence:   evidenceSettings{AnchorEvery: 24 * time.Hour},
		Recordings: recordingSettings{Recipients: []string{}},
		MinFree:    500,
	}
}

// override is a setting that the environment and a flag of serve can give
// instead of the file; some have their flag on other verbs.
type override struct {
	flag, env, help string
	set             func(*settings, string) error
}

var overrides = []override{
	{"", "APEL_COUNTRY", "region of numbers without + (--country), for example RO", text(func(s *settings) *string { return &s.Country })},
	{"console", "APEL_CONSOLE", "`address` of the console in the browser, for example 0.0.0.0:8443", text(func(s *settings) *string { return &s.Console.Listen })},
	{"sip-listen", "APEL_SIP_LISTEN", "`address` for SIP (default 0.0.0.0:5060)", text(func(s *settings) *string { return &s.SIP.Listen })},
	{"sip-advertise", "APEL_SIP_ADVERTISE", "`host` that carriers and phones shall use for us", text(func(s *settings) *string { return &s.SIP.Advertise })},
	{"rtp-host", "APEL_RTP_HOST", "local `address` for sound", text(func(s *settings) *string { return &s.RTP.Host })},
	{"rtp-ports", "APEL_RTP_PORTS", "UDP `ports` for sound (default 16384-32766)", func(s *settings, v string) (err error) {
		s.RTP.Ports, err = parsePorts(v)
		return err
	}},
	{"log-level", "APEL_LOG_LEVEL", "debug, info, warn or error (default info)", text(func(s *settings) *string { return &s.Log.Level })},
	{"log-file", "APEL_LOG_FILE", "`file` for the log (default standard error)", text(func(s *settings) *string { return &s.Log.File })},
	{"grace", "APEL_GRACE", "`how long` a stop waits for people who talk (default 30s)", func(s *settings, v string) (err error) {
		s.Grace, err = time.ParseDuration(v)
		return err
	}},
}

func text(field func(*settings) *string) func(*settings, string) error {
	return func(s *settings, v string) error { *field(s) = v; return nil }
}

func addOverrides(f *pflag.FlagSet) {
	for _, o := range overrides {
		if o.flag != "" {
			f.String(o.flag, "", o.help)
		}
	}
}

// settings reads flag, else environment, else file, else default. flags may be
// nil: then none is given.
func (a *app) settings(flags *pflag.FlagSet) (s settings, err error) {
	defer func() {
		if err != nil {
			err = &settingsError{err}
		}
	}()
	s = defaultSettings()
	if err := a.readFile(&s); err != nil {
		return s, err
	}
	for _, o := range overrides {
		where := "$" + o.env
		value, given := a.env(o.env)
		given = given && value != "" // an empty variable is as good as none
		if flags != nil && o.flag != "" && flags.Changed(o.flag) {
			where, given = "--"+o.flag, true
			value, _ = flags.GetString(o.flag) // addOverrides made it a string
		}
		if !given {
			continue
		}
		if err := o.set(&s, value); err != nil {
			return s, problem(console.Usage, "%s=%s: %v", where, value, err)
		}
	}
	return s, s.check()
}

// settingsError is about the settings, whatever file a command was given.
type settingsError struct{ error }

func (e *settingsError) Unwrap() error { return e.error }

// readFile reads the settings file: the one that is named, or apel.yaml if
// there is one.
func (a *app) readFile(s *settings) error {
	path, named := a.pick(a.flags.config, "APEL_CONFIG", "apel.yaml")
	source, err := os.ReadFile(path)
	if !named && errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fileProblem(err)
	}
	return parseSettings(path, source, s)
}

// pick gives the flag, else the environment, else the default, and whether it
// was given at all.
func (a *app) pick(flag, env, or string) (string, bool) {
	if flag != "" {
		return flag, true
	}
	if v, ok := a.env(env); ok && v != "" {
		return v, true
	}
	return or, false
}

func (a *app) dataDir() string {
	dir, _ := a.pick(a.flags.data, "APEL_DATA", "apel-data")
	return filepath.Clean(dir)
}

// parsePorts reads FIRST-LAST; 0-0: the system picks.
func parsePorts(text string) (portRange, error) {
	first, last, ok := strings.Cut(text, "-")
	from, err := strconv.Atoi(strings.TrimSpace(first))
	to, err2 := strconv.Atoi(strings.TrimSpace(last))
	p := portRange{from, to}
	if ok && err == nil && err2 == nil && (p == portRange{} || from >= 1024 && to <= 65535 && from < to) {
		return p, nil
	}
	return portRange{}, fmt.Errorf("ports are FIRST-LAST between 1024 and 65535; write for example 16384-32766")
}

// check refuses what no service could run with.
func (s settings) check() error {
	if s.Console.Listen != "" {
		if err := console.CheckConsole(s.Console.Listen); err != nil {
			return err
		}
	}
	if s.Console.Sound != "" {
		if err := console.CheckConsole(s.Console.Sound); err != nil {
			return problem(console.Usage, "console sound %q is not HOST:PORT; for example 0.0.0.0:8443", s.Console.Sound)
		}
	}
	for _, text := range s.Console.Advertise {
		if _, err := netip.ParseAddr(text); err != nil {
			return problem(console.Usage, "console advertise: %q is not an IP address; for example 203.0.113.7", text)
		}
	}
	if _, err := s.Console.networks(); err != nil {
		return err
	}
	if (s.Console.Certificate == "") != (s.Console.Key == "") {
		return problem(console.Usage, "the console's certificate and key belong together; give both, or neither and it makes its own")
	}
	if _, _, err := net.SplitHostPort(s.SIP.Listen); err != nil {
		return problem(console.Usage, "sip listen %q is not HOST:PORT; for example 0.0.0.0:5060", s.SIP.Listen)
	}
	if s.Grace < 0 {
		return problem(console.Usage, "grace %s is less than nothing; write for example 30s", s.Grace)
	}
	_, err := logLevel(s.Log.Level)
	return err
}

// config is what the engine takes of the settings. Secrets are named in it,
// not read: only serve needs them.
func (s settings) config(dir string) dialer.Config {
	cfg := dialer.Config{
		Data:    dir,
		Version: version(),
		SIP:     dialer.SIPConfig(s.SIP),
		RTP:     dialer.RTPConfig{Host: s.RTP.Host, First: s.RTP.Ports.first, Last: s.RTP.Ports.last},
	}
	for _, t := range s.Trunks {
		cfg.Trunks = append(cfg.Trunks, t.config())
	}
	if s.Console.Listen != "" {
		cfg.Browser = s.browsers()
	}
	cfg.Keep = s.keep()
	return cfg
}

// networks are those that webhooks may reach besides public addresses.
func (c consoleSettings) networks() (all []netip.Prefix, err error) {
	for _, text := range c.WebhookNetworks {
		n, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, problem(console.Usage, "console webhook-networks: %q is no network; write for example 10.0.0.0/8, or 10.1.2.3/32", text)
		}
		all = append(all, n.Masked())
	}
	return all, nil
}

// browsers is where operators' browsers send their sound: if nothing else is
// said, over UDP to the address and port of the console, where they get their
// pages; and where phones find us, browsers do.
func (s settings) browsers() dialer.BrowserConfig {
	b := dialer.BrowserConfig{Listen: s.Console.Sound}
	if b.Listen == "" {
		b.Listen = s.Console.Listen
	}
	for _, text := range s.Console.Advertise {
		if addr, err := netip.ParseAddr(text); err == nil { // checked before
			b.Advertise = append(b.Advertise, addr)
		}
	}
	at, err := netip.ParseAddrPort(b.Listen)
	if phones, e := netip.ParseAddr(s.SIP.Advertise); e == nil && len(b.Advertise) == 0 && (err != nil || !at.Addr().IsLoopback()) {
		b.Advertise = []netip.Addr{phones}
	}
	return b
}

func (t trunkSettings) config() dialer.TrunkConfig {
	return dialer.TrunkConfig{
		Name: t.Name, Host: t.Host, Transport: t.Transport,
		Username: t.Username, Password: t.Password, Realm: t.Realm,
		Register: t.Register, RegisterEvery: t.RegisterEvery, Options: t.Options,
		Channels: t.Channels, CallsPerSecond: t.CallsPerSecond, CallerIDs: t.CallerIDs,
		Insecure: t.Insecure, CAFile: t.CAFile, Prefix: t.Prefix, StripPlus: t.StripPlus,
	}
}
