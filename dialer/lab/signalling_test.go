package lab

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"
)

func TestACarrierOverItsChannelsRefusesWith503(t *testing.T) {
	cfg := oneCallee(person(nil))
	cfg.Channels = 2
	inBox(t, cfg, NetConfig{}, func(t *testing.T, b *box) {
		p, q := b.caller.call("1", time.Minute), b.caller.call("2", time.Minute)
		r := b.caller.call("3", time.Minute)
		if r.res.StatusCode != 503 {
			t.Errorf("the third call got %d", r.res.StatusCode)
		}
		p.bye()
		time.Sleep(time.Second)
		s := b.caller.call("4", time.Minute)
		if s.res.StatusCode != 200 {
			t.Errorf("the fourth call got %d", s.res.StatusCode)
		}
		for _, p := range []*phoneCall{p, q, r, s} {
			p.rtp.stream.close()
		}
		if stats := b.carrier.Stats(); stats.Invites != 4 || stats.PeakLive != 2 || stats.Live != 2 {
			t.Errorf("stats %+v", stats)
		}
		q.bye()
		s.bye()
	})
}

func TestPeakCallsPerSecondCountsAnySecond(t *testing.T) {
	inBox(t, oneCallee(Persona{Kind: Busy, Status: 486}), NetConfig{}, func(t *testing.T, b *box) {
		for _, pause := range []time.Duration{700, 100, 100, 100, 900, 2000} { // ms
			time.Sleep(pause * time.Millisecond)
			b.caller.call("1", time.Minute).rtp.stream.close()
		}
		if got := b.carrier.Stats().PeakCPS; got != 4 {
			t.Errorf("peak %d", got)
		}
	})
}

func TestAnINVITENeedsThePasswordWhereThereAreUsers(t *testing.T) {
	cfg := oneCallee(person(nil))
	cfg.Users = map[string]string{"trunk": "secret"}
	inBox(t, cfg, NetConfig{}, func(t *testing.T, b *box) {
		p := b.caller.dial("1")
		res := <-p.tx.Responses()
		if res.StatusCode != 407 {
			t.Fatalf("without credentials: %d", res.StatusCode)
		}
		for password, want := range map[string]int{"wrong": 407, "secret": 200} {
			req := p.invite.Clone()
			req.RemoveHeader("Via")
			tx, err := b.caller.client.TransactionDigestAuth(context.Background(), req, res, sipgo.DigestAuth{Username: "trunk", Password: password})
			if err != nil {
				t.Fatal(err)
			}
			p.invite, p.tx, p.res = req, tx, nil
			p.await(time.Minute)
			if p.res.StatusCode != want {
				t.Errorf("with %s: %d", password, p.res.StatusCode)
			}
			if p.res.StatusCode == 200 {
				p.bye()
			}
		}
		p.rtp.stream.close()
		if seen := b.carrier.Seen(); len(seen) != 1 {
			t.Errorf("%d calls seen", len(seen))
		}
	})
}

func TestATrunkRegistersWithItsPassword(t *testing.T) {
	cfg := oneCallee(person(nil))
	cfg.Users = map[string]string{"trunk": "secret"}
	inBox(t, cfg, NetConfig{}, func(t *testing.T, b *box) {
		for i, want := range []string{"<sip:trunk@10.0.0.1:5060>", ""} {
			req := sip.NewRequest(sip.REGISTER, sip.Uri{Host: "10.0.0.2", Port: 5060})
			aor := sip.Uri{Scheme: "sip", User: "trunk", Host: "10.0.0.2"}
			req.AppendHeader(&sip.ToHeader{Address: aor})
			req.AppendHeader(&sip.FromHeader{Address: aor, Params: sip.HeaderParams{{K: "tag", V: "a"}}})
			req.AppendHeader(sip.NewHeader("Contact", "<sip:trunk@10.0.0.1:5060>"))
			req.AppendHeader(sip.NewHeader("Expires", []string{"60", "0"}[i]))
			res, err := b.caller.client.Do(context.Background(), req)
			if err != nil || res.StatusCode != 401 {
				t.Fatal(res, err)
			}
			res, err = b.caller.client.DoDigestAuth(context.Background(), req, res, sipgo.DigestAuth{Username: "trunk", Password: "secret"})
			if err != nil || res.StatusCode != 200 {
				t.Fatal(res, err)
			}
			if got := b.carrier.Registered("trunk"); got != want {
				t.Errorf("registered %q, want %q", got, want)
			}
		}
	})
}

func TestOPTIONSIsAnswered(t *testing.T) {
	inBox(t, oneCallee(person(nil)), NetConfig{}, func(t *testing.T, b *box) {
		res, err := b.caller.client.Do(context.Background(), sip.NewRequest(sip.OPTIONS, sip.Uri{Host: "10.0.0.2", Port: 5060}))
		if err != nil || res.StatusCode != 200 {
			t.Error(res, err)
		}
	})
}

func TestCallsSurviveLostAndDoubledMessages(t *testing.T) {
	for name, faults := range map[string]Faults{
		"every third is lost": {LoseNth: 3},
		"each comes twice":    {Duplicate: true},
		"the first is slow":   {Delay: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := oneCallee(person(nil))
			cfg.Faults = faults
			inBox(t, cfg, NetConfig{Delay: 10 * time.Millisecond}, func(t *testing.T, b *box) {
				for range 5 {
					p := b.caller.call("1", time.Minute)
					if p.res.StatusCode != 200 {
						t.Fatalf("statuses %v", p.statuses)
					}
					time.Sleep(10 * time.Second)
					p.bye()
					p.rtp.stream.close()
				}
				for _, s := range b.carrier.Seen() {
					if len(s.Violations) > 0 || s.EndedBy != "caller" {
						t.Errorf("seen %+v", s)
					}
				}
				if n := len(b.carrier.Seen()); n != 5 {
					t.Errorf("%d calls seen, 5 were made", n)
				}
			})
		})
	}
}

func TestThe200CanOvertakeThe180(t *testing.T) {
	cfg := oneCallee(person(nil))
	cfg.Faults.Swap = true
	inBox(t, cfg, NetConfig{}, func(t *testing.T, b *box) {
		p := b.caller.call("1", time.Minute)
		synctest.Wait() // the 180 is behind
		want := []string{"SIP/2.0 100 Trying", "SIP/2.0 200 OK", "SIP/2.0 180 Ringing"}
		if diff := cmp.Diff(want, b.ladder.Sent(b.carrier.Addr())); diff != "" {
			t.Error(diff)
		}
		p.bye()
		p.rtp.stream.close()
	})
}

func TestALongCallAndALongRingingEndAsTheyShould(t *testing.T) {
	patient := person(func(p *Persona) { p.Patience = 0 })
	inBox(t, oneCallee(patient), NetConfig{}, func(t *testing.T, b *box) {
		p := b.caller.call("1", time.Minute)
		for i := range 10 { // other calls make the carrier forget what is old
			time.Sleep(50 * time.Second)
			q := b.caller.call(fmt.Sprint(2+i), time.Minute)
			q.bye()
			q.rtp.stream.close()
		}
		if status := p.bye().StatusCode; status != 200 {
			t.Errorf("a BYE after nine minutes got %d", status)
		}
		p.rtp.stream.close()
		for _, s := range b.carrier.Seen() {
			if len(s.Violations) > 0 || s.EndedBy != "caller" {
				t.Errorf("seen %+v", s)
			}
		}
	})
	inBox(t, all(NoAnswer), NetConfig{}, func(t *testing.T, b *box) {
		done := make(chan bool)
		go func() {
			defer close(done)
			for i := range 5 {
				time.Sleep(33 * time.Second)
				b.caller.call(fmt.Sprint(2+i), time.Second).rtp.stream.close()
			}
		}()
		p := b.caller.call("1", 170*time.Second)
		if p.res.StatusCode != 487 {
			t.Errorf("a CANCEL after 170 s led to %d", p.res.StatusCode)
		}
		p.rtp.stream.close()
		<-done
	})
}
