package console

import (
	"context"
	"fmt"
	"testing"

	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// late has what the service says of the desk come late, as on a busy machine: by testLate ms.
const late = `{ const Source = globalThis.EventSource;
globalThis.EventSource = class extends Source {
  addEventListener(type, f) { super.addEventListener(type, type === "desktop" ? (e) => setTimeout(() => f(e), globalThis.testLate ?? 0) : f); }
}; }`

// TestChromiumAWindowThatHasTakenOverKeepsTheLeg has the service's answer to a
// window come before the news that it has the leg now: until then the desk that
// it knows is another window's. And who is impatient clicks twice. A window that
// was duplicated, name and all, is another; one that is reloaded is not.
func TestChromiumAWindowThatHasTakenOverKeepsTheLeg(t *testing.T) {
	chromium := needChromium(t)
	c := newCentre(t, 1)
	first := &deskPage{c: c, ctx: c.browse(chromium, operatorHz), name: deskName(0), hz: operatorHz}
	first.open()
	first.signIn()
	first.do(chromedp.Click("#connect"))
	first.until(connected)
	ctx, cancel := chromedp.NewContext(first.ctx)
	defer cancel()
	second := &deskPage{c: c, ctx: ctx, name: first.name, hz: first.hz}
	second.open()
	second.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := cdp.AddScriptToEvaluateOnNewDocument(late).Do(ctx)
		return err
	}))
	second.do(chromedp.Navigate(c.url+"/desk"), chromedp.WaitVisible("#takeover"),
		chromedp.Evaluate("globalThis.testLate = 3000; document.getElementById('takeover').click(); document.getElementById('takeover').click()", nil))
	second.until("document.body.dataset.leg === 'connected' && document.getElementById('takeover').hidden")
	second.until(connected)
	first.until("document.body.dataset.leg === 'none'")

	name := ""
	second.do(chromedp.Evaluate("sessionStorage.apelTab", &name))
	first.do(chromedp.Evaluate(fmt.Sprintf("sessionStorage.apelTab = %q", name), nil), chromedp.Reload(), chromedp.WaitVisible("#takeover")) // as one that was duplicated
	second.do(chromedp.Reload(), chromedp.WaitVisible("#test"))
	second.until(connected)
	first.do(chromedp.WaitVisible("#takeover"))
}
