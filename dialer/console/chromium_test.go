package console

// Chromium plays a shift: operators at real browsers, with microphones that hum
// a tone of their own, and callees behind a carrier that answer with another.
// What each hears is looked for the other's tone. Over the loopback, in real time.

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/binary"
	commandline "flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console/access"
	"apel/dialer/lab"
	"apel/media"

	"github.com/chromedp/cdproto/network"
	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

var (
	desks    = commandline.Int("desks", 3, "how many operators at browsers play the shift in Chromium")
	pictures = commandline.String("pictures", "", "folder for pictures of the desk")
)

const (
	calleeHz   = 700
	operatorHz = 440 // and 200 more for each operator of the shift
	patience   = 45 * time.Second
)

// needChromium finds it. Without it the test is skipped, in CI it fails; with
// the race detector it is skipped too.
func needChromium(t *testing.T) string {
	t.Helper()
	if raceEnabled {
		t.Skip("a browser's sound is tested without the race detector, which is too slow for it: go test -run Chromium ./dialer/console")
	}
	if testing.Short() {
		t.Skip("a shift in Chromium is left out of a short run")
	}
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("chromium is not installed and CI must have it: apt-get install chromium")
	}
	if err != nil {
		t.Skip("chromium is not installed; to run this test: apt-get install chromium")
	}
	return path
}

// tapped is a network that hears what arrives at each of its sockets, and
// nothing of those who are cut off.
type tapped struct {
	media.Network

	mu    sync.Mutex // guards the fields below
	taps  []*tap
	taken sounds
	cut   map[int]bool // ports
}

// sounds are what sockets have heard.
type sounds map[*tap][]int16

func (n *tapped) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	c, err := n.Network.ListenPacket(ctx, network, address)
	t := &tap{PacketConn: c, n: n}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.taps = append(n.taps, t)
	return t, err
}

type tap struct {
	net.PacketConn
	n     *tapped
	heard []int16 // guarded by n.mu
}

func (c *tap) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err == nil && c.n.isCut(from) {
			continue
		}
		if err == nil && n > 12 && b[0] == 0x80 && (b[1]&0x7f == 0 || b[1]&0x7f == 8) {
			c.n.mu.Lock()
			c.heard = media.Codec(b[1]&0x7f).Decode(c.heard, b[12:n])
			c.n.mu.Unlock()
		}
		return n, from, err
	}
}

func (c *tap) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.n.isCut(to) {
		return len(b), nil
	}
	return c.PacketConn.WriteTo(b, to)
}

func (n *tapped) isCut(a net.Addr) bool {
	udp, ok := a.(*net.UDPAddr)
	n.mu.Lock()
	defer n.mu.Unlock()
	return ok && n.cut[udp.Port]
}

// cutOff cuts a far end off, or lets it in again.
func (n *tapped) cutOff(port int, off bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut == nil {
		n.cut = map[int]bool{}
	}
	n.cut[port] = off
}

// now is all that was heard; since is what was heard after it.
func (n *tapped) now() sounds {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := sounds{}
	for _, t := range n.taps {
		all[t] = t.heard
	}
	return all
}

func (n *tapped) since(before sounds) sounds {
	after := n.now()
	for t, heard := range after {
		after[t] = heard[len(before[t]):]
	}
	return after
}

// take gives what was heard since the last time.
func (n *tapped) take() sounds {
	heard := n.since(n.taken)
	n.taken = n.now()
	return heard
}

// toneShare is how much of what one of the sockets has heard is a tone of this
// frequency, 0 to 1.
func toneShare(all sounds, hz float64) (best float64) {
	for _, heard := range all {
		best = max(best, toneIn(heard, hz))
	}
	return best
}

// toneIn is how much of a sound is a tone of this frequency, 0 to 1.
func toneIn(samples []int16, hz float64) float64 {
	var s1, s2, all float64
	k := 2 * math.Cos(2*math.Pi*hz/media.SampleRate)
	best := 0.0
	const span = 1600 // 200 ms: phases of different packets don't add up for longer
	for i, v := range samples {
		s0 := float64(v) + k*s1 - s2
		s2, s1 = s1, s0
		all += float64(v) * float64(v)
		if i%span == span-1 {
			if all/span > 100*100 {
				best = max(best, (s1*s1+s2*s2-k*s1*s2)/(all*span/2))
			}
			s1, s2, all = 0, 0, 0
		}
	}
	return best
}

// centre is a service with its console, and a carrier behind which everybody answers.
type centre struct {
	t       *testing.T
	svc     *dialer.Service
	url     string
	callees *tapped // what callees hear
	wire    *tapped // between browsers and us
	drop    func()  // every connection of a page, which comes back
}

func newCentre(t *testing.T, operators int) *centre {
	t.Helper()
	c := &centre{t: t, callees: &tapped{Network: &net.ListenConfig{}}, wire: &tapped{Network: &net.ListenConfig{}}}
	var says []lab.Sound
	for range 900 { // longer than any call, on a busy machine too
		// Not the second of the microphones: a tone that began with theirs would always lie over it.
		says = append(says, lab.Tone(600*time.Millisecond, calleeHz), lab.Pause(500*time.Millisecond))
	}
	carrier, err := lab.StartCarrier(t.Context(), lab.CarrierConfig{Network: c.callees, Addr: "127.0.0.1:0", Persona: func(string, int) lab.Persona {
		return lab.Persona{Kind: lab.Hello, Lang: "en", Progress: 180, Ring: 300 * time.Millisecond, Status: 200, Voice: says}
	}})
	if err != nil {
		t.Fatal(err)
	}
	c.svc, err = dialer.Open(dialer.Config{Data: t.TempDir(), Network: c.wire, SIP: dialer.SIPConfig{Listen: "127.0.0.1:0"}, Browser: dialer.BrowserConfig{Listen: "127.0.0.1:0"},
		Trunks: []dialer.TrunkConfig{{Name: "acme", Host: carrier.Addr().String(), Channels: 10, CallsPerSecond: 10}}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range operators {
		c.account(deskName(i))
	}
	c.campaign()
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- c.svc.Run(ctx, time.Second) }()
	<-c.svc.Ready()
	con, err := Open(Config{Service: c.svc, Cost: cheap})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(con.Handler())
	srv.Config.ErrorLog = nil
	srv.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}}
	srv.EnableHTTP2 = true
	srv.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	srv.StartTLS()
	c.url, c.drop = srv.URL, srv.CloseClientConnections
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		srv.CloseClientConnections()
		srv.Close()
		carrier.Close()
		if err := c.svc.Store().Check(); err != nil {
			t.Error(err)
		}
		c.svc.Close()
	})
	return c
}

func deskName(i int) string { return fmt.Sprintf("desk%d", i+1) }

func (c *centre) account(name string) {
	c.t.Helper()
	store := c.svc.Store()
	if err := store.PutAccount(contactdb.Account{Name: name, Role: string(access.Operator), Password: passwordHash, CreatedAt: time.Now()}, false); err != nil {
		c.t.Fatal(err)
	}
	if err := store.PutOperator(contactdb.Operator{Name: name, CreatedAt: time.Now()}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *centre) campaign() {
	c.t.Helper()
	leads := "phone,first name,name,city,plan\n"
	for i := range 40 {
		leads += fmt.Sprintf("+407%08d,Maria,\"Maria <b>Ionescu %d</b>\",Iași,Basic\n", 22111000+i, i)
	}
	if _, err := c.svc.ImportList(c.t.Context(), "spring", strings.NewReader(leads), dialer.ImportOptions{Country: "RO"}); err != nil {
		c.t.Fatal(err)
	}
	if _, _, err := c.svc.ApplyCampaign([]byte(`name: spring
trunks: [acme]
caller-id: "+40312345678"
windows: {daily: 00:00-24:00}
pacing: progressive
detector: {off: true}
transfer: {numbers: [{name: Billing, number: "+40312345000"}]}
manual: true
dispositions:
  - {name: sale, final: true, success: true, ask: [amount]}
  - {name: refused, final: true}
  - {name: later, callback: 24h, ask: [callback]}
script:
  steps:
    - name: greeting
      text: "Hello **{{first_name}}** of {{city}} <script>alert(1)</script>"
      say: [This call is recorded.]
      questions: [{name: need, ask: Do you need one?, kind: one, of: ["yes", "no"], required: true}]
    - {name: bye, text: Goodbye., end: true}
`)); err != nil {
		c.t.Fatal(err)
	}
}

// browse starts a Chromium whose microphone hums a tone.
func (c *centre) browse(chromium string, hz float64) context.Context {
	c.t.Helper()
	dir := c.t.TempDir()
	wav := filepath.Join(dir, "mic.wav")
	if err := os.WriteFile(wav, humming(hz), 0o600); err != nil {
		c.t.Fatal(err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.UserDataDir(filepath.Join(dir, "profile")), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-file-for-fake-audio-capture", wav),
		chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("allow-loopback-in-peer-connection", true), chromedp.Flag("mute-audio", false),
		chromedp.WindowSize(1280, 900))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	c.t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	c.t.Cleanup(cancel)
	return ctx
}

// humming is a WAV of a second: Chromium plays it over and over.
func humming(hz float64) []byte {
	const rate = 48000
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, rate*2)
	b = append(b, 2, 0, 16, 0)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, rate*2)
	for i := range rate {
		level := 6000.0
		if i > rate*6/10 { // a tone without pauses would be taken for noise, and removed
			level = 0
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(level*math.Sin(2*math.Pi*hz*float64(i)/rate))))
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// desk is an operator's window.
type deskPage struct {
	c    *centre
	ctx  context.Context
	name string
	hz   float64
	lang string // "": English

	last  string // waited for
	aside bool   // it plays beside others

	mu     sync.Mutex // guards faults
	faults []string   // what the page's console said, and foreign requests
}

// remember keeps the microphone for the test: the page's modules are their own.
const remember = `{ const Connection = globalThis.RTCPeerConnection;
globalThis.RTCPeerConnection = function (...a) {
  const pc = (globalThis.testPC = new Connection(...a));
  pc.addEventListener("connectionstatechange", () => (globalThis.testLost ||= ["disconnected", "failed"].includes(pc.connectionState)));
  return pc;
};
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (c) => (globalThis.testMic = await open(c)); }`

// open opens the window. It lives as long as its context: each step has one of its own.
func (d *deskPage) open() {
	d.c.t.Helper()
	if err := chromedp.Run(d.ctx); err != nil {
		d.c.t.Fatal(err)
	}
	d.watch()
}

func (d *deskPage) watch() {
	chromedp.ListenTarget(d.ctx, func(ev any) {
		d.mu.Lock()
		defer d.mu.Unlock()
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			d.faults = append(d.faults, ev.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if ev.Type == runtime.APITypeError {
				d.faults = append(d.faults, fmt.Sprint("console: ", string(ev.Args[0].Value)))
			}
		}
	})
}

// do runs steps; each may take as long as patience lasts.
func (d *deskPage) do(steps ...chromedp.Action) {
	d.c.t.Helper()
	for _, step := range steps {
		ctx, cancel := context.WithTimeout(d.ctx, patience)
		err := chromedp.Run(ctx, step)
		cancel()
		if err != nil {
			d.picture("failed")
			shown := ""
			_ = chromedp.Run(d.ctx, chromedp.Evaluate("document.body.innerText", &shown)) // only to tell
			desktop, _ := d.c.svc.Desktop(d.name)
			d.mu.Lock()
			defer d.mu.Unlock()
			d.fatalf("%s: %T: %v (%s)\nfaults %v\nservice %+v\npage:\n%s", d.name, step, err, d.last, d.faults, desktop, shown)
		}
	}
}

// fatalf ends the desk's part, and the test if nobody else plays.
func (d *deskPage) fatalf(format string, args ...any) {
	d.c.t.Helper()
	if !d.aside {
		d.c.t.Fatalf(format, args...)
	}
	d.c.t.Errorf(format, args...)
	goruntime.Goexit()
}

// together has desks play, each for itself, and waits for all.
func together(t *testing.T, what string, all []*deskPage, play func(*deskPage)) {
	t.Helper()
	from := time.Now()
	var wg sync.WaitGroup
	for _, d := range all {
		wg.Go(func() {
			d.aside = true
			defer func() { d.aside = false }()
			play(d)
		})
	}
	wg.Wait()
	t.Logf("%s: %s", what, time.Since(from).Round(100*time.Millisecond))
	if t.Failed() {
		t.FailNow()
	}
}

// until waits for something to be true in the page.
func (d *deskPage) until(js string) {
	d.c.t.Helper()
	d.last = js
	d.do(chromedp.Poll(js, nil, chromedp.WithPollingInterval(100*time.Millisecond), chromedp.WithPollingTimeout(patience-time.Second)))
}

// connected is when the window has the leg, and it is heard.
const connected = "document.body.dataset.leg === 'connected' && document.getElementById('state').dataset.sound === ''"

func stateIs(s string) string {
	return fmt.Sprintf("document.getElementById('state').dataset.state === %q", s)
}

func (d *deskPage) press(key string) {
	d.c.t.Helper()
	d.do(chromedp.Evaluate(fmt.Sprintf("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: %q, bubbles: true, cancelable: true}))", key), nil))
}

// picture audits the desk in a state, as look does other pages, and takes its
// pictures, if they are wanted: in both themes, and as wide as a tablet.
func (d *deskPage) picture(name string) {
	d.c.t.Helper()
	themes := []string{"light", "dark"}
	for _, theme := range themes {
		var found []string
		if err := chromedp.Run(d.ctx, chromedp.Evaluate("document.documentElement.dataset.theme = "+strconv.Quote(theme), nil), chromedp.Evaluate(auditScript, &found)); err == nil && len(found) > 0 && name != "failed" {
			d.c.t.Errorf("%s, %s, %s: %q", d.name, name, theme, found)
		}
		for size, width := range map[string]int64{"wide": 1280, "tablet": 820} {
			var png []byte
			if *pictures != "" && chromedp.Run(d.ctx, chromedp.EmulateViewport(width, 900), chromedp.FullScreenshot(&png, 100), chromedp.EmulateViewport(1280, 900)) == nil {
				_ = os.MkdirAll(*pictures, 0o755)
				_ = os.WriteFile(filepath.Join(*pictures, strings.Join([]string{d.name, name, theme, size}, "-")+".png"), png, 0o600) // a picture more or less
			}
		}
	}
}

func (d *deskPage) remember() {
	d.c.t.Helper()
	d.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := cdp.AddScriptToEvaluateOnNewDocument(remember).Do(ctx)
		return err
	}))
}

func (d *deskPage) signIn() {
	d.c.t.Helper()
	d.remember()
	d.do(network.SetCookie(langCookie, cmp.Or(d.lang, "en")).WithURL(d.c.url).WithSecure(true), chromedp.Navigate(d.c.url+"/"), chromedp.WaitVisible("input[name=name]"),
		chromedp.SendKeys("input[name=name]", d.name), chromedp.SendKeys("input[name=password]", password+"\r"), chromedp.WaitVisible("#connect"))
}

// hears looks for the callee's tone in what the page plays.
const hears = `(async () => {
  const context = new AudioContext(), hear = context.createAnalyser();
  hear.fftSize = 8192;
  context.createMediaStreamSource(document.getElementById("phone").srcObject).connect(hear);
  const data = new Float32Array(hear.fftSize);
  let best = 0;
  for (let i = 0; i < 12; i++) {
    await new Promise((done) => setTimeout(done, 150));
    hear.getFloatTimeDomainData(data);
    let s1 = 0, s2 = 0, all = 0;
    const k = 2 * Math.cos((2 * Math.PI * %d) / context.sampleRate);
    for (const v of data) { const s0 = v + k * s1 - s2; s2 = s1; s1 = s0; all += v * v; }
    if (all / data.length > 1e-5) best = Math.max(best, (s1 * s1 + s2 * s2 - k * s1 * s2) / ((all * data.length) / 2));
  }
  await context.close();
  return best;
})()`

// found is how much of a tone there must be. Chromium takes noise and echo out,
// and a tone is a little of both.
const found = .15

// tries is how often a tone is listened for, two seconds each time. A page that
// has just been loaded, and a busy machine, need some seconds until it is heard.
const tries = 10

// talks holds both directions to the tones that were sent.
func (d *deskPage) talks(when string) {
	d.c.t.Helper()
	here, there := 0.0, 0.0
	for try := 0; try < tries && (here < found || there < found); try++ {
		before := d.c.callees.now()
		here = max(here, d.hear(calleeHz))
		there = max(there, toneShare(d.c.callees.since(before), d.hz))
	}
	if here < found || there < found {
		d.c.t.Errorf("%s: of what %s hears %.2f is the callee's tone, of what callees hear %.2f is %s's", when, d.name, here, there, d.name)
	}
	d.c.t.Logf("%s: %s hears the callee (%.2f) and is heard (%.2f)", when, d.name, here, there)
}

func (d *deskPage) goReady() {
	d.c.t.Helper()
	d.do(chromedp.Click("#connect"), chromedp.WaitVisible("#test"))
	for try := range tries { // a busy machine may be too slow for a conversation, and is told so
		d.do(chromedp.Click("#test"))
		d.until("document.getElementById('test').ariaDisabled === 'true'")
		d.until("document.getElementById('test').ariaDisabled !== 'true'")
		good := false
		d.do(chromedp.Evaluate("Boolean(document.getElementById('testing').textContent.match(/is good|sunt bune/))", &good))
		if good {
			break
		}
		d.c.t.Logf("%s: the headset does not pass its test, try %d", d.name, try+1)
	}
	d.until("document.getElementById('testing').textContent.match(/is good|sunt bune/)")
	d.press("F2")
}

func TestChromiumPlaysAShift(t *testing.T) {
	chromium := needChromium(t)
	c := newCentre(t, *desks)
	var all []*deskPage
	for i := range *desks {
		hz := operatorHz + 200*float64(i+1) // the lower a tone, the sooner Chromium takes it for noise
		all = append(all, &deskPage{c: c, ctx: c.browse(chromium, hz), name: deskName(i), hz: hz, lang: []string{"en", "ro"}[i%2]})
	}
	together(t, "signing in", all, func(d *deskPage) {
		d.open()
		d.signIn()
		d.picture("connect")
	})
	if _, err := c.svc.StartCampaign("spring"); err != nil {
		t.Fatal(err)
	}
	together(t, "testing the headset", all, (*deskPage).goReady)
	together(t, "a call", all, (*deskPage).firstCall)
	if len(all) > 1 {
		together(t, "a transfer to a colleague", all[:1], func(d *deskPage) { d.handsOver(all[1]) })
	}
	together(t, "a question outside", all[len(all)-1:], (*deskPage).asksOutside)
	together(t, "further calls", all, (*deskPage).furtherCalls)
	for _, d := range all {
		d.mu.Lock()
		if len(d.faults) > 0 {
			t.Errorf("the page of %s said %v", d.name, d.faults)
		}
		d.mu.Unlock()
	}
}

// firstCall is a conversation with all that may happen to it, and its result.
func (d *deskPage) firstCall() {
	d.c.t.Helper()
	d.until(stateIs("talking"))
	d.picture("talking")
	d.talks("at first")
	d.script()
	d.do(chromedp.Reload(), chromedp.WaitVisible("#call"))
	d.until(stateIs("talking"))
	d.until(connected)
	d.talks("after a reload")
	d.lostNetwork()
	d.holds()
	d.press("F2") // not ready after this call, so that nobody comes before the result is taken back
	d.until("document.getElementById('reason').textContent.match(/after this call|după acest apel/)")
	d.press("F4")
	d.until(stateIs("wrap-up"))
	d.picture("wrap-up")
	d.press("1")
	d.do(chromedp.WaitVisible("#amount"), chromedp.SendKeys("#amount", "12,"), chromedp.Reload(), chromedp.WaitVisible("#amount"))
	d.until("document.getElementById('amount').value === '12,'")
	d.do(chromedp.Evaluate(takeBack, nil), chromedp.SendKeys("#amount", "50\r"))
	d.until("globalThis.takenBack && " + stateIs("wrap-up"))
	d.press("2")
	d.until(stateIs("not-ready"))
	d.picture("not-ready")
	d.forbidden()
}

// forbidden types in the number of somebody who must not be called: the page says so, and the audit trail keeps it.
func (d *deskPage) forbidden() {
	d.c.t.Helper()
	const number = "+40722999001"
	if _, err := d.c.svc.Suppress(d.c.t.Context(), []contactdb.Suppression{{Phone: number}}); err != nil {
		d.c.t.Fatal(err)
	}
	d.until(connected) // who is not heard learns only that
	d.press("d")
	d.picture("dial")
	d.do(chromedp.WaitVisible("#dialogbody input"), chromedp.SendKeys("#dialogbody input", number+"\r"), chromedp.WaitVisible("#dialogbody .problem"), chromedp.Click("#dialogcancel"))
	var seen []contactdb.AuditEntry
	for e, err := range d.c.svc.Store().AuditTrail(contactdb.AuditFilter{Who: d.name, Verb: "desk.dial"}) {
		if err != nil {
			d.c.t.Fatal(err)
		}
		if seen = append(seen, e); e.Phone == number && e.Detail["refused"] != "" {
			return
		}
	}
	d.c.t.Errorf("%s has tried a forbidden number, and the audit trail does not say so: %+v", d.name, seen)
}

// takeBack presses Z as soon as the page offers it. There are three seconds for it, and on a
// busy machine the way from the test to the page and back may take longer.
const takeBack = `{ const watch = setInterval(() => {
  if (document.getElementById("undo").hidden || document.querySelector("dialog[open]")) return;
  clearInterval(watch);
  globalThis.takenBack = true;
  document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "z", bubbles: true, cancelable: true}));
}, 20); }`

// furtherCalls end with a promise, and with a microphone that is lost.
func (d *deskPage) furtherCalls() {
	d.c.t.Helper()
	d.press("F2")
	d.until(stateIs("talking"))
	d.promises()
	d.press("F2")
	d.until(stateIs("talking"))
	d.secondWindow()
	d.microphoneLost()
	d.records()
}

// ends hangs up, as one who is not ready afterwards.
func (d *deskPage) ends() {
	d.c.t.Helper()
	d.press("F4")
	d.until(stateIs("wrap-up"))
	d.press("2")
	d.until(stateIs("not-ready"))
}

// chooses opens the list of those who may be asked, and asks one.
func (d *deskPage) chooses(whom string) {
	d.c.t.Helper()
	d.press("t")
	d.do(chromedp.WaitVisible(".whom"), chromedp.Evaluate(fmt.Sprintf(`{ const list = document.querySelector(".whom");
list.value = [...list.options].find((o) => o.text.includes(%q)).value;
list.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true})); }`, whom), nil))
	d.until(stateIs("consulting"))
}

// handsOver asks a colleague, and gives the customer over.
func (d *deskPage) handsOver(to *deskPage) {
	d.c.t.Helper()
	d.press("F2")
	d.until(stateIs("talking"))
	d.press("F2")
	d.chooses(to.name)
	d.picture("consulting")
	to.until(stateIs("consulted"))
	to.picture("consulted")
	time.Sleep(500 * time.Millisecond) // what was on its way has arrived
	before, here, there := d.c.callees.now(), 0.0, 0.0
	for try := 0; try < tries && (here < found || there < found); try++ {
		here, there = max(here, d.hear(to.hz)), max(there, to.hear(d.hz))
	}
	if here < found || there < found {
		d.c.t.Errorf("%s hears %.2f of the colleague, and is heard with %.2f", d.name, here, there)
	}
	d.c.t.Logf("consulting: %s hears %s (%.2f) and is heard (%.2f)", d.name, to.name, here, there)
	if customer := toneShare(d.c.callees.since(before), d.hz); customer > .05 {
		d.c.t.Errorf("a customer hears %.2f of the consultation", customer)
	}
	d.conference(to)
	d.press("j")
	to.until(stateIs("talking"))
	d.until(stateIs("not-ready"))
	to.talks("after the customer was handed over")
	to.ends()
}

// conference has all three hear each other.
func (d *deskPage) conference(to *deskPage) {
	d.c.t.Helper()
	d.press("c")
	d.until(stateIs("conference"))
	to.until(stateIs("conference"))
	for _, at := range []*deskPage{d, to} { // who is asked must know as well that the customer hears
		at.until("document.getElementById('standing').textContent.match(/hear each other|vă auziți cu toții/)")
	}
	d.picture("conference")
	to.picture("conference-asked")
	least := []float64{0, 0, 0, 0, 0, 0}
	for try := 0; try < tries && slices.Min(least) < found; try++ {
		before := d.c.callees.now()
		now := []float64{d.hear(to.hz), d.hear(calleeHz), to.hear(d.hz), to.hear(calleeHz)}
		heard := d.c.callees.since(before)
		now = append(now, toneShare(heard, d.hz), toneShare(heard, to.hz))
		for i, share := range now {
			least[i] = max(least[i], share)
		}
	}
	if slices.Min(least) < found {
		d.c.t.Errorf("with three %s hears the colleague and the callee, %s hears both, and the callee hears both: %.2f", d.name, to.name, least)
	}
	d.c.t.Logf("conference: %.2f", least)
}

// asksOutside asks a number and goes back to the customer.
func (d *deskPage) asksOutside() {
	d.c.t.Helper()
	d.press("F2")
	d.until(stateIs("talking"))
	d.press("F2")
	d.chooses("Billing")
	d.until("!document.getElementById('join').disabled")
	d.talks("with the one who is asked outside")
	d.press("F4")
	d.until(stateIs("talking"))
	d.talks("with the customer again")
	d.ends()
}

// promises a callback by keyboard, in the conversation, and hangs up.
func (d *deskPage) promises() {
	d.c.t.Helper()
	d.press("F2")
	d.until("document.getElementById('reason').textContent.match(/after this call|după acest apel/)")
	d.press("3")
	d.do(chromedp.WaitVisible("#at"), chromedp.WaitVisible("#calendar [role=group]:last-child button:not([disabled])"))
	d.picture("callback")
	d.do(chromedp.Evaluate(`{ const days = document.querySelectorAll("#calendar [role=group]");
days[0].children[1].click(); // tomorrow, at the first hour that is allowed
days[1].querySelector("button:not([disabled])").click();
document.getElementById("ask").requestSubmit(); }`, nil))
	d.until("document.getElementById('ask').hidden")
	d.press("F4")
	d.until(stateIs("not-ready"))
}

func (d *deskPage) script() {
	d.c.t.Helper()
	d.until("document.querySelector('#step .field')?.textContent === 'Maria' && !document.querySelector('#step script')")
	d.do(chromedp.Click("#step .say input"), chromedp.Click("#step input[value=yes]"), chromedp.Click("#next"))
	d.until("document.querySelector('.steps [aria-current]')?.textContent === 'bye'")
	d.do(chromedp.Focus("#note"), chromedp.SendKeys("#note", "speaks softly"))
}

func (d *deskPage) lostNetwork() {
	d.c.t.Helper()
	d.cutFor(5*time.Second, "document.getElementById('state').dataset.sound === 'lost'")
	d.until("document.getElementById('state').dataset.sound === ''")
	d.talks("after five seconds without a network")
}

// cutFor takes the window's network away for a while, in which it must notice.
func (d *deskPage) cutFor(span time.Duration, noticed string) {
	d.c.t.Helper()
	var ports []int // of all its ways: it would take another at once
	d.do(chromedp.Evaluate(`(async () => [...(await testPC.getStats()).values()].filter((s) => s.type === "local-candidate" && s.port > 9).map((s) => s.port))()`,
		&ports, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	for _, port := range ports {
		d.c.wire.cutOff(port, true)
	}
	back := time.Now().Add(span)
	d.until(noticed)
	d.picture("lost")
	time.Sleep(time.Until(back)) // looking at the page has taken its time already
	for _, port := range ports {
		d.c.wire.cutOff(port, false)
	}
}

func (d *deskPage) holds() {
	d.c.t.Helper()
	d.press("F8")
	d.until("document.getElementById('hold').getAttribute('aria-pressed') === 'true'")
	time.Sleep(time.Second) // what was on its way has arrived
	before := d.c.callees.now()
	here := d.hear(calleeHz)
	for try := 0; try < tries && here > .05; try++ { // a busy browser has some seconds in its buffer
		here = d.hear(calleeHz)
	}
	if there := toneShare(d.c.callees.since(before), d.hz); here > .05 || there > .05 {
		d.c.t.Errorf("on hold: %.2f is heard here and %.2f there", here, there)
	}
	d.picture("hold")
	d.press("F8")
	d.until("document.getElementById('hold').getAttribute('aria-pressed') === 'false'")
	d.talks("after the hold")
}

// secondWindow opens the desk twice: the second one takes over, in the middle of a call.
func (d *deskPage) secondWindow() {
	d.c.t.Helper()
	ctx, cancel := chromedp.NewContext(d.ctx)
	defer cancel()
	second := &deskPage{c: d.c, ctx: ctx, name: d.name, hz: d.hz, aside: d.aside}
	second.open()
	second.do(chromedp.Navigate(d.c.url+"/desk"), chromedp.WaitVisible("#takeover"), chromedp.Click("#takeover"))
	second.until(connected)
	second.talks("from a second window")
	d.do(chromedp.ActionFunc(func(ctx context.Context) error {
		return target.ActivateTarget(chromedp.FromContext(d.ctx).Target.TargetID).Do(ctx)
	}), chromedp.WaitVisible("#takeover"), chromedp.Click("#takeover"))
	d.until(connected)
	d.talks("from the first window again")
}

// microphoneLost stops the microphone at any moment of a conversation; nobody
// comes after it.
func (d *deskPage) microphoneLost() {
	d.c.t.Helper()
	var lost time.Time
	time.Sleep(rand.N(1500 * time.Millisecond))
	d.do(chromedp.Evaluate("globalThis.testMic.getTracks().forEach((t) => t.stop())", nil))
	lost = time.Now()
	time.Sleep(time.Second) // until then a person may still come
	d.press("F4")
	d.until(stateIs("wrap-up"))
	d.press("2")
	d.until(stateIs("not-ready"))
	time.Sleep(4 * time.Second) // the result can be taken back no more, and a next person would have come
	for r, err := range d.c.svc.Store().Records(contactdb.RecordFilter{Operator: d.name}) {
		if err != nil {
			d.c.t.Fatal(err)
		}
		if r.BridgedAt.After(lost.Add(time.Second)) {
			d.c.t.Errorf("%s was given a person %s after the microphone was lost", d.name, r.BridgedAt.Sub(lost))
		}
	}
}

func (d *deskPage) records() {
	d.c.t.Helper()
	n, promised := 0, false
	for r, err := range d.c.svc.Store().Records(contactdb.RecordFilter{Operator: d.name}) {
		if err != nil {
			d.c.t.Fatal(err)
		}
		promised = promised || r.Disposition == "later" && r.ScriptAnswers["callback_at"] != ""
		if n++; n == 1 && (r.Disposition != "refused" || r.Note != "speaks softly" || r.ScriptAnswers["need"] != "yes" || r.ScriptAnswers["said:greeting:1"] == "") {
			d.c.t.Errorf("the first record is %+v", r)
		}
	}
	if n < 3 || !promised {
		d.c.t.Errorf("%s has %d records, with a promise: %t", d.name, n, promised)
	}
}
