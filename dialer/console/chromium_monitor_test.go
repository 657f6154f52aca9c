package console

import (
	"fmt"
	"testing"
	"time"

	"apel/contactdb"
	"apel/dialer/console/access"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const supervisorHz = 1000

// hear is how much of what a page plays is a tone.
func (d *deskPage) hear(hz float64) (share float64) {
	d.c.t.Helper()
	d.do(chromedp.Evaluate(fmt.Sprintf(hears, int(hz)), &share, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return share
}

// clickBoth wants to listen to two operators at once, the later of whom counts.
const clickBoth = `globalThis.testAll = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...how) { super(...how); testAll.push(this); }
};
for (const operator of ["desk2", "desk1"]) {
  const b = document.createElement("button");
  b.dataset.monitor = operator;
  document.body.append(b);
  b.click();
  b.remove();
}`

// TestChromiumASupervisorListensAndWhispers has two browsers: what the one
// whispers is in what the other plays, and not in what the customer hears.
func TestChromiumASupervisorListensAndWhispers(t *testing.T) {
	chromium := needChromium(t)
	c := newCentre(t, 2)
	if err := c.svc.Store().PutAccount(contactdb.Account{Name: "chief", Role: string(access.Supervisor), Password: passwordHash, CreatedAt: time.Now()}, false); err != nil {
		t.Fatal(err)
	}
	desk := &deskPage{c: c, ctx: c.browse(chromium, operatorHz), name: deskName(0), hz: operatorHz}
	desk.open()
	desk.signIn()
	if _, err := c.svc.StartCampaign("spring"); err != nil {
		t.Fatal(err)
	}
	desk.goReady()
	desk.until(stateIs("talking"))

	chief := &deskPage{c: c, ctx: c.browse(chromium, supervisorHz), name: "chief", hz: supervisorHz}
	chief.open()
	chief.remember()
	chief.do(chromedp.Navigate(c.url+"/operators"), chromedp.WaitVisible("input[name=name]"), chromedp.SendKeys("input[name=name]", "chief"),
		chromedp.SendKeys("input[name=password]", password+"\r"), chromedp.WaitVisible(`button[data-monitor]`),
		chromedp.Poll("document.readyState === 'complete'", nil), chromedp.Evaluate(clickBoth, nil), chromedp.WaitVisible("#monitor"))
	chief.until("document.getElementById('monitorstate').textContent.includes('nobody hears')")
	chief.until("testAll.filter((pc) => pc.connectionState !== 'closed').length === 1")
	if all := c.svc.Monitors(); len(all) != 1 || all[0].Operator != deskName(0) {
		t.Errorf("after two clicks at once %+v are followed", all)
	}
	customer, operator := 0.0, 0.0
	for try := 0; try < tries && (customer < .1 || operator < .1); try++ {
		customer, operator = max(customer, chief.hear(calleeHz)), max(operator, chief.hear(operatorHz))
	}
	if customer < .1 || operator < .1 {
		t.Errorf("listening: of what the supervisor hears %.2f is the customer and %.2f the operator", customer, operator)
	}
	desk.until("document.getElementById('monitored').textContent.includes('chief')")
	desk.picture("monitored")
	chief.cutFor(5*time.Second, "globalThis.testLost")
	chief.until("testPC.connectionState === 'connected'")
	customer, operator = 0, 0
	for try := 0; try < tries && (customer < .1 || operator < .1); try++ {
		customer, operator = max(customer, chief.hear(calleeHz)), max(operator, chief.hear(operatorHz))
	}
	if customer < .1 || operator < .1 {
		t.Errorf("after five seconds without a network the supervisor hears %.2f of the customer and %.2f of the operator", customer, operator)
	}

	chief.do(chromedp.Click(`#monitor [data-mode=whisper]`))
	chief.until("document.getElementById('monitorstate').textContent.includes('customer does not')")
	chief.picture("whispering")
	time.Sleep(time.Second) // what was on its way has arrived
	c.callees.take()
	whispered, leaked, said := 0.0, 0.0, 0.0
	for try := 0; try < tries && (whispered < .1 || said < .1); try++ {
		whispered = max(whispered, desk.hear(supervisorHz))
		customers := c.callees.take()
		leaked, said = max(leaked, toneShare(customers, supervisorHz)), max(said, toneShare(customers, operatorHz))
	}
	if whispered < .1 || leaked > .02 || said < .1 {
		t.Errorf("whispering: of what the operator hears %.2f is the supervisor; of what the customer hears %.2f is the supervisor and %.2f the operator", whispered, leaked, said)
	}

	chief.do(chromedp.Click(`#monitor [data-mode=barge]`))
	chief.until("document.getElementById('monitorstate').textContent.includes('customer hear you')")
	c.callees.take()
	barged := 0.0
	for try := 0; try < tries && barged < .1; try++ {
		desk.hear(calleeHz) // takes its time
		barged = max(barged, toneShare(c.callees.take(), supervisorHz))
	}
	if barged < .1 {
		t.Errorf("barged in: of what the customer hears %.2f is the supervisor", barged)
	}
	chief.do(chromedp.Click("#monitorstop"))
	desk.until("document.getElementById('monitored').textContent === ''")
	desk.talks("after the supervisor")
	for _, d := range []*deskPage{desk, chief} {
		d.mu.Lock()
		if len(d.faults) > 0 {
			t.Errorf("the page of %s said %v", d.name, d.faults)
		}
		d.mu.Unlock()
	}
}
