package console

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"apel/contactdb"
)

// surveyed has questions of every kind, conditions, sentences, objections and a quota of one call.
const surveyed = `name: spring
trunks: [acme]
caller-id: "+40312345678"
windows: {daily: 00:00-24:00}
pacing: progressive
detector: {off: true}
dispositions:
  - {name: sale, final: true, success: true}
  - {name: refused, final: true}
script:
  steps:
    - name: greeting
      title: Salutul
      text: |
        # Bună ziua

        Vorbesc cu **{{name}}** din *{{city}}*?

        - despre autobuze
        - despre bibliotecă
      say: [Acest apel se înregistrează., "Puteți încheia oricând, {{first_name}}."]
      questions:
        - {name: consent, ask: Îmi permiteți **patru** întrebări?, kind: one, of: [da, nu], required: true}
      next:
        - {when: 'consent != "da"', to: goodbye}
    - name: person
      title: Persoana
      questions:
        - {name: age, ask: Ce vârstă aveți?, kind: number, min: 18, max: 120, required: true}
        - {name: moved, ask: "De când locuiți în {{city}}?", kind: date}
        - {name: street, ask: Pe ce stradă?, kind: text}
      next:
        - {when: age >= 65, to: goodbye}
    - name: services
      title: Serviciile
      shuffle: true
      questions:
        - {name: uses, ask: Ce folosiți?, kind: many, of: [autobuze, biblioteca, piscina, parcuri], shuffle: true, min: 2, max: 3}
        - {name: content, ask: Cât de mulțumit sunteți?, kind: scale, min: 0, max: 10, required: true}
        - {name: wish, ask: Ce ați schimba?, kind: open}
    - name: goodbye
      title: Încheierea
      text: Vă mulțumesc.
      end: true
    - {name: enough, title: Destui, text: Am destule răspunsuri din grupa aceasta.}
    - {name: thanks, title: Mulțumiri, text: O zi bună!, end: true}
  objections:
    - {said: Nu am timp, answer: "Durează **două** minute, {{first_name}}."}
    - {said: De unde aveți numărul?, answer: "Din lista {{list}}."}
  quotas:
    - {name: sub 35 din Iași, when: 'age > 0 && age < 35 && contact["city"] == "Iași"', limit: 1, to: enough}
`

func TestChromiumWalksAScript(t *testing.T) {
	chromium := needChromium(t)
	c := newCentre(t, 1)
	if _, _, err := c.svc.ApplyCampaign([]byte(surveyed)); err != nil {
		t.Fatal(err)
	}
	d := &deskPage{c: c, ctx: c.browse(chromium, operatorHz), name: deskName(0), hz: operatorHz, lang: "ro"}
	d.open()
	d.signIn()
	if _, err := c.svc.StartCampaign("spring"); err != nil {
		t.Fatal(err)
	}
	d.goReady()
	d.until(stateIs("talking"))
	d.press("F2") // the next one comes when this test is ready for it
	d.until("document.getElementById('reason').textContent.match(/după acest apel/)")
	d.asks()
	d.picture("script-goodbye")
	d.press("F4")
	d.until(stateIs("wrap-up"))
	d.press("1")
	d.until(stateIs("not-ready"))
	for deadline := time.Now().Add(patience); len(d.kept()) == 0 && time.Now().Before(deadline); { // it counts once its record is made
		time.Sleep(100 * time.Millisecond)
	}

	d.press("F2")
	d.until(stateIs("talking"))
	d.press("F2")
	d.step("greeting")
	d.clicks("[name='said:greeting:1'], [name='said:greeting:2'], input[value=da]")
	d.goes("person")
	d.do(chromedp.SendKeys("[data-question=age] input", "34"))
	d.goes("enough") // the first call was the one that was wanted
	d.goes("thanks")
	d.picture("script-quota")
	d.press("F4")
	d.until(stateIs("wrap-up"))
	d.press("2")
	d.until(stateIs("not-ready"))

	d.previews()
	want := "da, 34, 2020-02-29, Lăpușneanu 12, autobuze | parcuri, 7, Mai multe\npiste, true"
	if kept := d.kept(); kept[0] != want {
		t.Errorf("kept are %q, want %q", kept[0], want)
	}
	for _, f := range d.faults {
		t.Error(f)
	}
}

// previews is a call in a campaign that shows each contact first.
func (d *deskPage) previews() {
	d.c.t.Helper()
	if _, _, err := d.c.svc.ApplyCampaign([]byte(strings.Replace(surveyed, "progressive", "preview", 1))); err != nil {
		d.c.t.Fatal(err)
	}
	d.do(chromedp.Focus("#ready"), chromedp.KeyEvent("\r")) // which has the focus then
	d.until(stateIs("preview") + " && !document.getElementById('accept').hidden && document.getElementById('countdown').textContent.startsWith('au rămas')")
	d.do(chromedp.Evaluate(`window.left = {};
		new MutationObserver(() => { left[document.getElementById('state').dataset.state] ??= document.getElementById('countdown').textContent; })
			.observe(document.getElementById('state'), {attributeFilter: ['data-state']})`, nil))
	d.picture("preview")
	d.until("document.getElementById('ready').textContent === 'Indisponibil F2'")
	d.until("document.activeElement.id === 'accept'")
	d.do(chromedp.KeyEvent("\r"))
	d.until("!(" + stateIs("preview") + ")")
	d.picture("ringing")
	d.until(stateIs("talking"))
	var left map[string]string
	d.do(chromedp.Evaluate("window.left", &left))
	if after, came := left["reserved"]; !came || after != "" {
		d.c.t.Errorf("when it rings, nothing is left to decide, and the desk shows %q", left)
	}
	d.press("F2") // one is enough
	d.ends()
}

// kept are the answers in the records of the operator's calls.
func (d *deskPage) kept() (all []string) {
	d.c.t.Helper()
	for r, err := range d.c.svc.Store().Records(contactdb.RecordFilter{Operator: d.name}) {
		if err != nil {
			d.c.t.Fatal(err)
		}
		a := r.ScriptAnswers
		all = append(all, strings.Join([]string{a["consent"], a["age"], a["moved"], a["street"], a["uses"], a["content"], a["wish"], strconv.FormatBool(a["said:greeting:2"] != "")}, ", "))
	}
	return all
}

// step waits for a step of the script.
func (d *deskPage) step(title string) {
	d.c.t.Helper()
	d.until(fmt.Sprintf("document.querySelector('.steps [aria-current]')?.textContent === %q", map[string]string{"greeting": "Salutul", "person": "Persoana", "services": "Serviciile", "goodbye": "Încheierea", "enough": "Destui", "thanks": "Mulțumiri"}[title]))
}

// clicks clicks all that a selector finds, also what the bar at the bottom lies over.
func (d *deskPage) clicks(controls string) {
	d.c.t.Helper()
	d.do(chromedp.Evaluate(fmt.Sprintf("document.querySelectorAll(%q).forEach((e) => e.click())", controls), nil))
}

func (d *deskPage) goes(step string) {
	d.c.t.Helper()
	d.clicks("#next")
	d.step(step)
}

// refuses presses on, and waits for the reason why not.
func (d *deskPage) refuses(why string) {
	d.c.t.Helper()
	d.clicks("#next")
	d.until(fmt.Sprintf("document.getElementById('trouble').textContent.includes(%q)", why))
}

// asks walks the script as far as it goes, with answers that are none on the way.
func (d *deskPage) asks() {
	d.c.t.Helper()
	d.step("greeting")
	d.picture("script-greeting")
	d.refuses("Acest apel se înregistrează. · Puteți încheia oricând, Maria. · Îmi permiteți patru întrebări?")
	d.picture("script-missing")
	// own words
	d.clicks("#own")
	d.do(chromedp.WaitVisible("#dialogbody textarea"), chromedp.SendKeys("#dialogbody textarea", "Salut, **{{first_name}}** <b>x</b>!"))
	d.picture("script-own")
	d.do(chromedp.Click("#dialogok"))
	d.until("document.querySelector('#step .mine')?.textContent.includes('Salut, Maria <b>x</b>!')")
	d.clicks("[name='said:greeting:1'], [name='said:greeting:2'], input[value=da]")
	d.picture("script-own-shown")
	d.goes("person")
	d.picture("script-person")
	d.do(chromedp.SendKeys("[data-question=age] input", "17"))
	d.refuses("se cere 18–120")
	d.clicks("#back") // which a wrong answer does not keep anybody from
	d.step("greeting")
	d.goes("person")
	d.do(chromedp.SendKeys("[data-question=age] input", "17"))
	d.refuses("se cere 18–120")
	d.picture("script-number")
	d.do(chromedp.Evaluate("document.querySelector('[data-question=age] input').value = ''", nil), chromedp.SendKeys("[data-question=age] input", "34"),
		chromedp.Evaluate("document.querySelector('[data-question=moved] input').value = '2020-02-29'", nil), chromedp.SendKeys("[data-question=street] input", "Lăpușneanu 12"))
	d.goes("services")
	d.picture("script-services")
	d.clicks("#step input[type=checkbox][value=autobuze]")
	d.do(chromedp.Evaluate("document.querySelector('#step input[type=radio][value=\"7\"]').click()", nil))
	d.refuses("se cer 2–3")
	d.picture("script-many")
	d.clicks("#step input[type=checkbox][value=parcuri]")
	d.do(chromedp.SendKeys("#step textarea", "Mai multe\npiste"))
	d.do(chromedp.Evaluate("document.querySelector('#objections details').open = true", nil))
	d.goes("goodbye")
	d.clicks("#back")
	d.step("services")
	d.until("document.querySelector('#step textarea').value === 'Mai multe\\npiste'")
	d.picture("script-again")
	d.goes("goodbye")
}
