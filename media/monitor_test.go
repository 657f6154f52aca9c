package media

import (
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Who takes part in a conversation hums a tone.
const (
	customerHz   = 700
	operatorHz   = 440
	supervisorHz = 1000
	thirdHz      = 1300
)

// who says whose tones are in a sound: a letter for each.
func who(samples []int16) string {
	var all float64
	for _, v := range samples {
		all += float64(v) * float64(v)
	}
	heard := ""
	for i, hz := range []float64{customerHz, operatorHz, supervisorHz, thirdHz} {
		re, im := 0.0, 0.0
		for n, v := range samples {
			a := 2 * math.Pi * hz * float64(n) / SampleRate
			re, im = re+float64(v)*math.Cos(a), im+float64(v)*math.Sin(a)
		}
		if share := 2 * (re*re + im*im) / (all * float64(len(samples))); share > .05 {
			heard += "cost"[i : i+1]
		}
	}
	return heard
}

// monitored is a bridge with a third one.
type monitored struct {
	*bridged
	supervisor *Session
	chief      *peer
	talk       sync.WaitGroup
}

func newMonitored(t *testing.T) *monitored {
	t.Helper()
	n := newMemNet()
	b := &bridged{customer: n.open(t), operator: n.open(t)}
	m := &monitored{bridged: b, supervisor: n.open(t)}
	for i, p := range []struct {
		to   **peer
		s    *Session
		law  Codec
		name string
		hz   float64
	}{{&b.far, b.customer, PCMA, "10.0.0.2:4000", customerHz}, {&b.near, b.operator, PCMU, "10.0.0.3:4000", operatorHz}, {&m.chief, m.supervisor, PCMA, "10.0.0.4:4000", supervisorHz}} {
		far := n.peer(t, p.name, p.s)
		far.h.PayloadType, far.h.SSRC = uint8(p.law), uint32(0x1000+i)
		negotiate(t, p.s, far.describes(p.law))
		*p.to = far
		m.talk.Go(func() { far.talk(Tone(p.hz, 20*time.Second, -14)) })
	}
	return m
}

// hears says whose voices each of the three hears for a second, in the order
// customer, operator, supervisor.
func (m *monitored) hears() []string {
	time.Sleep(300 * time.Millisecond)
	var all []string
	for _, p := range []*peer{m.far, m.near, m.chief} {
		p.received()
	}
	time.Sleep(time.Second)
	synctest.Wait()
	for _, p := range []*peer{m.far, m.near, m.chief} {
		all = append(all, who(sound(p.received())))
	}
	return all
}

func TestWhoIsHeardByWhomWhileASupervisorListensWhispersAndBargesIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.wav")
	synctest.Test(t, func(t *testing.T) {
		m := newMonitored(t)
		r, err := NewRecorder(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		bridge := Join(m.customer, m.operator, r)
		expect := func(what string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, m.hears()); diff != "" {
				t.Errorf("%s: heard by customer, operator, supervisor: %s", what, diff)
			}
		}
		expect("alone", "o", "c", "")
		mon := NewMonitor(m.supervisor, ListenIn)
		expect("not attached", "o", "c", "")
		mon.Attach(bridge)
		expect("listening", "o", "c", "co")
		mon.SetMode(Whisper)
		expect("whispering", "o", "cs", "co")
		bridge.MuteOperator(true)
		expect("whispering to a muted operator", "", "cs", "c")
		bridge.MuteOperator(false)
		mon.SetMode(BargeIn)
		expect("barged in", "os", "cs", "co")
		mon.SetMode(ListenIn)
		expect("listening again", "o", "c", "co")
		mon.SetMode(BargeIn)
		bridge.Close()
		expect("on hold", "", "", "")
		bridge = Join(m.customer, m.operator, r)
		expect("a bridge that is not followed", "o", "c", "")
		mon.Attach(bridge)
		expect("barged in to the next bridge", "os", "cs", "co")
		mon.Close()
		expect("gone", "o", "c", "")
		mon.Attach(bridge) // too late: it changes nothing
		expect("attached when over", "o", "c", "")
		mon = NewMonitor(m.supervisor, Whisper)
		mon.Attach(bridge)
		_ = m.supervisor.Close()
		<-mon.Ended()
		expect("the supervisor's phone is lost", "o", "c", "")
		bridge.Close()
		if _, err := r.Close(); err != nil {
			t.Fatal(err)
		}
		m.talk.Wait()
	})
	sides, err := ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	// In the order above; who whispers is not in the recording, who barges in is.
	var operator strings.Builder
	for from := range len(sides[1]) / SampleRate {
		part := sides[1][from*SampleRate : (from+1)*SampleRate]
		if now := who(part) + "."; !strings.HasSuffix(operator.String(), now) || operator.String() == "" {
			operator.WriteString(now)
		}
		if now := who(sides[0][from*SampleRate : (from+1)*SampleRate]); now != "c" && now != "" {
			t.Errorf("second %d of the customer's side has %q", from, now)
		}
	}
	if got := operator.String(); got != "o.os.o.os.o." {
		t.Errorf("the operator's side of the recording has, one after the other, %s", got)
	}
}

func TestThreeHearEachOtherAndASupervisorHearsThemAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call.wav")
	synctest.Test(t, func(t *testing.T) {
		m := newMonitored(t)
		n := newMemNet()
		session := n.open(t)
		asked := n.peer(t, "10.0.0.5:4000", session)
		asked.h.PayloadType, asked.h.SSRC = uint8(PCMU), 0x2000
		negotiate(t, session, asked.describes(PCMU))
		m.talk.Go(func() { asked.talk(Tone(thirdHz, 20*time.Second, -14)) })
		r, err := NewRecorder(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		bridge := Join(m.customer, m.operator, r)
		expect := func(what string, want ...string) {
			t.Helper()
			asked.received()
			got := m.hears()
			if diff := cmp.Diff(want, append(got, who(sound(asked.received())))); diff != "" {
				t.Errorf("%s: heard by customer, operator, supervisor, third: %s", what, diff)
			}
		}
		third := NewThird(session)
		expect("before the conference", "o", "c", "", "")
		third.Attach(bridge)
		expect("three", "ot", "ct", "", "co")
		mon := NewMonitor(m.supervisor, ListenIn)
		mon.Attach(bridge)
		expect("a supervisor listens to three", "ot", "ct", "cot", "co")
		mon.SetMode(Whisper)
		expect("a supervisor whispers", "ot", "cst", "cot", "co")
		bridge.MuteOperator(true)
		expect("... to a muted operator", "t", "cst", "ct", "c")
		bridge.MuteOperator(false)
		mon.SetMode(BargeIn)
		expect("a supervisor barges in", "ost", "cst", "cot", "cos")
		third.Close()
		expect("the third is gone", "os", "cs", "co", "")
		third = NewThird(session)
		third.Attach(bridge)
		mon.Close()
		expect("the supervisor is gone", "ot", "ct", "", "co")
		bridge.Close()
		expect("parted", "", "", "", "")
		third.Close()
		if _, err := r.Close(); err != nil {
			t.Fatal(err)
		}
		m.talk.Wait()
	})
	sides, err := ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for from := range len(sides[1]) / SampleRate {
		all += who(sides[1][from*SampleRate:(from+1)*SampleRate]) + "."
	}
	if !strings.Contains(all, "ot.") || !strings.Contains(all, "ost.") || strings.Contains(all, "c") {
		t.Errorf("the operator's side of the recording has, second for second, %s", all)
	}
}

func TestWhoOnlyListensInChangesNoPacketOfTheConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		third := newBridged(t, PCMA, PCMA)
		bridge := Join(b.customer, b.operator, nil)
		mon := NewMonitor(third.operator, ListenIn)
		mon.Attach(bridge)
		said := Tone(440, time.Second, -6)
		b.far.talk(said)
		synctest.Wait()
		got := b.near.received()
		if diff := cmp.Diff(roundTrip(PCMA, said), sound(got)); diff != "" {
			t.Error(diff)
		}
		mon.Close()
	})
}
