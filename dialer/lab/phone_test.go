package lab

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"apel/media"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"
)

// registrar makes a caller challenge REGISTERs; it keeps the Contacts.
func (c *caller) registrar(srv *sipgo.Server, users map[string]string) {
	c.contacts = make(chan string, 1000)
	srv.OnRegister(func(req *sip.Request, tx sip.ServerTransaction) {
		if !authorized(req, "Authorization", users) {
			res := sip.NewResponseFromRequest(req, 401, "Unauthorized", nil)
			res.AppendHeader(challenge("WWW-Authenticate", "x"))
			tx.Respond(res)
			return
		}
		res := sip.NewResponseFromRequest(req, 200, "OK", nil)
		res.AppendHeader(sip.NewHeader("Contact", req.GetHeader("Contact").Value()+";expires=60"))
		tx.Respond(res)
		c.contacts <- fmt.Sprintf("%s %s", req.Contact().Address.HostPort(), req.GetHeader("Expires").Value())
	})
}

// onPhone runs a test in a bubble with a phone that has registered.
func onPhone(t *testing.T, cfg PhoneConfig, test func(t *testing.T, c *caller, p *Phone)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var l Ladder
		showOnFailure(t, &l)
		n := NewNet(NetConfig{Delay: 5 * time.Millisecond, Tap: l.Tap})
		c := newCaller(t, n, "10.0.0.1:5060", netip.MustParseAddrPort("10.0.0.21:5060"))
		cfg.Network, cfg.Addr, cfg.User, cfg.Password = n, "10.0.0.21:5060", "ana", "secret"
		cfg.Registrar = netip.MustParseAddrPort("10.0.0.1:5060")
		p, err := StartPhone(context.Background(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := <-c.contacts, "10.0.0.21:5060 60"; got != want {
			t.Errorf("registered %q, want %q", got, want)
		}
		test(t, c, p)
		p.Close()
		c.close()
	})
}

// play sends sound to the far end in real time.
func (p *phoneCall) play(pcm []int16) {
	p.rtp.stream.speak(make(chan struct{}), pcm)
}

// pressed waits for a key, which must come next.
func (p *phoneCall) pressed(key byte, limit time.Duration) bool {
	had := len(p.digits())
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got := p.digits(); len(got) > had {
			return got[had] == key
		}
	}
	return false
}

func (p *phoneCall) tone(hz float64) { p.play(media.Tone(hz, 100*time.Millisecond, -12)) }

func TestAnOperatorTalksToOneCustomerAfterAnotherAndPressesKeys(t *testing.T) {
	cfg := PhoneConfig{Talk: Law{Mean: 20 * time.Second}, Wrap: Law{Mean: 5 * time.Second}, Dispositions: map[byte]float64{'3': 1}}
	onPhone(t, cfg, func(t *testing.T, c *caller, p *Phone) {
		call := c.call("ana", time.Minute)
		time.Sleep(3 * time.Second)
		customer, err := render([]Sound{Say("en-hello-anna"), Pause(300 * time.Millisecond), Say("en-talk-anna")}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			call.tone(ConnectTone)
			call.play(customer)
			if !call.pressed('#', 40*time.Second) {
				t.Fatal("the operator does not hang up")
			}
			call.tone(EndTone)
			time.Sleep(20 * time.Second)
		}
		s := p.Stats()
		if !s.Registered || !s.LegUp || s.Calls != 2 || s.Ended != 2 || len(s.Violations) > 0 {
			t.Errorf("stats %+v", s)
		}
		if diff := cmp.Diff("*#3#3", string(s.Pressed)); diff != "" {
			t.Error(diff)
		}
		if s.Heard < time.Second || s.Heard > 6*time.Second || s.Said < 5*time.Second {
			t.Errorf("heard %v, said %v", s.Heard, s.Said)
		}
		for _, d := range s.Delays {
			if d < 20*time.Millisecond || d > 200*time.Millisecond {
				t.Errorf("first sound after %v", d)
			}
		}
		if diff := cmp.Diff("*#3#3", call.digits()); diff != "" {
			t.Error("as heard: ", diff)
		}
		if call.bye().StatusCode != 200 {
			t.Error("BYE refused")
		}
		call.rtp.stream.close()
		synctest.Wait()
		if p.Stats().LegUp {
			t.Error("the leg is still up")
		}
	})
}

func TestAManualOperatorPressesOnlyWhatIsAskedOf(t *testing.T) {
	onPhone(t, PhoneConfig{Manual: true, Continuous: true}, func(t *testing.T, c *caller, p *Phone) {
		if err := p.Press('*'); err == nil {
			t.Error("a key was pressed without a leg")
		}
		call := c.call("ana", time.Minute)
		time.Sleep(5 * time.Second)
		if err := p.Press('7'); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if got := call.digits(); got != "7" {
			t.Errorf("heard %q", got)
		}
		if n := call.rtp.pts[8]; n < 280 {
			t.Errorf("%d packets of sound in 6 s", n)
		}
		call.rtp.stream.close()
	})
}

func TestAPhoneCommitsItsFaults(t *testing.T) {
	for name, c := range map[string]struct {
		faults PhoneFaults
		check  func(t *testing.T, c *caller, p *Phone, call *phoneCall)
	}{
		"the leg goes without a BYE": {PhoneFaults{Drop: 10 * time.Second}, func(t *testing.T, c *caller, p *Phone, call *phoneCall) {
			if p.Stats().LegUp || len(c.byes) > 0 || call.bye().StatusCode != 481 {
				t.Error("the leg was not dropped silently")
			}
		}},
		"the phone hangs up": {PhoneFaults{Bye: 10 * time.Second}, func(t *testing.T, c *caller, p *Phone, call *phoneCall) {
			if p.Stats().LegUp || len(c.byes) != 1 {
				t.Error("no BYE")
			}
		}},
		"the phone is heard no more": {PhoneFaults{Mute: 10 * time.Second}, func(t *testing.T, c *caller, p *Phone, call *phoneCall) {
			if gone := time.Since(since(call.rtp.stream.packetAt.Load())); gone < 8*time.Second {
				t.Errorf("the last packet came %v ago", gone)
			}
		}},
		"the phone hears no more": {PhoneFaults{Deaf: 10 * time.Second}, func(t *testing.T, c *caller, p *Phone, call *phoneCall) {
			call.tone(ConnectTone)
			if n := p.Stats().Calls; n != 0 {
				t.Errorf("%d customers noticed", n)
			}
		}},
		"the phone registers from another port": {PhoneFaults{Move: 10 * time.Second}, func(t *testing.T, c *caller, p *Phone, call *phoneCall) {
			if got := <-c.contacts; got != p.Addr().String()+" 60" || p.Addr().Port() == 5060 {
				t.Errorf("registered %s", got)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			onPhone(t, PhoneConfig{Faults: c.faults}, func(t *testing.T, caller *caller, p *Phone) {
				call := caller.call("ana", time.Minute)
				time.Sleep(20 * time.Second)
				c.check(t, caller, p, call)
				call.rtp.stream.close()
			})
		})
	}
}

func TestAPhoneRefreshesItsRegistrationAndTakesItBack(t *testing.T) {
	onPhone(t, PhoneConfig{}, func(t *testing.T, c *caller, p *Phone) {
		time.Sleep(95 * time.Second)
		if n := len(c.contacts); n != 3 {
			t.Errorf("%d refreshes in 95 s", n)
		}
		for len(c.contacts) > 0 {
			<-c.contacts
		}
		p.Close()
		if got := <-c.contacts; got != "10.0.0.21:5060 0" {
			t.Errorf("at the end: %q", got)
		}
	})
}

func TestNoSpeechSoundsLikeADialersTone(t *testing.T) {
	for name, pcm := range everyClip(t) {
		var ear toneEar
		for len(pcm) >= media.FrameSamples {
			frame := encode(pcm[:media.FrameSamples])
			if hz, _ := ear.hear(media.PCMU, frame); hz != 0 {
				t.Errorf("%s has a tone of %v Hz", name, hz)
			}
			pcm = pcm[media.FrameSamples:]
		}
	}
}
