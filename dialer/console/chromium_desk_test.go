package console

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/lab"
)

// written has something to write at every place of the desk.
const written = `name: spring
trunks: [acme]
caller-id: "+40312345678"
windows: {daily: 00:00-24:00}
pacing: progressive
detector: {off: true}
dispositions:
  - {name: sale, final: true, success: true}
  - {name: refused, final: true}
  - {name: pledge, final: true, ask: [amount]}
script:
  steps:
    - name: greeting
      say: [This call is recorded.]
      questions: [{name: wish, ask: What would you change?, kind: open}]
    - {name: bye, end: true}
`

// TestChromiumWhatIsWrittenAndWhoIsHeardOutliveTrouble has a connection go while the operator writes,
// a page that is reloaded in the middle of a word, a call that ends under a dialog, and microphones
// that are changed and lost in a conversation. Before all that, an operator with a telephone.
func TestChromiumWhatIsWrittenAndWhoIsHeardOutliveTrouble(t *testing.T) {
	chromium := needChromium(t)
	c := newCentre(t, 2)
	if _, _, err := c.svc.ApplyCampaign([]byte(written)); err != nil {
		t.Fatal(err)
	}
	byPhone := &deskPage{c: c, ctx: c.browse(chromium, operatorHz), name: deskName(1), lang: "ro"}
	byPhone.phones()

	d := &deskPage{c: c, ctx: c.browse(chromium, operatorHz), name: deskName(0), hz: operatorHz}
	d.open()
	d.signIn()
	if _, err := c.svc.StartCampaign("spring"); err != nil {
		t.Fatal(err)
	}
	d.goReady()
	d.until(stateIs("talking"))
	d.press("F2")
	d.until("document.getElementById('reason').textContent === 'not ready after this call'")
	d.writes()
	d.changesItsMind()
	d.correctsAndPresses()
	d.endsUnderADialog()

	d.press("F2")
	d.until(stateIs("talking"))
	d.press("F2")
	d.changesMicrophones()
	d.typesAsTheCallGoes()
	for _, f := range append(d.faults, byPhone.faults...) {
		t.Error(f)
	}
}

// phones signs in who has a telephone: the page is for all but the sound.
func (d *deskPage) phones() {
	d.c.t.Helper()
	o := contactdb.Operator{Name: d.name, CreatedAt: time.Now()}
	dialer.SetPassword(&o, "a telephone")
	if err := d.c.svc.Store().PutOperator(o); err != nil {
		d.c.t.Fatal(err)
	}
	d.open()
	d.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := cdp.AddScriptToEvaluateOnNewDocument(`navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("Permission denied", "NotAllowedError"));`).Do(ctx)
		return err
	}))
	d.signIn()
	const refused = "document.getElementById('banner').textContent.startsWith('Navigatorul nu are voie la microfon.')"
	d.until(refused)
	d.do(chromedp.Evaluate("document.getElementById('banner').textContent = ''", nil), chromedp.Click("#connect"))
	d.until(refused) // not in the browser's words
	d.picture("microphone-refused")
	phone, err := lab.StartPhone(d.c.t.Context(), lab.PhoneConfig{Addr: "127.0.0.1:0", User: d.name, Password: "a telephone", Registrar: netip.MustParseAddrPort(d.c.svc.SIPAddr()), Manual: true})
	if err != nil {
		d.c.t.Fatal(err)
	}
	defer phone.Close()
	d.do(chromedp.WaitNotVisible("#setup"), chromedp.WaitVisible("#ready"), chromedp.WaitNotVisible("#banner")) // it needs none
	d.press("F2")
	d.until(stateIs("ready"))
	d.press("r")
	d.do(chromedp.WaitVisible(".reasons"))
	d.picture("reasons")
	d.press("2")
	d.until(stateIs("not-ready") + " && document.getElementById('reason').textContent === 'masă'")
	d.press("r")
	d.do(chromedp.WaitVisible(".reasons"))
	d.press("3") // another reason: the state is the same
	d.until("document.getElementById('reason').textContent === 'instruire'")

	if err := d.c.svc.Store().EndSessions(d.name, ""); err != nil { // signed out from elsewhere: the page does not try for ever
		d.c.t.Fatal(err)
	}
	d.do(chromedp.WaitVisible("input[name=password]"))
}

// keeps waits until the service has what was written of the call.
func (d *deskPage) keeps(note, wish string, ticked bool) {
	d.c.t.Helper()
	var call *dialer.CustomerCall
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		desktop, err := d.c.svc.Desktop(d.name)
		if call = desktop.Call; err == nil && call != nil && call.Note == note && call.Answers["wish"] == wish && (call.Answers["said:greeting:1"] != "") == ticked {
			return
		}
	}
	d.fatalf("the note %q and the wish %q (ticked: %t) are not kept: %+v", note, wish, ticked, call)
}

// writes while there is no connection, and as the page is reloaded.
func (d *deskPage) writes() {
	d.c.t.Helper()
	d.do(chromedp.Evaluate(`globalThis.testFetch = fetch; globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch")); 0`, nil),
		chromedp.SendKeys("#note", "softly"), chromedp.Evaluate("document.activeElement.blur()", nil))
	d.clicks("[name='said:greeting:1']")
	d.until("document.getElementById('trouble').textContent.startsWith('There is no connection now.')")
	d.press("F8") // what cannot be done is said in our words
	d.until("document.getElementById('trouble').textContent.startsWith('There is no connection to the service')")
	d.picture("no-connection")
	d.keeps("", "", false)
	d.do(chromedp.Evaluate("globalThis.fetch = testFetch; 0", nil))
	d.c.drop()
	d.keeps("softly", "", true)
	d.until("document.getElementById('note').value === 'softly' && document.querySelector('#step .say input').checked")

	d.do(chromedp.SendKeys("#step textarea", "more bu"), chromedp.SendKeys("#note", ", of buses"), chromedp.Reload(), chromedp.WaitVisible("#call"))
	d.keeps("softly, of buses", "more bu", true)
	d.do(chromedp.Evaluate("globalThis.testFetch = fetch; 0", nil))
	d.until("document.getElementById('note').value === 'softly, of buses' && document.querySelector('#step textarea').value === 'more bu'")
	d.until(connected)
}

// changesItsMind says something else as soon as it can, after what did not arrive.
func (d *deskPage) changesItsMind() {
	d.c.t.Helper()
	d.do(chromedp.Evaluate(`globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch")); 0`, nil))
	d.clicks("[name='said:greeting:1']")
	d.until("document.getElementById('trouble').textContent.startsWith('There is no connection now.')")
	d.do(chromedp.Evaluate("globalThis.fetch = testFetch; 0", nil))
	d.clicks("[name='said:greeting:1']")
	d.until("document.getElementById('trouble').hidden")
	d.c.drop()
	d.until("document.getElementById('banner').textContent !== ''")
	d.until("document.getElementById('banner').textContent === ''")
	d.do(chromedp.SendKeys("#note", " and trams"), chromedp.Evaluate("document.activeElement.blur()", nil)) // sent after all that waited
	d.keeps("softly, of buses and trams", "more bu", true)
}

// typesAsTheCallGoes has a call end while an answer and an amount are being typed: nothing of it
// is sent as another call's, or left in the browser.
func (d *deskPage) typesAsTheCallGoes() {
	d.c.t.Helper()
	desktop, err := d.c.svc.Desktop(d.name)
	if err != nil || desktop.Call == nil {
		d.fatalf("no call: %v", err)
	}
	of := desktop.Call.Attempt
	d.press("3")
	d.do(chromedp.WaitVisible("#amount"), chromedp.SendKeys("#amount", "120"), chromedp.Evaluate(`globalThis.testSent = [];
		{ const last = fetch; globalThis.fetch = (path, init) => { if (init?.method === "POST") testSent.push(init.body); return last(path, init); }; } 0`, nil),
		chromedp.SendKeys("#step textarea", "late"))
	d.until("Boolean(localStorage.apelDraft)")
	if err := d.c.svc.HangUp(d.name, of, ""); err != nil {
		d.fatalf("%v", err)
	}
	d.until(stateIs("wrap-up"))
	d.do(chromedp.SendKeys("#step textarea", "r"))
	if err := d.c.svc.Dispose(d.name, of, dialer.Result{Disposition: 2}); err != nil {
		d.fatalf("%v", err)
	}
	d.until(stateIs("not-ready") + " && document.getElementById('call').hidden")
	d.until("!localStorage.apelDraft")
	var orders []int
	d.do(chromedp.Evaluate(`{
		const field = document.createElement("textarea"), key = (at, key) => at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
		document.querySelector("main").append(field);
		let n = 0;
		document.getElementById("why").addEventListener("click", (e) => { n++; e.stopImmediatePropagation(); }, { capture: true });
		key(field, "e"), field.remove(), key(document.body, "r"), key(document.body, "r");
		const typedOn = n;
		key(document.body, "Escape"), key(document.body, "r");
		[typedOn, n];
	}`, &orders))
	if !slices.Equal(orders, []int{0, 1}) {
		d.c.t.Errorf("orders by what is typed on when its field has gone, and by the same key then: %v", orders)
	}
	var strange []string
	d.do(chromedp.Evaluate(fmt.Sprintf("testSent.filter((b) => JSON.parse(b).attempt !== %q)", of), &strange))
	if len(strange) > 0 {
		d.c.t.Errorf("sent after call %s, which was not of it: %q", of, strange)
	}
}

// correctsAndPresses changes the contact by keyboard, which leaves a trace, and types a key for a menu.
func (d *deskPage) correctsAndPresses() {
	d.c.t.Helper()
	d.clicks("#edit")
	d.do(chromedp.WaitVisible("#dialogbody input[name=city]"), chromedp.Evaluate("document.querySelector('#dialogbody input[name=city]').value = ''", nil),
		chromedp.SendKeys("#dialogbody input[name=city]", "Cluj\r"))
	d.until("!document.getElementById('dialog').open && document.getElementById('place').textContent.startsWith('Cluj · ')")
	traced := 0
	for e, err := range d.c.svc.Store().AuditTrail(contactdb.AuditFilter{Who: d.name, Verb: "contact.edit"}) {
		if err != nil {
			d.c.t.Fatal(err)
		}
		if e.Before["city"] == "Iași" && e.After["city"] == "Cluj" {
			traced++
		}
	}
	if traced != 1 {
		d.c.t.Errorf("the change of the city is %d times in the audit trail", traced)
	}
	d.press("k")
	d.do(chromedp.WaitVisible(".pad"), chromedp.KeyEvent("5"))
	d.until("document.querySelector('.pressed').textContent === '5'")
	d.picture("keypad")
	d.clicks("#dialogcancel")
}

// endsUnderADialog has the call go while its contact is being changed: what was typed is not the next one's.
func (d *deskPage) endsUnderADialog() {
	d.c.t.Helper()
	d.clicks("#edit")
	d.do(chromedp.WaitVisible("#dialogbody input[name=city]"))
	desktop, err := d.c.svc.Desktop(d.name)
	if err != nil || desktop.Call == nil {
		d.fatalf("no call: %v", err)
	}
	if err := d.c.svc.HangUp(d.name, desktop.Call.Attempt, ""); err != nil {
		d.fatalf("%v", err)
	}
	d.until(stateIs("wrap-up") + " && document.getElementById('dialog').open")
	if err := d.c.svc.Dispose(d.name, desktop.Call.Attempt, dialer.Result{Disposition: 2}); err != nil {
		d.fatalf("%v", err)
	}
	d.until(stateIs("not-ready"))
	d.until("!document.getElementById('dialog').open") // when it can be taken back no more
}

// changesMicrophones in a conversation, which goes on: one that is chosen, and another when it is gone.
// What happens when it is gone is one step of the page: a microphone that is away for long loses its customer.
func (d *deskPage) changesMicrophones() {
	d.c.t.Helper()
	const choose = `globalThis.testBefore = testMic; { const mic = document.getElementById("mic"); mic.selectedIndex = %d; mic.dispatchEvent(new Event("change", {bubbles: true})); }`
	const changed = "testMic !== testBefore && testBefore.getAudioTracks()[0].readyState === 'ended'"
	d.clicks("#devices")
	d.until("document.activeElement.id === 'mic'")
	d.do(chromedp.Evaluate(fmt.Sprintf(choose, 1), nil))
	d.until(changed)
	d.talks("by another microphone")
	d.picture("devices")
	d.clicks("#devices")
	d.do(chromedp.WaitNotVisible("#setup"))

	var shown []bool
	d.do(chromedp.Evaluate(`{ const track = testMic.getAudioTracks()[0]; track.stop(); track.dispatchEvent(new Event("ended")); }
		globalThis.testShown = [document.getElementById("mic").checkVisibility(), document.getElementById("banner").textContent.startsWith("The microphone is gone")];
		`+fmt.Sprintf(choose, 0)+"; testShown", &shown))
	if !slices.Equal(shown, []bool{true, true}) {
		d.c.t.Errorf("when the microphone is gone, others are offered, and the page says so: %v", shown)
	}
	d.until(changed + " && document.getElementById('banner').hidden && document.getElementById('setup').hidden")
	d.talks("by the first microphone again")
	d.until(stateIs("talking"))
}
