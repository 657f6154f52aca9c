package console

// A supervisor's and an administrator's pages in Chromium: what they do works,
// nothing is asked of a foreign origin, no script fails, and an audit of our own
// finds nothing that keeps people from using a page. With -screens FOLDER every
// page is also photographed in both languages, both themes and two sizes.

import (
	"context"
	commandline "flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/floor"
	"apel/pacing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var screens = commandline.String("screens", "", "folder for pictures of every page")

// chromium opens a browser of its own. Without one the test is skipped; in CI
// it fails.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("chromium is not installed and CI must have it: apt-get install chromium")
	}
	if err != nil || testing.Short() {
		t.Skip("without chromium (apt-get install chromium), and in a short run, no page is looked at in a browser")
	}
	dir, err := os.MkdirTemp("", "apel-chromium-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // the browser may still write as it goes
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true), chromedp.Flag("ignore-certificate-errors", true), chromedp.WindowSize(1440, 900))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// complaints collects what a browser has to say against the pages.
type complaints struct {
	mu  sync.Mutex // guards all
	all []string
}

func (c *complaints) add(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, fmt.Sprintf(format, args...))
}

func (c *complaints) watch(ctx context.Context, home string) {
	chromedp.ListenTarget(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			c.add("a script fails: %s", ev.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if ev.Type == runtime.APITypeError || ev.Type == runtime.APITypeWarning {
				c.add("the console says %v", ev.Args)
			}
		case *log.EventEntryAdded:
			if ev.Entry.Level == log.LevelError {
				c.add("the browser says %s (%s)", ev.Entry.Text, ev.Entry.URL)
			}
		case *network.EventRequestWillBeSent:
			if u, err := url.Parse(ev.Request.URL); err != nil || u.Scheme != "data" && "https://"+u.Host != home {
				c.add("a foreign origin is asked: %s", ev.Request.URL)
			}
		}
	})
}

// busy is a floor as a supervisor would see it, without a telephone call.
func busy(at time.Time) (dialer.Status, []dialer.LiveCall) {
	states := []string{"ready", "talking", "talking", "wrap-up", "talking", "not-ready", "ready", "talking", "reserved", "offline"}
	st := dialer.Status{Version: "test", Running: true, Since: at.Add(-3 * time.Hour)}
	for i := range 28 {
		o := dialer.OperatorStatus{Name: fmt.Sprintf("operator%02d", i+1), Team: []string{"south", "north"}[i%2], State: states[i%len(states)], ForMS: int64(7919*(i+3)) % 400_000, Campaign: "spring", Calls: 40 + i, Phone: "leg-up"}
		if o.State == "not-ready" {
			o.Reason = "lunch"
		}
		if o.State == "offline" {
			o.Campaign, o.Phone = "", "none"
		}
		st.Operators = append(st.Operators, o)
	}
	tally := contactdb.Tally{Attempts: 6204, LiveAnswers: 1191, Abandoned: 17, Bridged: 1164, TalkMS: 70_000_000,
		Outcomes: map[string]int{"human": 1174, "abandoned": 17, "machine": 702, "no-answer": 2900, "busy": 811, "invalid-number": 77, "congested": 523}}
	why := pacing.New(pacing.Settings{Mode: pacing.Predictive, MaxAbandonment: .03}).Decide(pacing.Snapshot{Now: at, Lines: 20, Contacts: -1, Operators: make([]pacing.Operator, 6)}).Why
	st.Campaigns = []dialer.CampaignStatus{
		{Campaign: contactdb.Campaign{Name: "spring", State: contactdb.Running, Version: 3, Reason: "started"}, Mode: "predictive", Why: why.String(), Grounds: why,
			Counts: floor.Counts{Lines: 38, Dialing: 9, Ringing: 12, Screening: 1, Queued: 0, Bridged: 16, Ready: 6, Talking: 11, WrapUp: 3, NotReady: 3}, Occupancy: .842, Today: tally, Window: tally, AbandonmentRate: .0243, AbandonmentLimit: .03},
		{Campaign: contactdb.Campaign{Name: "autumn-survey", State: contactdb.Paused, Version: 1, Reason: "paused"}, Mode: "progressive", Today: contactdb.Tally{Outcomes: map[string]int{}}, AbandonmentLimit: .03},
		{Campaign: contactdb.Campaign{Name: "survey", State: contactdb.Draft, Version: 1}, Mode: "predictive", Today: contactdb.Tally{Outcomes: map[string]int{}}, AbandonmentLimit: .03},
	}
	st.Trunks = []dialer.TrunkStatus{{Name: "acme", State: "up", InUse: 38, Channels: 60, CallsPerSecond: 5}, {Name: "reserve", State: "down", Reason: "no answer to OPTIONS from sip.reserve.example", Channels: 30, CallsPerSecond: 2}}
	var calls []dialer.LiveCall
	for i, state := range []string{"bridged", "bridged", "wrap-up", "screening", "ringing", "ringing", "dialing"} {
		calls = append(calls, dialer.LiveCall{Attempt: fmt.Sprint(i), Campaign: "spring", Phone: fmt.Sprintf("+4072211%04d", 1330+i), Number: 1 + i%3, State: state, ForMS: int64(95_000 - 12_000*i), Operator: map[bool]string{true: "operator02"}[i < 3], Trunk: "acme", Codec: map[bool]string{true: "PCMA"}[i < 4], Lost: .071 * float64(i%2), JitterMS: int64(3 + i)})
	}
	return st, calls
}

// inOffice is an office with data and a busy floor, behind TLS.
func inOffice(t *testing.T) (*office, string) {
	t.Helper()
	o := newOffice(t)
	admin := o.session("administrator")
	for _, step := range [][2]string{
		{"POST /api/lists/spring/import", "phone,name\n+40722111331,Ana\n+40722111332,<b>Ion</b>\n+40722111333,Dan\n+40722111334,Eva\n+40722111335,Vlad\n"},
		{"POST /api/teams", `{"name":"south"}`},
		{"POST /api/operators", `{"name":"ana","team":"south","password":"long-enough"}`},
		{"POST /api/campaigns", spring},
		{"POST /api/campaigns", strings.Replace(spring, "name: spring", "name: autumn-survey", 1)},
		{"POST /api/lists/leads/import", people(60)},
		{"POST /api/campaigns", strings.Replace(survey, "lists: [spring]", "lists: [leads]", 1)},
		{"POST /api/dnc", `{"phones":["+40722111399"],"reason":"asked"}`},
		{"POST /api/dnc/import?list=national&issued=2026-09-01T00:00:00Z&expires=2026-10-01T00:00:00Z", "phone\n+40722111398\n+40722111397\n"},
		{"POST /api/tokens", `{"name":"crm","scopes":["read","records"]}`},
		{"POST /api/webhooks", `{"name":"crm","url":"https://crm.example/apel","numbers":true}`},
	} {
		if w := o.as(admin, step[0], step[1]); w.Code != 200 {
			t.Fatalf("%s: %d %s", step[0], w.Code, w.Body)
		}
	}
	seed(t, o.svc.Store(), "spring", "spring")
	seedAgain(t, o.svc.Store(), "survey", "leads", 45)
	a := o.con.api
	a.seeAll = func() (dialer.Status, error) { st, _ := busy(time.Now()); return st, nil }
	a.seeCalls = func() []dialer.LiveCall { _, calls := busy(time.Now()); return calls }
	var strip []Sample
	for i := range samplesKept {
		strip = append(strip, Sample{Lines: 20 + i*7%23, Ready: 3 + i*3%5, Talking: 10 + i*5%7, Abandonment: .018 + float64(i*13%10)/1200})
	}
	a.memory.strips["spring"] = strip
	for range 40 {
		a.memory.ended("spring", "acme", contactdb.Human, time.Now())
		a.memory.ended("spring", "acme", contactdb.NoAnswer, time.Now())
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { o.con.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return o, serveTLS(t, o.h).srv.URL
}

// survey is a campaign with a script, whose contacts are tried again.
const survey = `name: survey
lists: [spring]
trunks: [acme]
caller-id: "+40312345678"
pacing: predictive
windows: {daily: 00:00-24:00}
attempts: {max: 5, per-day: 5}
script:
  steps:
    - name: greeting
      title: Greeting
      text: "Hello **{{first_name}}**, this is Apel. Do you have a minute?"
      say: ["This call is recorded."]
      questions:
        - {name: likes, ask: "Do you know **our** offer, {{first_name}}?", kind: one, of: ["yes", "no", "not sure"], required: true}
    - name: opinion
      title: Opinion
      text: "Thank you."
      questions:
        - {name: score, ask: "From 1 to 10?", kind: scale, min: 1, max: 10}
`

// people are contacts in some time zones.
func people(n int) string {
	var b strings.Builder
	b.WriteString("phone,name,timezone\n")
	zones := []string{"Europe/Bucharest", "Europe/Bucharest", "Europe/London", "Asia/Tokyo", "America/New_York"}
	for i := range n {
		fmt.Fprintf(&b, "+40722%06d,Lead %d,%s\n", 300000+i, i, zones[i%len(zones)])
	}
	return b.String()
}

// seedAgain makes calls after which the contacts wait for another.
func seedAgain(t *testing.T, store *contactdb.Store, campaign, list string, n int) {
	t.Helper()
	ctx, now := context.Background(), time.Now()
	leased, err := store.Lease(ctx, contactdb.LeaseRequest{
		Viewpoint: contactdb.Viewpoint{Campaign: campaign, Now: now}, Version: 1, Lists: []contactdb.Source{{List: list}}, Max: n, Owner: "test", TTL: time.Hour,
		Open: func([]string) (bool, time.Time) { return true, time.Time{} },
		Judge: func(contactdb.Candidate) contactdb.Verdict {
			return contactdb.Verdict{Kind: contactdb.Yes, Trunk: "acme"}
		},
	})
	if err != nil || len(leased.Attempts) != n {
		t.Fatalf("%d attempts, %v", len(leased.Attempts), err)
	}
	outcomes := []string{contactdb.NoAnswer, contactdb.Busy, contactdb.NoAnswer, contactdb.Machine}
	for i, at := range leased.Attempts {
		r := contactdb.Record{ID: at.ID, Campaign: at.Campaign, CampaignVersion: at.Version, List: at.Contact.List, ContactID: at.Contact.ID, Phone: at.Contact.Phone,
			Attempt: at.Number, Trunk: at.Trunk, SIPCallID: at.SIPCallID, PlacedAt: now, EndedAt: now.Add(time.Second), Outcome: outcomes[i%4]}
		s := contactdb.Settlement{Record: r, NextTry: now.Add(time.Duration(i*i) * 90 * time.Second)}
		if i%9 == 0 {
			s.Record.Outcome, s.NextTry, s.Final = contactdb.Human, time.Time{}, "answered"
			s.Record.ScriptAnswers = map[string]string{"likes": []string{"yes", "no", "not sure"}[i/9%3], "score": fmt.Sprint(1 + i%10)}
		}
		if _, err := store.Settle(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
}

// officePages are the pages that an administrator looks at, each with what
// must be on it.
var officePages = []struct{ path, name, part string }{
	{"/campaign/survey", "campaign-left", "survey"}, {"/campaign/survey/survey", "survey", "survey"}, {"/campaign/survey/script?left=greeting&a.likes=perhaps", "script", "perhaps"},
	{"/floor", "floor", "spring"}, {"/campaign/spring", "campaign", "predictive"}, {"/campaign/spring/settings", "settings", "caller-id"},
	{"/operators", "operators", "operator01"}, {"/calls", "calls", "acme"}, {"/trunks", "trunks", "reserve"},
	{"/lists", "lists", "spring"}, {"/records", "records", "sale"}, {"/records?operator=nobody", "records-none", ""}, {"/reports?by=campaign&compare=1", "reports", "spring"},
	{"/reports?by=hour", "reports-hours", "spring"}, {"/compliance", "compliance", "GDPR"}, {"/audit", "audit", "campaign.apply"}, {"/accounts", "accounts", "crm"}, {"/webhooks", "webhooks", "crm"}, {"/contacts?q=ana", "contacts", "Ana"}, {"/account", "account", ""}, {"/tv", "tv", "spring"},
}

func TestSupervisorsPagesInABrowser(t *testing.T) {
	if raceEnabled {
		t.Skip("pages are looked at, and photographed, in a run without the race detector")
	}
	ctx := chromium(t)
	o, home := inOffice(t)
	var bad complaints
	bad.watch(ctx, home)
	run := func(actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, actions...); err != nil {
			t.Fatal(err, bad.all)
		}
	}
	// A stranger signs in by keyboard.
	run(network.Enable(), log.Enable(), chromedp.Navigate(home+"/floor"), chromedp.WaitVisible(`input[name=password]`))
	look(t, ctx, &bad, "signin")
	run(chromedp.SendKeys(`input[name=name]`, "administrator\t"+password+"\r"), chromedp.WaitVisible(`.tiles`))

	for _, p := range officePages {
		var text string
		run(chromedp.Navigate(home+p.path), chromedp.WaitReady("main h1"), chromedp.Text("main", &text))
		if !strings.Contains(strings.ToLower(text), p.part) {
			var html string
			run(chromedp.OuterHTML("main", &html))
			if !strings.Contains(html, p.part) {
				t.Errorf("%s does not show %q: %.400s", p.path, p.part, text)
			}
		}
		if strings.Contains(text, "%!") {
			t.Errorf("%s shows what no verb could print: %s", p.path, text[max(0, strings.Index(text, "%!")-80):])
		}
		look(t, ctx, &bad, p.name)
	}
	imports(t, ctx, home)
	printed(t, ctx, home)
	forgets(t, ctx, home)
	foretells(t, ctx, o, home)
	run(chromedp.Navigate(home+"/operators"), chromedp.WaitVisible(`button[data-key="m-operator01"]`))
	run(chromedp.Click(`button[data-key="m-operator01"]`), chromedp.WaitVisible("dialog input"), chromedp.SendKeys("dialog input", "nobody is there\r"), chromedp.WaitVisible("#banner"))
	var banner string
	run(chromedp.Text("#banner", &banner))
	if !strings.Contains(banner, "no service is running") { // the floor is painted; the service behind it does not run
		t.Errorf("the banner says %q", banner)
	}
	// An account is made, and can sign in at once.
	run(chromedp.Navigate(home+"/accounts"), chromedp.SendKeys(`form[action="/api/accounts"] input[name=name]`, "eve"),
		chromedp.SendKeys(`form[action="/api/accounts"] input[name=password]`, "words of her own\r"), chromedp.WaitVisible(`//tbody//th[text()="eve"]`, chromedp.BySearch))
	if c := cookieSet(o.as(nil, "POST /signin", form("name", "eve", "password", "words of her own"))); c == nil {
		t.Error("the account that was made in the browser cannot sign in")
	}
	bad.mu.Lock()
	defer bad.mu.Unlock()
	for _, line := range bad.all {
		if !strings.Contains(line, "503") { // the message above
			t.Error(line)
		}
	}
}

// foretells shows what a campaign is about to do before it is started, and before
// another definition, or another mode, is in force.
func foretells(t *testing.T, ctx context.Context, o *office, home string) {
	t.Helper()
	var start, apply, at, limits, nothing string
	err := chromedp.Run(ctx, chromedp.Navigate(home+"/campaign/survey"), chromedp.WaitVisible(`button[data-key="start-survey"]`),
		chromedp.Click(`button[data-key="start-survey"]`), chromedp.WaitVisible("dialog li"), chromedp.Text("dialog ul", &start),
		chromedp.Navigate(home+"/campaign/spring/settings"), chromedp.Click("[data-yaml] button[data-apply]"), chromedp.WaitVisible("dialog li"), chromedp.Text("dialog ul", &apply),
		chromedp.SendKeys("dialog input", "as it was\r"), chromedp.WaitVisible(`[data-live="now"]`), chromedp.Location(&at),
		chromedp.Navigate(home+"/campaign/spring/settings"), chromedp.Click(".limits button[data-apply]"), chromedp.WaitVisible("#banner"), chromedp.Text("#banner", &nothing),
		chromedp.SetValue(`.limits [name="mode"]`, "power"), chromedp.SetValue(`.limits [name="abandonment_limit"]`, "2.5"),
		chromedp.Click(".limits button[data-apply]"), chromedp.WaitVisible("dialog [aria-live] li"), chromedp.Text("dialog ul", &limits))
	if err != nil {
		t.Fatal(err)
	}
	plan := regexp.MustCompile(`^[\d,]+ contacts? can be dialed now\n[\d,]+ later\n[\d,]+ never, by the rules$`)
	for _, said := range []string{start, apply} {
		if !plan.MatchString(said) {
			t.Errorf("the plan says %q", said)
		}
	}
	if err := chromedp.Run(ctx, chromedp.SendKeys("dialog input", "two are ill\r"), chromedp.WaitVisible(`[data-live="now"]`)); err != nil {
		t.Fatal(err)
	}
	if limits != "Mode: progressive → power\nAbandonment limit, in percent: 3 → 2.5" || !strings.Contains(nothing, "Nothing was changed") {
		t.Errorf("a change of limits is shown as %q; without one: %q", limits, nothing)
	}
	v, err := o.svc.Store().CampaignVersion("spring", 0)
	if err != nil || string(v.Source) != strings.Replace(spring, "pacing: progressive", "pacing: power", 1)+"abandonment: {limit: 2.5%}\n" {
		t.Errorf("in force is %s, %v", v.Source, err)
	}
	if at != home+"/campaign/spring" {
		t.Errorf("once it is applied, the page is %s", at)
	}
}

// forgets erases a person whose number the browser has filled in.
func forgets(t *testing.T, ctx context.Context, home string) {
	t.Helper()
	var said string
	err := chromedp.Run(ctx, chromedp.Navigate(home+"/compliance"), chromedp.WaitReady("[data-erase]"),
		chromedp.Click(`[data-verify="/api/audit/verify"]`), chromedp.WaitVisible("output.good"), chromedp.Text("output.good", &said),
		chromedp.Evaluate(`document.querySelector("form[data-person]").elements.phone.value = "+40722111335"`, nil),
		chromedp.Click("[data-erase]"), chromedp.WaitVisible("dialog input"), chromedp.SendKeys("dialog input", "asked in writing\r"),
		chromedp.WaitVisible(`//td[contains(., "asked in writing")]`, chromedp.BySearch))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(said, "nchors") { // it has none
		t.Errorf("of the audit trail: %q", said)
	}
}

// imports drops a file on the page of lists: it says what came of it, and gives
// the rows that were refused.
func imports(t *testing.T, ctx context.Context, home string) {
	t.Helper()
	const drop = `(() => {
  const files = new DataTransfer();
  files.items.add(new File(["phone,name\n+40722555001,Ana\nnobody,Ion\n+40722555001,Ana\n"], "winter leads.csv", { type: "text/csv" }));
  const form = document.querySelector("form[data-import]");
  form.dispatchEvent(new DragEvent("dragenter", { dataTransfer: files, bubbles: true, cancelable: true }));
  const over = form.classList.contains("over");
  form.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
  return over && !form.classList.contains("over") ? form.elements.list.value : "nothing shows where a file can be dropped";
})()`
	var name, said, rejects string
	err := chromedp.Run(ctx, chromedp.Navigate(home+"/lists"), chromedp.WaitVisible("form[data-import]"), chromedp.Evaluate(drop, &name),
		chromedp.Click("form[data-import] button.main"), chromedp.WaitVisible("form[data-import] output a"), chromedp.Text("form[data-import] output", &said),
		chromedp.Evaluate(`fetch(document.querySelector("form[data-import] output a").href).then((r) => r.text())`, &rejects, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	if err != nil {
		t.Fatal(err)
	}
	if name != "winter-leads" || !strings.HasPrefix(said, "3 rows: 1 imported, 1 duplicate, 1 rejected.") || !strings.Contains(rejects, "nobody") {
		t.Errorf("a dropped file: named %q, %q, rejects %q", name, said, rejects)
	}
}

// printed prints the reports as paper has them: one page for a day of few rows.
func printed(t *testing.T, ctx context.Context, home string) {
	t.Helper()
	var paper []byte
	err := chromedp.Run(ctx, chromedp.Navigate(home+"/reports?by=campaign&compare=1"), chromedp.WaitReady("main h1"), chromedp.ActionFunc(func(ctx context.Context) (err error) {
		paper, _, err = cdppage.PrintToPDF().WithPreferCSSPageSize(true).Do(ctx)
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(paper), "/Type /Page\n"); n != 1 {
		t.Errorf("the report is printed on %d pages", n)
	}
	if *screens != "" {
		if err := os.WriteFile(filepath.Join(*screens, "reports.pdf"), paper, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// look audits the page that is open, in both themes, and takes its pictures.
func look(t *testing.T, ctx context.Context, bad *complaints, name string) {
	t.Helper()
	for _, theme := range []string{"light", "dark"} {
		var found []string
		err := chromedp.Run(ctx, chromedp.Evaluate(`document.documentElement.dataset.theme = "`+theme+`"`, nil), chromedp.Evaluate(auditScript, &found))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(found)
		for _, f := range slices.Compact(found) {
			bad.add("%s, %s: %s", name, theme, f)
		}
	}
	if *screens == "" {
		return
	}
	for _, lang := range []string{"en", "ro"} {
		photograph(t, ctx, name, lang)
	}
	if err := chromedp.Run(ctx, speak("en"), chromedp.Reload(), chromedp.WaitReady("main h1")); err != nil {
		t.Fatal(err)
	}
}

// speak chooses a language, as the button in the header does.
func speak(lang string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		var at string
		if err := chromedp.Location(&at).Do(ctx); err != nil {
			return err
		}
		return network.SetCookie(langCookie, lang).WithURL(at).WithSecure(true).WithPath("/").Do(ctx)
	})
}

// photograph takes the pictures of the page in a language.
func photograph(t *testing.T, ctx context.Context, name, lang string) {
	t.Helper()
	locale := map[string]string{"en": "en_GB", "ro": "ro_RO"}[lang]
	err := chromedp.Run(ctx, speak(lang), emulation.SetLocaleOverride().WithLocale(locale), chromedp.Reload(), chromedp.WaitReady("main h1"),
		chromedp.Poll(`[...document.querySelectorAll("[data-fetch]")].every((e) => e.textContent !== "…")`, nil), emulation.SetLocaleOverride())
	if err == nil {
		err = os.MkdirAll(*screens, 0o755)
	}
	for _, theme := range []string{"light", "dark"} {
		for size, width := range map[string]int64{"wide": 1280, "tablet": 820} {
			if err != nil {
				t.Fatal(err)
			}
			var picture []byte
			var wider []string
			err = chromedp.Run(ctx, chromedp.Evaluate(`document.documentElement.dataset.theme = "`+theme+`"`, nil), chromedp.EmulateViewport(width, 900),
				chromedp.Evaluate(`[document.documentElement, ...document.querySelectorAll(".scroll")].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent.trim().slice(0, 60))`, &wider), chromedp.FullScreenshot(&picture, 100), chromedp.EmulateViewport(1440, 900))
			for _, what := range wider {
				t.Errorf("%s in %s is wider than a %s screen: %s", name, lang, size, what)
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(*screens, strings.Join([]string{name, lang, theme, size}, "-")+".png"), picture, 0o644)
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// auditScript finds what keeps people from using a page: names of controls,
// headings, landmarks, ids, and the contrast of every text (WCAG 2.2, 1.3.1,
// 1.4.3, 2.4.6, 3.1.1, 4.1.2).
const auditScript = `(() => {
  const found = [];
  const seen = (el) => el.checkVisibility ? el.checkVisibility({ visibilityProperty: true }) : true;
  const name = (el) => (el.getAttribute("aria-label") || (el.getAttribute("aria-labelledby") || "").split(" ").map((i) => document.getElementById(i)?.textContent || "").join("") ||
    [...(el.labels || [])].map((l) => l.textContent).join("") || el.textContent || el.title || "").trim();
  const what = (el) => el.outerHTML.slice(0, 110);
  if (!document.documentElement.lang) found.push("the page does not say its language");
  if (!document.title) found.push("the page has no title");
  if (document.querySelectorAll("main").length !== 1) found.push("the page has not one main landmark");
  if (document.querySelectorAll("h1").length !== 1) found.push("the page has not one first heading");
  let level = 0;
  for (const h of document.querySelectorAll("h1,h2,h3,h4")) {
    const n = Number(h.tagName[1]);
    if (n > level + 1) found.push("a heading is skipped before " + what(h));
    level = n;
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push("the id " + id + " is there twice");
  for (const el of document.querySelectorAll("button,a[href],input:not([type=hidden]),select,textarea,audio")) {
    if (seen(el) && !name(el)) found.push("no name for " + what(el));
    if (el.matches("input,select,textarea") && seen(el) && !el.labels?.length && !el.getAttribute("aria-label")) found.push("no label for " + what(el));
  }
  for (const el of document.querySelectorAll("img")) if (!el.hasAttribute("alt")) found.push("no text for " + what(el));
  for (const el of document.querySelectorAll("svg")) if (!el.getAttribute("aria-label") && el.getAttribute("aria-hidden") !== "true") found.push("no text for " + what(el));
  for (const el of document.querySelectorAll("th")) if (!el.scope) found.push("no scope for " + what(el));
  for (const el of document.querySelectorAll("[tabindex]")) if (el.tabIndex > 0) found.push("the order of the keyboard is changed by " + what(el));
  for (const el of document.querySelectorAll("[onclick]")) found.push("something inline: " + what(el));
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (c) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
  const light = (c) => { const f = c.slice(0, 3).map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
  const behind = (el) => { for (; el; el = el.parentElement) { const c = rgba(getComputedStyle(el).backgroundColor); if (c[3] > 0.99) return c; } return [255, 255, 255, 1]; };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const el = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !seen(el) || el.closest("script,style,noscript,title,[disabled],.visually-hidden,.skip")) continue;
    const style = getComputedStyle(el);
    const text = rgba(el.closest("svg") ? style.fill : style.color), back = behind(el);
    const [a, b] = [light(text), light(back)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) found.push("contrast " + ratio.toFixed(2) + " of " + JSON.stringify(walk.currentNode.textContent.trim().slice(0, 30)) + " in " + what(el).slice(0, 60));
  }
  return found;
})()`
