package lab

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"apel/media"

	"github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"
)

func oneCallee(p Persona) CarrierConfig {
	return CarrierConfig{Seed: 1, Persona: func(string, int) Persona { return p }}
}

// person is a callee who answers after a second and says hello.
func person(change func(*Persona)) Persona {
	p := Persona{Kind: Hello, Progress: 180, Ring: time.Second, Status: 200, Noise: -60,
		Voice: []Sound{Pause(300 * time.Millisecond), Say("en-hello-anna")}, Talk: []Sound{Say("en-talk-anna")},
		Gap: 500 * time.Millisecond, Patience: 30 * time.Second, Bored: time.Minute}
	if change != nil {
		change(&p)
	}
	return p
}

func TestEachKindShowsItselfBySIPAndSoundOnly(t *testing.T) {
	for kind, want := range map[Kind]struct {
		statuses []string // any of them
		speech   [2]time.Duration
		endedBy  string
	}{
		Hello:        {[]string{"100 180 200"}, span(300, 2500), "callee"},
		Phrase:       {[]string{"100 180 200"}, span(700, 4000), "callee"},
		Business:     {[]string{"100 180 200"}, span(2000, 7000), "callee"},
		Silent:       {[]string{"100 180 200"}, span(0, 0), "callee"},
		HangsUpEarly: {[]string{"100 180 200"}, span(0, 1200), "callee"},
		MachineShort: {[]string{"100 180 200"}, span(1300, 3500), "callee"},
		MachineLong:  {[]string{"100 180 200"}, span(4000, 10000), "callee"},
		Fax:          {[]string{"100 180 200"}, span(2800, 3200), "callee"},
		SIT:          {[]string{"100 183 404", "100 183 480"}, span(2500, 9000), "callee"},
		SITAnswered:  {[]string{"100 180 200"}, span(2500, 6000), "callee"},
		Busy:         {[]string{"100 486"}, span(0, 0), "callee"},
		Congestion:   {[]string{"100 183 503"}, span(900, 3500), "callee"},
		Refused:      {[]string{"100 404", "100 484", "100 503", "100 603"}, span(0, 0), "callee"},
		NoAnswer:     {[]string{"100 180 487", "100 183 487"}, span(0, 13000), "caller"},
		LateAnswer:   {[]string{"100 180 200"}, span(0, 2500), "callee"},
	} {
		for i := range 3 {
			number := fmt.Sprintf("4072100000%d", i)
			t.Run(fmt.Sprint(kind, " ", i), func(t *testing.T) {
				inBox(t, all(kind), NetConfig{Delay: 10 * time.Millisecond}, func(t *testing.T, b *box) {
					p := b.caller.call(number, time.Minute)
					if p.res.StatusCode == 200 {
						<-b.caller.byes
					}
					p.rtp.stream.close()
					if got := p.said(); !slices.Contains(want.statuses, got) {
						t.Errorf("statuses %s, want %v", got, want.statuses)
					}
					if d := speech(p.heard()); d < want.speech[0] || d > want.speech[1] {
						t.Errorf("heard %v of sound, want %v", d, want.speech)
					}
					time.Sleep(time.Second)
					s := b.carrier.Seen()[0]
					if s.Kind != kind || s.EndedBy != want.endedBy || len(s.Violations) > 0 || s.Ended.IsZero() {
						t.Errorf("seen %+v", s)
					}
				})
			})
		}
	}
}

func span(least, most int) [2]time.Duration {
	return [2]time.Duration{time.Duration(least) * time.Millisecond, time.Duration(most) * time.Millisecond}
}

// said are the statuses that came, in order.
func (p *phoneCall) said() string {
	var s []string
	for _, status := range p.statuses {
		s = append(s, fmt.Sprint(status))
	}
	return strings.Join(s, " ")
}

func TestACalleeWhoAnswersTheCancelSendsA200ToTheInvite(t *testing.T) {
	late := person(func(p *Persona) { p.Status, p.AnswersCancelled = 0, true })
	inBox(t, oneCallee(late), NetConfig{Delay: 10 * time.Millisecond}, func(t *testing.T, b *box) {
		p := b.caller.call("1", 5*time.Second)
		if p.res.StatusCode != 200 {
			t.Fatalf("statuses %v", p.statuses)
		}
		p.bye()
		p.rtp.stream.close()
		if s := b.carrier.Seen()[0]; s.Cancelled.IsZero() || s.Answered.IsZero() || s.EndedBy != "caller" || len(s.Violations) > 0 {
			t.Errorf("seen %+v", s)
		}
	})
}

func TestACallThatIsAnsweredAndNotAcknowledgedIsAViolation(t *testing.T) {
	inBox(t, oneCallee(person(func(p *Persona) { p.Patience = 0 })), NetConfig{}, func(t *testing.T, b *box) {
		p := b.caller.dial("1")
		for res := range p.tx.Responses() {
			if res.StatusCode == 200 {
				break
			}
		}
		<-b.caller.byes
		p.rtp.stream.close()
		if n := len(p.more); n < 8 {
			t.Errorf("the 200 came again %d times", n)
		}
		if diff := cmp.Diff([]string{"the 200 was never acknowledged"}, b.carrier.Seen()[0].Violations); diff != "" {
			t.Error(diff)
		}
	})
}

func TestACallThatIsNeverEndedIsAViolation(t *testing.T) {
	var carrier *Carrier
	inBox(t, oneCallee(person(func(p *Persona) { p.Patience, p.Bored = 0, 0 })), NetConfig{}, func(t *testing.T, b *box) {
		p := b.caller.call("1", time.Minute)
		p.rtp.stream.close()
		carrier = b.carrier
	})
	s := carrier.Seen()[0]
	if diff := cmp.Diff([]string{"an answered call was never ended"}, s.Violations); diff != "" || s.EndedBy != "carrier" {
		t.Error(s.EndedBy, diff)
	}
}

func TestASecondCallToANumberInACallIsAViolation(t *testing.T) {
	inBox(t, oneCallee(person(nil)), NetConfig{}, func(t *testing.T, b *box) {
		p, q := b.caller.call("1", time.Minute), b.caller.call("1", time.Minute)
		r := b.caller.call("2", time.Minute)
		for _, p := range []*phoneCall{p, q, r} {
			p.bye()
			p.rtp.stream.close()
		}
		seen := b.carrier.Seen()
		if len(seen[0].Violations) != 0 || len(seen[1].Violations) != 1 || len(seen[2].Violations) != 0 || seen[1].Attempt != 2 {
			t.Errorf("seen %+v", seen)
		}
	})
}

func TestTheSecondOfTwoAnswersHasToBeEndedToo(t *testing.T) {
	for _, end := range []bool{false, true} {
		twice := person(func(p *Persona) { p.AnswersTwice = true })
		inBox(t, oneCallee(twice), NetConfig{}, func(t *testing.T, b *box) {
			p := b.caller.call("1", time.Minute)
			second := <-p.more
			if a, b := p.res.To().Params.GetOr("tag", ""), second.To().Params.GetOr("tag", ""); a == b {
				t.Errorf("both answers have the tag %s", a)
			}
			if end {
				p.ack(second)
				if res, err := b.caller.client.Do(context.Background(), p.within(sip.BYE, second, 3)); err != nil || res.StatusCode != 200 {
					t.Error(res, err)
				}
			}
			p.bye()
			p.rtp.stream.close()
			time.Sleep(40 * time.Second)
			if s := b.carrier.Seen()[0]; (len(s.Violations) == 0) != end {
				t.Errorf("ended %v: %+v", end, s)
			}
		})
	}
}

func TestByesCanCross(t *testing.T) {
	inBox(t, oneCallee(person(func(p *Persona) { p.ByeRace = true })), NetConfig{Delay: 10 * time.Millisecond}, func(t *testing.T, b *box) {
		p := b.caller.call("1", time.Minute)
		if p.bye().StatusCode != 200 || len(b.caller.byes) != 1 {
			t.Error("no BYE came the other way")
		}
		p.rtp.stream.close()
	})
}

func TestACalleeCanHoldTheCall(t *testing.T) {
	hold := person(func(p *Persona) { p.HoldAt, p.HoldFor = 3*time.Second, 2*time.Second })
	inBox(t, oneCallee(hold), NetConfig{Delay: 10 * time.Millisecond}, func(t *testing.T, b *box) {
		p := b.caller.call("1", time.Minute)
		time.Sleep(10 * time.Second)
		p.bye()
		p.rtp.stream.close()
		if diff := cmp.Diff([]string{"sendonly", "sendrecv"}, b.caller.reinvited); diff != "" {
			t.Error(diff)
		}
		if s := b.carrier.Seen()[0]; len(s.Violations) > 0 {
			t.Errorf("seen %+v", s)
		}
	})
}

func TestLinesHaveTheirHabits(t *testing.T) {
	for name, c := range map[string]struct {
		line  Line
		check func(t *testing.T, p *phoneCall, sdp offer)
	}{
		"mu-law only": {Line{Laws: []media.Codec{media.PCMU}}, func(t *testing.T, p *phoneCall, sdp offer) {
			if p.rtp.pts[0] == 0 || len(p.rtp.pts) != 1 || !slices.Equal(sdp.laws, []media.Codec{media.PCMU}) {
				t.Errorf("payload types %v, answer %v", p.rtp.pts, sdp.laws)
			}
		}},
		"A-law only": {Line{Laws: []media.Codec{media.PCMA}}, func(t *testing.T, p *phoneCall, sdp offer) {
			if p.rtp.pts[8] == 0 || len(p.rtp.pts) != 1 {
				t.Errorf("payload types %v", p.rtp.pts)
			}
		}},
		"no packets": {Line{Mute: true}, func(t *testing.T, p *phoneCall, sdp offer) {
			if len(p.rtp.pts) != 0 {
				t.Errorf("payload types %v", p.rtp.pts)
			}
		}},
		"another port": {Line{OtherPort: true}, func(t *testing.T, p *phoneCall, sdp offer) {
			if n := p.rtp.from[sdp.addr.String()]; n != 0 || len(p.rtp.from) != 1 {
				t.Errorf("packets from %v, answer says %v", p.rtp.from, sdp.addr)
			}
		}},
		"a payload type nobody agreed to": {Line{Strange: 110}, func(t *testing.T, p *phoneCall, sdp offer) {
			if p.rtp.pts[110] == 0 || len(p.rtp.pts) != 1 {
				t.Errorf("payload types %v", p.rtp.pts)
			}
		}},
		"silence is suppressed": {Line{Continuous: time.Nanosecond}, func(t *testing.T, p *phoneCall, sdp offer) {
			if n := p.rtp.pts[8]; n < 20 || n > 60 {
				t.Errorf("%d packets in 8 s", n)
			}
		}},
		"silence is sent": {Line{Continuous: time.Hour}, func(t *testing.T, p *phoneCall, sdp offer) {
			if n := p.rtp.pts[8]; n < 390 || n > 410 {
				t.Errorf("%d packets in 8 s", n)
			}
		}},
		"no telephone-event": {Line{NoDTMF: true}, func(t *testing.T, p *phoneCall, sdp offer) {
			if sdp.dtmf != 0 {
				t.Errorf("telephone-event %d", sdp.dtmf)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inBox(t, oneCallee(person(func(p *Persona) { p.Line = c.line })), NetConfig{}, func(t *testing.T, b *box) {
				p := b.caller.call("1", time.Minute)
				time.Sleep(8 * time.Second)
				p.bye()
				p.rtp.stream.close()
				sdp, err := readSDP(p.res.Body())
				if err != nil {
					t.Fatal(err)
				}
				c.check(t, p, sdp)
			})
		})
	}
}

func TestAPersonTakesTurnsUntilTheyHaveHadEnough(t *testing.T) {
	talker := person(func(p *Persona) { p.TalkFor = 20 * time.Second })
	inBox(t, oneCallee(talker), NetConfig{Delay: 10 * time.Millisecond}, func(t *testing.T, b *box) {
		p := b.caller.call("1", time.Minute)
		words, err := samples("en-operator-slt")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
		for len(b.caller.byes) == 0 {
			p.play(words)
			time.Sleep(3 * time.Second)
		}
		p.rtp.stream.close()
		s := b.carrier.Seen()[0]
		if s.EndedBy != "callee" || s.Ended.Sub(s.FirstHeard) < 20*time.Second || s.Ended.Sub(s.FirstHeard) > 30*time.Second {
			t.Errorf("seen %+v", s)
		}
		if s.Heard < 6*time.Second || s.Said < 4*time.Second {
			t.Errorf("heard %v, said %v", s.Heard, s.Said)
		}
		if d := speech(p.heard()); d < s.Said*8/10 {
			t.Errorf("the callee said %v, %v arrived", s.Said, d)
		}
	})
}

func TestTheSameSeedGivesTheSameCallToThePacket(t *testing.T) {
	var runs [2][]int16
	for i := range runs {
		inBox(t, all(MachineLong), NetConfig{Delay: 10 * time.Millisecond, Loss: 0}, func(t *testing.T, b *box) {
			p := b.caller.call("40721000009", time.Minute)
			time.Sleep(10*time.Second + 5*time.Millisecond) // between two packets
			p.bye()
			p.rtp.stream.close()
			runs[i] = p.heard()
		})
	}
	if len(runs[0]) == 0 || !slices.Equal(runs[0], runs[1]) {
		t.Error("two runs sounded different")
	}
}

func TestNoTwoCalleesSoundAlike(t *testing.T) {
	inBox(t, all(Hello), NetConfig{}, func(t *testing.T, b *box) {
		sounds := map[string]string{}
		for i := range 20 {
			number := fmt.Sprint(40721000000 + i)
			p := b.caller.call(number, time.Minute)
			<-b.caller.byes
			p.rtp.stream.close()
			sound := string(encode(p.heard()))
			if other, same := sounds[sound]; same {
				t.Errorf("%s sounds like %s", number, other)
			}
			sounds[sound] = number
		}
	})
}
