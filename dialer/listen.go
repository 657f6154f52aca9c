package dialer

import (
	"context"
	"hash/fnv"
	"sync"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/media"
	"apel/media/amd"

	"go.uber.org/zap"
)

// machineToneHz tells an operator that a machine is on the line after all.
const machineToneHz = 300

const (
	// listenOn is how long the detector goes on after it has said "human":
	// beyond, it corrects nothing any more.
	listenOn = 9 * time.Second
	// longestGreeting bounds how long anything is listened to: no machine talks
	// for longer before its beep.
	longestGreeting = 2 * time.Minute
	// soundKept bounds what is kept of the time before the bridge, for the
	// recording: nobody is kept waiting for longer.
	soundKept = 30 * media.SampleRate // samples
)

// listening is the detector at work on one call, in a goroutine of its own from
// the answer on: first for the verdict, then for what may correct it.
type listening struct {
	verdicts chan amd.Verdict // the first, and those that change it
	ear      *media.Ear
	d        *amd.Detector // the goroutine's until ended is closed
	ended    chan struct{}
	off      chan struct{}

	mu     sync.Mutex // guards the fields below
	fresh  []int16    // what the operator has not been played yet
	follow bool       // ... and is to be
	kept   []int16    // what was heard before the bridge; nil when it isn't recorded, or was taken
}

// listen begins with the answer.
func (c *call) listen() *listening {
	set := c.rules.def.Detector
	l := &listening{verdicts: make(chan amd.Verdict, 16), ear: c.sip.Media().Listen(), ended: make(chan struct{}), off: make(chan struct{}),
		d: amd.New(amd.Settings{DecideWithin: set.DecideWithin, ListenOn: set.ListenOn, PeopleLost: set.PeopleLost, Model: c.l.s.model()})}
	l.follow = set.Replay
	if c.rules.def.Record || c.sampled() {
		l.kept = make([]int16, 0, 5*media.SampleRate)
	}
	c.l.wg.Go(func() {
		defer close(l.ended)
		defer l.ear.Close()
		for l.hear(c) {
		}
	})
	return l
}

// sampled tells whether this call's beginning is recorded should it be taken for
// a machine: a supervisor then hears whether it was. Which calls they are hangs
// on nothing but their ids.
func (c *call) sampled() bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(c.a.ID)) // a hash takes everything
	return float64(h.Sum32())/(1<<32) < c.rules.def.Detector.Sample
}

// hear takes 20 ms; false when there is nothing more to hear.
func (l *listening) hear(c *call) bool {
	frame, err := l.ear.Next(c.l.ctx)
	if err != nil {
		if l.d.Verdict().Kind == "" {
			l.verdicts <- l.d.Finish()
		}
		return false
	}
	l.mu.Lock()
	if l.kept != nil && len(l.kept) < soundKept {
		l.kept = append(l.kept, frame...)
	}
	if l.follow && len(l.fresh) < soundKept {
		l.fresh = append(l.fresh, frame...)
	}
	waits := l.kept != nil || l.follow
	l.mu.Unlock()
	v, changed := l.d.Feed(frame)
	if changed {
		select {
		case l.verdicts <- v:
		case <-l.off:
			return false
		}
	}
	return waits || l.d.Heard() < longestGreeting && (v.Kind != amd.Human || l.d.Heard()-v.At < listenOn)
}

// later are the verdicts after the first; nil, which is never ready, without a detector.
func (l *listening) later() <-chan amd.Verdict {
	if l == nil {
		return nil
	}
	return l.verdicts
}

// sound gives, once, what was heard of the customer before the bridge.
func (l *listening) sound() []int16 {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.kept
	l.kept = nil
	return kept
}

// said gives what the customer has said and the operator was not played yet.
func (l *listening) said() []int16 {
	l.mu.Lock()
	defer l.mu.Unlock()
	fresh := l.fresh
	l.fresh = nil
	return fresh
}

// forget lets go of what is not to be played.
func (l *listening) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh, l.follow = nil, false
}

// replay has the operator hear first what the customer said while nobody was
// there, until the two are caught up with each other. It ends with part.
func (c *call) replay(l *leg) {
	if c.listening == nil {
		return
	}
	if !c.rules.def.Detector.Replay {
		return
	}
	ctx, stop := context.WithCancel(c.l.ctx)
	c.stopReplay = stop
	sound, listening := l.media(), c.listening
	c.l.wg.Go(func() {
		defer stop()
		defer listening.forget()
		behind, took, err := sound.Replay(ctx, listening.said)
		c.l.log.Debug("greeting replayed", zap.String("attempt", c.a.ID), zap.Duration("behind", behind), zap.Duration("took", took), zap.Error(err))
	})
}

// end waits until nobody listens any more.
func (l *listening) end() {
	if l == nil {
		return
	}
	close(l.off)
	l.ear.Close()
	<-l.ended
}

// evidence is what the verdicts rest on; after end.
func (l *listening) evidence() []byte {
	if l == nil {
		return nil
	}
	return l.d.Evidence()
}

// correct takes in what was heard after a person had been assumed. An operator
// who is on the line is told, and ends the call or not: nobody is cut off by a
// guess. A machine for which nobody was free yet is let go.
func (c *call) correct(v amd.Verdict) {
	outcome := correction(v)
	if outcome == "" || c.corrected != "" {
		return
	}
	c.corrected = outcome
	c.heard(v)
	c.l.publish(Event{Kind: "call.corrected", Attempt: c.a.ID, Operator: c.rec.Operator, State: string(v.Kind), Detail: v.Why})
	c.l.log.Info("not a person after all", zap.String("attempt", c.a.ID), zap.String("verdict", string(v.Kind)))
	if c.rec.BridgedAt.IsZero() {
		c.l.tell(floor.Input{Kind: floor.InMachine, Call: c.a.ID})
		c.sip.Hangup()
		return
	}
	c.operator.play(machineToneHz)
	c.operator.play(machineToneHz)
}

// correction is the outcome that a later verdict means; "" if it means nothing.
// What only sounds like a machine is no correction: people who talk to an
// operator sound like anything.
func correction(v amd.Verdict) string {
	switch {
	case v.Kind == amd.Beep, v.Kind == amd.Machine && v.Detail == amd.GoesOn:
		return contactdb.Machine
	default:
		return toneOutcome(v.Kind)
	}
}

// served is the outcome of a call that an operator was on. The operator's word
// that somebody was there counts more than the detector's.
func (c *call) served() string {
	if c.corrected == "" || c.key != 0 && c.said() != machineSaid {
		return contactdb.Human
	}
	return c.corrected
}

// machineSaid is the disposition by which operators say that it was a machine.
const machineSaid = "machine"
