package campaign

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
	"apel/pacing"

	"github.com/goccy/go-yaml/ast"
)

var (
	oneLine = regexp.MustCompile(`^[^\s](.{0,126}[^\s])?$`)
	wav     = regexp.MustCompile(`(?i)^(.+\.wav)?$`)
)

const (
	aName  = "letters, digits, dots, - and _, up to 64, beginning with a letter or digit"
	aLine  = "one line of up to 128 characters, without spaces at its ends"
	anE164 = "a number has +, country code and digits, without spaces or other signs (E.164)"
)

// Parse reads a definition. Its error is an *Error: it names line and column,
// shows the line with an arrow, and says what to write instead.
func Parse(source []byte) (*Definition, error) {
	r := &report{}
	root := r.tree(source)
	if root == nil {
		return nil, r.err()
	}
	d := r.definition(root)
	if err := r.err(); err != nil {
		return nil, err
	}
	d.agree()
	return d, nil
}

// definition reads the whole file.
func (r *report) definition(root ast.Node) *Definition {
	d := Default("")
	s := r.section(root, "", "name: spring")
	s.text("name", &d.Name, name, aName, "spring")
	s.text("description", &d.Description, nil, "", "what it is for")
	s.text("client", &d.Client, oneLine, aLine, "acme-bank")
	s.lists(&d.Lists)
	s.filter(&d.Filter)
	s.texts("registers", &d.Registers, oneLine, aLine, "robinson")
	s.consent(&d.Consent)
	s.texts("trunks", &d.Trunks, name, aName, "acme")
	s.callerIDs(&d.CallerID)
	s.text("country", &d.Country, country, "two capital letters (ISO 3166-1)", "RO")
	s.texts("teams", &d.Teams, oneLine, aLine, "north")
	s.texts("operators", &d.Operators, name, aName, "ana")
	s.windows(&d.Windows)
	s.duration("ring-time", &d.RingTime, 5*time.Second, 2*time.Minute)
	rest := s.attempts(d)
	s.numbers(&d.Numbers)
	s.callbacks(&d.Callbacks)
	s.pacing(&d.Pacing, &d.Countdown)
	s.abandonment(d, rest)
	s.detector(&d.Detector)
	s.voiceDrop(&d.VoiceDrop)
	s.dispositions(&d.Dispositions)
	s.duration("wrap-up", &d.WrapUp, time.Second, time.Hour)
	s.truth("record", &d.Record)
	s.truth("announce-monitoring", &d.AnnounceMonitoring)
	s.text("hold", &d.Hold, wav, "a WAV file: hold.wav", "hold.wav")
	s.transfer(&d.Transfer)
	s.truth("manual", &d.Manual)
	s.schedule(&d.Schedule)
	s.script(&d.Script)
	s.done()
	s.needed(d)
	return d
}

// needed fills in what follows from other settings, and asks for what doesn't.
func (s *section) needed(d *Definition) {
	if len(d.Lists) == 0 {
		d.Lists = []List{{Name: d.Name}}
	}
	if !s.valid {
		return
	}
	if _, ok := s.get("name"); !ok {
		s.at(s.node, "the campaign has no name", "name: spring")
	}
	if e, ok := s.get("trunks"); !ok {
		s.at(s.node, "the campaign does not say through which trunks it calls", "trunks: [acme]")
	} else if seq, isList := e.value.(*ast.SequenceNode); isList && len(seq.Values) == 0 {
		s.at(e.value, "the campaign needs at least one trunk to call through", "trunks: [acme]")
	}
}

// likelyE164 is the number as it would be written, if that can be told.
func likelyE164(v string) string {
	digits := strings.Map(func(r rune) rune {
		if r == '+' || ('0' <= r && r <= '9') {
			return r
		}
		return -1
	}, strings.ReplaceAll(v, "(0)", ""))
	if abroad, ok := strings.CutPrefix(digits, "00"); ok {
		digits = "+" + abroad
	}
	if !strings.HasPrefix(digits, "0") && !strings.HasPrefix(digits, "+") && len(digits) > 10 {
		digits = "+" + digits
	}
	if e164.MatchString(digits) {
		return digits
	}
	return "+40312345678"
}

// attempts also says whether it has the delay for abandoned, which may stand
// under abandonment instead.
func (s *section) attempts(d *Definition) (rest bool) {
	a, ok := s.part("attempts", "attempts: {max: 4, per-day: 2}")
	if !ok {
		return false
	}
	a.whole("max", &d.Attempts.Max, 1, 30)
	a.whole("per-day", &d.Attempts.PerDay, 1, 30)
	a.whole("per-week", &d.Attempts.PerWeek, 0, 60)
	a.whole("per-30-days", &d.Attempts.Per30Days, 0, 60)
	a.truth("best-hour", &d.Attempts.BestHour)
	if e, ok := a.get("retry"); ok {
		retry := a.section(e.value, "retry", "retry: {busy: 15m, no-answer: 4h}")
		for _, outcome := range contactdb.Outcomes {
			delay := d.Attempts.Retry[outcome]
			retry.delay(outcome, &delay)
			d.Attempts.Retry[outcome] = delay
		}
		if _, rest = retry.get(contactdb.Abandoned); rest {
			d.Abandonment.Retry = d.Attempts.Retry[contactdb.Abandoned]
		}
		retry.asked = contactdb.Outcomes
		retry.done()
	}
	a.done()
	return rest
}

func (s *section) pacing(to *pacing.Settings, countdown *time.Duration) {
	e, ok := s.get("pacing")
	if !ok {
		return
	}
	if _, isMap := e.value.(*ast.MappingNode); !isMap {
		s.mode("pacing", e.value, &to.Mode)
		return
	}
	p := s.section(e.value, "pacing", "pacing: predictive")
	if e, ok := p.get("mode"); ok {
		p.mode("mode", e.value, &to.Mode)
	}
	p.ratio("ratio", &to.Ratio, 1, 10)
	p.whole("max-lines", &to.MaxLines, 0, 10_000)
	p.hangUp("hang-up-after", &to.HangUpAfter)
	p.whole("choose", &to.Choose, 1, 50)
	p.duration("countdown", countdown, 5*time.Second, 10*time.Minute)
	p.done()
}

// hangUp reads after how long a ringing call may be given up, or never.
func (s *section) hangUp(key string, to *time.Duration) {
	e, ok := s.get(key)
	if !ok {
		return
	}
	after := max(*to, 15*time.Second)
	if s.span(e, &after, 15*time.Second, 2*time.Minute, true); after == Never {
		after = 0
	}
	*to = after
}

// people reads how many may be abandoned before they are earned.
func (s *section) people(key string, to *float64) {
	n := int(*to)
	s.whole(key, &n, 0, 100)
	*to = float64(n)
}

// Modes are those of pacing, the slowest first.
var Modes = []pacing.Mode{pacing.Preview, pacing.Progressive, pacing.Power, pacing.Predictive}

// mode reads the pacing mode.
func (s *section) mode(key string, n ast.Node, to *pacing.Mode) {
	var modes []string
	for _, m := range Modes {
		modes = append(modes, string(m))
	}
	v, ok := s.scalar(n, key, key+": predictive")
	if !ok {
		return
	}
	if slices.Contains(modes, v) {
		*to = pacing.Mode(v)
		return
	}
	problem := fmt.Sprintf("%s is one of %s, not %s", key, strings.Join(modes, ", "), quoted(v))
	if near := nearest(v, modes); near != "" {
		s.at(n, problem, key+": "+near)
		return
	}
	s.at(n, problem, key+": predictive")
}

// abandonment is told whether the delay has been read elsewhere.
func (s *section) abandonment(d *Definition, rest bool) {
	a, ok := s.part("abandonment", "abandonment: {limit: 3%}")
	if !ok {
		return
	}
	a.percent("limit", &d.Abandonment.Limit)
	a.people("debt", &d.Pacing.Debt)
	a.duration("window", &d.Abandonment.Window, time.Hour, 30*24*time.Hour)
	a.duration("within", &d.Abandonment.Within, 100*time.Millisecond, 10*time.Second)
	a.text("message", &d.Abandonment.Message, regexp.MustCompile(`^$|`+wav.String()), "it is the path of a WAV file", "sorry.wav")
	before := d.Abandonment.Retry
	a.delay("retry", &d.Abandonment.Retry)
	if e, ok := a.get("retry"); ok && rest && before != d.Abandonment.Retry {
		a.at(e.value, "attempts: retry: abandoned says otherwise", "it in one place only")
	}
	a.done()
}

func (s *section) detector(to *DetectorSettings) {
	d, ok := s.part("detector", "detector: {people-lost: 1%, decide-within: 2s}")
	if !ok {
		return
	}
	d.truth("off", &to.Off)
	d.percent("people-lost", &to.PeopleLost)
	if e, ok := d.get("people-lost"); ok && (to.PeopleLost < 0.001 || to.PeopleLost > 0.2) {
		d.at(e.value, "people-lost lies between 0.1% and 20%", "people-lost: 2.2%")
	}
	d.duration("decide-within", &to.DecideWithin, 200*time.Millisecond, 10*time.Second)
	d.duration("listen-on", &to.ListenOn, 0, 10*time.Second)
	d.percent("sample", &to.Sample)
	d.truth("replay", &to.Replay)
	d.done()
}

func (s *section) voiceDrop(to *VoiceDrop) {
	const example = "voice-drop: {message: drop.wav, consent: \"ticked on the order form\"}"
	d, ok := s.part("voice-drop", example)
	if !ok {
		return
	}
	d.text("message", &to.Message, regexp.MustCompile(`^$|`+wav.String()), "it is the path of a WAV file", "drop.wav")
	d.text("consent", &to.Consent, regexp.MustCompile(`^$|`+oneLine.String()), aLine, "ticked on the order form")
	d.done()
}

// dispositions reads the keys 1 to 9 of the operators' phones and desktops.
func (s *section) dispositions(to *[]Disposition) {
	const example = "dispositions:\n  - {name: sale, final: true, success: true}\n  - {name: callback, callback: 24h}"
	e, ok := s.get("dispositions")
	if !ok {
		return
	}
	all := []Disposition{}
	for i, n := range items(e.value) {
		said, ok := s.disposition(n, example)
		switch {
		case !ok:
		case i >= 9:
			s.at(n, "there are more than nine dispositions, and the keys are 1 to 9", "the nine that matter most")
			return
		case slices.ContainsFunc(all, func(d Disposition) bool { return d.Name == said.Name }):
			s.at(n, fmt.Sprintf("the disposition %s is written twice", quoted(said.Name)), "it once")
		default:
			all = append(all, said)
		}
	}
	if len(all) == 0 && len(s.mistakes) == 0 {
		s.at(e.at, "operators need at least one disposition", example)
	}
	*to = all
}

func (s *section) disposition(n ast.Node, example string) (said Disposition, ok bool) {
	if _, isMap := n.(*ast.MappingNode); !isMap {
		said.Name, ok = s.scalar(n, "a disposition", example)
		if ok && !oneLine.MatchString(said.Name) {
			s.at(n, "the name of a disposition is "+aLine, "- sale")
			return said, false
		}
		return said, ok
	}
	d := s.section(n, "a disposition", example)
	d.text("name", &said.Name, oneLine, aLine, "sale")
	d.truth("final", &said.Final)
	d.truth("dnc", &said.DNC)
	d.duration("callback", &said.Callback, time.Minute, 366*24*time.Hour)
	d.truth("success", &said.Success)
	d.asks(&said.Ask)
	d.done()
	d.contradictions(&said)
	return said, said.Name != ""
}

// asks reads what else an operator must say with a disposition.
func (s *section) asks(to *[]string) {
	known := []string{"amount", "note", "callback"}
	e, ok := s.get("ask")
	if !ok {
		return
	}
	for _, n := range items(e.value) {
		v, ok := s.scalar(n, "ask", "ask: [amount, note]")
		switch {
		case !ok:
		case !slices.Contains(known, v):
			s.at(n, fmt.Sprintf("a disposition can ask for %s, not for %s", strings.Join(known, ", "), quoted(v)), "ask: [amount, note]")
		case slices.Contains(*to, v):
			s.at(n, fmt.Sprintf("%s is in ask twice", v), "it once")
		default:
			*to = append(*to, v)
		}
	}
}

func (s *section) contradictions(said *Disposition) {
	if _, ok := s.get("name"); !ok && s.valid {
		s.at(s.node, "a disposition has no name", "- {name: sale, final: true}")
	}
	if callback, ok := s.get("callback"); ok && (said.Final || said.DNC) {
		s.at(callback.at, "a disposition that ends the calls can't also call back", "either final (or dnc) or callback")
	}
	if final, ok := s.get("final"); ok && said.DNC && !said.Final {
		s.at(final.value, "a number on the do-not-call list is not called again", "final: true, or leave it out")
	}
	said.Final = said.Final || said.DNC
}

func (s *section) schedule(to *Schedule) {
	c, ok := s.part("schedule", "schedule: {start: 2027-03-01T09:00:00+02:00, end: 2027-03-31T20:00:00+03:00}")
	if !ok {
		return
	}
	c.instant("start", &to.Start)
	c.instant("end", &to.End)
	if end, ok := c.get("end"); ok && !to.Start.IsZero() && !to.End.IsZero() && !to.Start.Before(to.End) {
		c.at(end.value, "the campaign ends before it starts", "an end after the start")
	}
	c.done()
}

// instant reads a time with its zone (RFC 3339).
func (s *section) instant(key string, to *time.Time) {
	const example = "2027-03-01T09:00:00+02:00"
	e, ok := s.get(key)
	if !ok {
		return
	}
	v, ok := s.scalar(e.value, key, key+": "+example)
	if !ok {
		return
	}
	t, err := time.Parse(time.RFC3339, strings.Replace(v, " ", "T", 1))
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		s.at(e.value, fmt.Sprintf("%s is a day, a time and its distance from UTC, not %s", key, quoted(v)), key+": "+example)
		return
	}
	*to = t.UTC()
}
