package campaign

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apel/contactdb"
	"apel/pacing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write what is printed now into the golden files")

// testdata/mistakes.txtar has pairs of files: what was written, what is said.
func TestEachMistakeIsShownWithItsLineAndWhatToWriteInstead(t *testing.T) {
	const path = "testdata/mistakes.txtar"
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(archive.Files); i += 2 {
		written, said := archive.Files[i], &archive.Files[i+1]
		t.Run(written.Name, func(t *testing.T) {
			if said.Name != written.Name+" is told" {
				t.Fatalf("expected %q after it, found %q", written.Name+" is told", said.Name)
			}
			_, err := Parse(written.Data)
			if err == nil {
				t.Fatal("was taken")
			}
			got := err.Error() + "\n"
			if *update {
				said.Data = []byte(got)
			}
			if diff := cmp.Diff(string(said.Data), got); diff != "" {
				t.Errorf("(-golden +said):\n%s", diff)
			}
			wellFormed(t, string(written.Data), err)
		})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// wellFormed holds for every error: it names a place that the file has, and
// its first line can stand alone.
func wellFormed(t testing.TB, source string, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error is a %T", err)
	}
	lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(source, "\r\n", "\n"), "\n"), "\n")
	for _, e := range append([]*Error{e}, e.More...) {
		if e.Line < 1 || e.Line > len(lines) {
			t.Fatalf("line %d of %d", e.Line, len(lines))
		}
		if e.Column < 1 || e.Column > len([]rune(lines[e.Line-1]))+1 {
			t.Fatalf("column %d of %q", e.Column, lines[e.Line-1])
		}
		if e.Problem == "" || strings.Contains(e.Problem, "\n") {
			t.Fatalf("problem is %q", e.Problem)
		}
	}
}

func TestFilesThatAreNotTextAreRefused(t *testing.T) {
	const good = "name: spring\ntrunks: [acme]\n"
	for _, tt := range []struct{ name, source, want string }{
		{"empty", "", "1:1: the file is empty"},
		{"blank lines", "\n \n", "1:1: the file is empty"},
		{"a program", "\x7fELF\x02\x01\x01", "1:1: there is a control character (U+007F)"},
		{"NUL", good + "record: tr\x00ue", "3:11: there is a NUL byte; is this a campaign file?"},
		{"tab", "name: spring\nattempts:\n\tmax: 4\n", "3:1: there is a tab, which YAML does not take for an indent"},
		{"UTF-16", "\xff\xfen\x00a\x00", "1:1: the file is UTF-16, and a campaign file is UTF-8"},
		{"Latin-2", good + "description: Ora\xba", "3:17: this is not UTF-8 text"},
		{"escape sequence", good + "description: \x1b[2J", "3:14: there is a control character (U+001B)"},
		{"too large", good + strings.Repeat("#", 300<<10), "1:1: the file has 300 KB, and a campaign has at most 256"},
		{"too many lines", strings.Repeat("#\n", 20_000), "5000:1: the file has 20000 lines, and a campaign has at most 5000"},
		{"brackets", "name: " + strings.Repeat("[", 2_000), "1:23: this is nested too deeply for a campaign"},
		{"a long line", "name: " + strings.Repeat("x", 200_000), "1:4000: the line is longer than 4000 characters"},
		{"anchors that grow", "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nname: *b\n", `1:1: "a" is not a setting of a campaign`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.source))
			if err == nil {
				t.Fatal("was taken")
			}
			if first, _, _ := strings.Cut(err.Error(), "\n"); first != tt.want {
				t.Errorf("said %q\nwant %q", first, tt.want)
			}
		})
	}
}

func TestWindowsFilesAndByteOrderMarksAreTaken(t *testing.T) {
	plain, err := Parse([]byte("name: spring\ntrunks: [acme]\n"))
	if err != nil {
		t.Fatal(err)
	}
	marked, err := Parse([]byte("\ufeffname: spring\r\ntrunks: [acme]\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain, marked); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsLeftOutHasItsDefault(t *testing.T) {
	got, err := Parse([]byte("name: spring\ntrunks: [acme]\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Default("spring")
	want.Trunks = []string{"acme"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEachSettingIsRead(t *testing.T) {
	got, err := Parse([]byte(everySetting))
	if err != nil {
		t.Fatal(err)
	}
	want := Default("spring")
	want.Description, want.Client = "two\nlines\n", "acme bank"
	want.Lists = []List{{Name: "a"}, {Name: "b c", Weight: 3, Order: contactdb.Newest, Filter: mustFilter(t, `city == "Iași"`)}}
	want.Filter, want.Registers = mustFilter(t, `balance > 100 and not ("vip" in tags)`), []string{"robinson"}
	want.Consent = Consent{Required: true, Kinds: []string{"marketing"}}
	want.Numbers, want.Callbacks = Numbers{InRow, 5 * time.Minute}, Callbacks{Never, false}
	want.Attempts.PerWeek, want.Attempts.Per30Days, want.Attempts.BestHour = 5, 12, false
	want.Trunks, want.CallerID = []string{"acme", "spare"}, []CallerID{{Number: "+40312345678"}, {"+40312345679", 400, 24 * time.Hour}}
	want.Country, want.Teams, want.Operators = "RO", []string{"north"}, []string{"ana"}
	working := [7]bool{time.Monday: true, time.Tuesday: true, time.Wednesday: true, time.Thursday: true, time.Friday: true}
	want.Windows = []Window{
		{Days: working, From: 9 * time.Hour, To: 12 * time.Hour},
		{Days: working, From: 14 * time.Hour, To: 18*time.Hour + 30*time.Minute},
		{Days: [7]bool{time.Saturday: true, time.Sunday: true}, From: 10 * time.Hour, To: 24 * time.Hour},
	}
	want.RingTime, want.WrapUp, want.Record = 30*time.Second, 90*time.Second, false
	want.Attempts.Max, want.Attempts.PerDay = 6, 3
	want.Attempts.Retry[contactdb.Busy], want.Attempts.Retry[contactdb.Machine] = 10*time.Minute, Never
	want.Attempts.Retry[contactdb.Abandoned] = 30 * 24 * time.Hour
	want.Pacing = pacing.Settings{Mode: pacing.Power, Ratio: 1.5, MaxLines: 20, MaxAbandonment: 0.025, Debt: 3, HangUpAfter: 20 * time.Second, Choose: 5}
	want.Abandonment = Abandonment{Limit: 0.025, Window: 30 * 24 * time.Hour, Within: 1500 * time.Millisecond, Message: "prompts/sorry.WAV", Retry: 30 * 24 * time.Hour}
	want.Detector = DetectorSettings{Off: true, PeopleLost: 0.01, DecideWithin: 1500 * time.Millisecond, ListenOn: 4 * time.Second, Replay: true}
	want.VoiceDrop = VoiceDrop{Message: "drop.wav", Consent: "on the order form"}
	want.Dispositions = []Disposition{{Name: "sale", Final: true, Success: true, Ask: []string{"amount", "note"}}, {Name: "never again", Final: true, DNC: true}, {Name: "later", Callback: 2 * time.Hour}, {Name: "noted"}}
	want.Schedule = Schedule{Start: time.Date(2027, 3, 1, 7, 0, 0, 0, time.UTC), End: time.Date(2027, 3, 31, 17, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

const everySetting = `# a comment
name: spring
description: |
  two
  lines
client: acme bank
lists:
  - a
  - {name: b c, weight: 3, order: newest, filter: 'city == "Iași"'}
filter: balance > 100 and not ("vip" in tags)
registers: robinson
consent: {required: true, kinds: marketing}
numbers: {order: in-row, switch: 5m}
callbacks: {deputy: never, beyond-max: false}
trunks: [acme, spare]
caller-id: [+40312345678, {number: "+40312345679", per-day: 400, rest: 24h}]
country: RO
teams: north
operators:
  - ana
windows:
  mon-fri: [09:00-12:00, 14:00 - 18:30]
  sat,sun: 10:00-24:00
ring-time: 30s
attempts:
  max: 6
  per-day: 3
  per-week: 5
  per-30-days: 12
  best-hour: false
  retry: {busy: 10m, machine: never, abandoned: 30d}
pacing: {mode: power, ratio: 1.5, max-lines: 20, hang-up-after: 20s, choose: 5}
abandonment: {limit: 2.5%, debt: 3, window: 30d, within: 1.5s, message: prompts/sorry.WAV}
detector: {off: true, people-lost: 1%, decide-within: 1500ms, listen-on: 4s}
voice-drop: {message: drop.wav, consent: on the order form}
dispositions:
  - {name: sale, final: true, success: true, ask: [amount, note]}
  - name: never again
    dnc: true
  - {name: later, callback: 2h}
  - noted
wrap-up: 1m30s
record: false
schedule:
  start: 2027-03-01T09:00:00+02:00
  end: 2027-03-31 20:00:00+03:00
`

func genText() *rapid.Generator[string] {
	return rapid.StringMatching(`[A-Za-z0-9ăîșț#:&*!%'"{}\[\],?-]([ -~ăîșțéß…🙂]{0,20}[A-Za-z0-9'":#~\]}])?`)
}

func genDelay() *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		if rapid.Bool().Draw(t, "never") {
			return Never
		}
		return time.Minute + time.Duration(rapid.Int64Range(0, 365*24*3600*1000).Draw(t, "ms"))*time.Millisecond
	})
}

func genSpan(low, high time.Duration) *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(int64(low/time.Millisecond), int64(high/time.Millisecond)).Draw(t, "ms")) * time.Millisecond
	})
}

func genDefinition() *rapid.Generator[*Definition] {
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._-]{0,20}`), 1, 4, rapid.ID)
	texts := rapid.SliceOfNDistinct(genText(), 1, 4, rapid.ID)
	return rapid.Custom(func(t *rapid.T) *Definition {
		d := Default(names.Draw(t, "name")[0])
		d.Description = rapid.StringMatching(`[ -~ăș\n]{0,40}`).Draw(t, "description")
		d.Lists, d.Trunks = nil, names.Draw(t, "trunks")
		for _, name := range texts.Draw(t, "lists") {
			d.Lists = append(d.Lists, genList(name).Draw(t, "list"))
		}
		d.Filter = genFilter().Draw(t, "filter")
		d.Numbers = Numbers{rapid.SampledFrom([]string{InTurn, InRow}).Draw(t, "order"), genSpan(0, 24*time.Hour).Draw(t, "switch")}
		d.Callbacks = Callbacks{genDelay().Draw(t, "deputy"), rapid.Bool().Draw(t, "beyond")}
		d.Attempts.PerWeek, d.Attempts.Per30Days = rapid.IntRange(0, 60).Draw(t, "week"), rapid.IntRange(0, 60).Draw(t, "30 days")
		d.Attempts.BestHour = rapid.Bool().Draw(t, "best hour")
		if rapid.Bool().Draw(t, "more") {
			d.Teams, d.Operators = texts.Draw(t, "teams"), names.Draw(t, "operators")
			for _, number := range rapid.SliceOfNDistinct(rapid.StringMatching(`\+[1-9][0-9]{6,14}`), 1, 3, rapid.ID).Draw(t, "caller id") {
				c := CallerID{Number: number, PerDay: rapid.IntRange(0, 100_000).Draw(t, "per day")}
				if c.PerDay > 0 {
					c.Rest = genSpan(0, 90*24*time.Hour).Draw(t, "rest")
				}
				d.CallerID = append(d.CallerID, c)
			}
			d.Registers = texts.Draw(t, "registers")
			d.Consent = Consent{Required: true, Kinds: texts.Draw(t, "kinds")}
			d.Client = texts.Draw(t, "client")[0]
			d.Country = rapid.StringMatching(`[A-Z]{2}`).Draw(t, "country")
			d.Schedule.Start = time.Unix(rapid.Int64Range(1e9, 4e9).Draw(t, "start"), 0).UTC()
			d.Schedule.End = d.Schedule.Start.Add(time.Hour)
		}
		d.Windows = genWindows().Draw(t, "windows")
		d.RingTime = genSpan(5*time.Second, 2*time.Minute).Draw(t, "ring time")
		d.WrapUp = genSpan(time.Second, time.Hour).Draw(t, "wrap-up")
		d.Attempts.Max, d.Attempts.PerDay = rapid.IntRange(1, 30).Draw(t, "max"), rapid.IntRange(1, 30).Draw(t, "per day")
		for _, outcome := range contactdb.Outcomes {
			d.Attempts.Retry[outcome] = genDelay().Draw(t, outcome)
		}
		d.Pacing = pacing.Settings{
			Mode:     rapid.SampledFrom([]pacing.Mode{pacing.Preview, pacing.Progressive, pacing.Power, pacing.Predictive}).Draw(t, "mode"),
			Ratio:    rapid.Float64Range(1, 10).Draw(t, "ratio"),
			MaxLines: rapid.IntRange(0, 10_000).Draw(t, "lines"),
			Choose:   rapid.IntRange(1, 50).Draw(t, "choose"),
			Debt:     float64(rapid.IntRange(0, 100).Draw(t, "debt")),
		}
		if rapid.Bool().Draw(t, "may hang up") {
			d.Pacing.HangUpAfter = genSpan(15*time.Second, 2*time.Minute).Draw(t, "hang up after")
		}
		d.Abandonment = Abandonment{
			Limit:   float64(rapid.IntRange(0, 10_000).Draw(t, "limit")) / 1e4,
			Window:  genSpan(time.Hour, 30*24*time.Hour).Draw(t, "window"),
			Within:  genSpan(100*time.Millisecond, 10*time.Second).Draw(t, "within"),
			Message: rapid.SampledFrom([]string{"", "sorry.wav", `C:\prompts\so "sorry".wav`}).Draw(t, "message"),
			Retry:   genDelay().Draw(t, "retry"),
		}
		d.Detector = DetectorSettings{Off: rapid.Bool().Draw(t, "off"), PeopleLost: float64(rapid.IntRange(1, 200).Draw(t, "lost")) / 1000, DecideWithin: genSpan(200*time.Millisecond, 10*time.Second).Draw(t, "decide"), ListenOn: genSpan(time.Second, 10*time.Second).Draw(t, "on"), Sample: float64(rapid.IntRange(0, 100).Draw(t, "sample")) / 1000, Replay: rapid.Bool().Draw(t, "replay")}
		d.Record, d.Manual = rapid.Bool().Draw(t, "record"), rapid.Bool().Draw(t, "manual")
		d.Hold = rapid.SampledFrom([]string{"", "hold.wav", `C:\prompts\a "b".wav`}).Draw(t, "hold")
		for i, name := range texts.Draw(t, "transfer numbers") {
			d.Transfer.Numbers = append(d.Transfer.Numbers, TransferNumber{name, fmt.Sprintf("+4031234500%d", i)})
		}
		d.Dispositions = nil
		for _, name := range texts.Draw(t, "dispositions") {
			d.Dispositions = append(d.Dispositions, genDisposition(name).Draw(t, "disposition"))
		}
		d.agree()
		return d
	})
}

func genFilter() *rapid.Generator[*Filter] {
	return rapid.Custom(func(t *rapid.T) *Filter {
		f, _ := parseFilter(rapid.SampledFrom([]string{"", `city == "Iași" && balance > 100`, `"vip" in tags`, "since < date('2024-01-01')"}).Draw(t, "source"))
		return f
	})
}

func genList(name string) *rapid.Generator[List] {
	return rapid.Custom(func(t *rapid.T) List {
		return List{Name: name, Weight: rapid.IntRange(0, 100).Draw(t, "weight"), Filter: genFilter().Draw(t, "filter"),
			Order: rapid.SampledFrom([]contactdb.Order{contactdb.Oldest, contactdb.Newest, contactdb.Best, "highest balance", "lowest E-mail: 2"}).Draw(t, "order")}
	})
}

func mustFilter(t testing.TB, source string) *Filter {
	t.Helper()
	f, err := parseFilter(source)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func genDisposition(name string) *rapid.Generator[Disposition] {
	return rapid.Custom(func(t *rapid.T) Disposition {
		said := Disposition{Name: name, Success: rapid.Bool().Draw(t, "success")}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			said.Final = true
		case 1:
			said.Final, said.DNC = true, true
		case 2:
			said.Callback = genSpan(time.Minute, 24*time.Hour).Draw(t, "callback")
		}
		return said
	})
}

func TestWhatIsPrintedIsReadAsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := genDefinition().Draw(t, "definition")
		printed, err := d.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(printed)
		if err != nil {
			t.Fatalf("%v\n%s", err, printed)
		}
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatalf("(-definition +read):\n%s\n%s", diff, printed)
		}
	})
}

func TestADefinitionThatNoFileCouldGiveIsNotPrinted(t *testing.T) {
	d := Default("spring")
	if _, err := d.Marshal(); err == nil { // no trunk
		t.Error("printed a campaign without trunks")
	}
}

func TestThePrintedDefaultsAreAsTheyWere(t *testing.T) {
	d, err := Parse([]byte("name: spring\ntrunks: [acme]\ncaller-id: +40312345678\n"))
	if err != nil {
		t.Fatal(err)
	}
	printed, err := d.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const path = "testdata/defaults.yaml"
	if *update {
		if err := os.WriteFile(path, printed, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), string(printed)); diff != "" {
		t.Error(diff)
	}
}

func TestTheExampleCampaignsAreTaken(t *testing.T) {
	paths, err := filepath.Glob("../testdata/campaigns/*.yaml")
	if err != nil || len(paths) < 4 {
		t.Fatalf("found %v (%v)", paths, err)
	}
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(source); err != nil {
			t.Errorf("%s:%v", path, err)
		}
	}
}

// The annotated example is the manual: it names every setting, and what it
// says of defaults is so.
func TestTheAnnotatedExampleShowsEachSettingWithItsDefault(t *testing.T) {
	source, err := os.ReadFile("../testdata/campaigns/annotated.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	want := Default("spring")
	want.Description, want.Client = got.Description, "acme-bank"
	want.Lists, want.Trunks = []List{{Name: "spring-leads"}, {Name: "old-customers", Weight: 2, Order: contactdb.Newest, Filter: mustFilter(t, `"vip" in tags`)}}, []string{"acme"}
	want.Filter, want.Registers = mustFilter(t, `city == "Iași" && balance > 100`), []string{"robinson"}
	want.Consent.Kinds, want.Consent.Required = []string{"marketing"}, true
	want.CallerID = []CallerID{{Number: "+40312345678"}, {"+40312345679", 400, 24 * time.Hour}}
	want.Country, want.Teams, want.Operators = "RO", []string{"north"}, []string{"ana"}
	want.Schedule = got.Schedule
	want.Transfer.Numbers = []TransferNumber{{"Billing", "+40312345000"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-defaults +annotated):\n%s", diff)
	}
	for key := range strings.FieldsSeq("name description client weight order filter registers consent required kinds number rest per-week per-30-days best-hour numbers switch callbacks deputy beyond-max lists trunks caller-id country teams operators windows ring-time attempts max per-day retry pacing mode ratio max-lines hang-up-after countdown abandonment limit debt window within message detector off people-lost decide-within listen-on replay voice-drop dispositions final dnc callback success ask wrap-up record hold transfer manual schedule start end " + strings.Join(contactdb.Outcomes, " ")) {
		if !strings.Contains(string(source), key+":") {
			t.Errorf("%s: is not in it", key)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(everySetting))
	for _, seed := range []string{"", "- a", "a: b: c", "name: \"x\\0\"", "? a\n: b", "windows: {mon: [[09:00-12:00]]}", "--- |\n a\n...\n", "name: >-\n a\n\n b", "a: !!binary x", "%TAG ! x", "name: 'a''b'\ntrunks: [b]"} {
		f.Add([]byte(seed))
	}
	if archive, err := txtar.ParseFile("testdata/mistakes.txtar"); err == nil {
		for i := 0; i < len(archive.Files); i += 2 {
			f.Add(archive.Files[i].Data)
		}
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		d, err := Parse(source)
		if err != nil {
			wellFormed(t, string(source), err)
			return
		}
		printed, err := d.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(printed)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
