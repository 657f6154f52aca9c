package pacing

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// saved is what an engine keeps over a restart, as JSON.
type saved struct {
	Version          int
	Placing, Ringing savedRing
	Talk, Wrap       [talkBins]float64
	Own              map[string]*habit
	OwnMean, OwnSeen float64
	Talks            float64
	Delay            delayLaw
	Base, Long       float64
	Resolved         float64
	Given, Got       float64
	Traits           predictor
	Level, Rate      float64
}

type savedRing struct {
	N [endings]float64
	H [endings][ringBins]float64
}

const saveVersion = 1

// Save returns what was learned, to be kept over a restart.
func (p *Pacer) Save() ([]byte, error) {
	e := &p.e
	return json.Marshal(saved{
		Version: saveVersion,
		Placing: savedRing{e.placing.N, e.placing.H}, Ringing: savedRing{e.ringing.N, e.ringing.H},
		Talk: e.ops.talk.H, Wrap: e.ops.wrap.H, Own: e.ops.Own, OwnMean: e.ops.Mean, OwnSeen: e.ops.Seen, Talks: e.ops.talks,
		Delay: e.delay, Base: e.base, Long: e.long, Resolved: e.resolved, Given: e.given, Got: e.got,
		Traits: e.traits, Level: e.b.Level, Rate: e.b.Rate,
	})
}

// Load takes up what Save returned; an unreadable state is an error and changes nothing.
func (p *Pacer) Load(b []byte) error {
	var s saved
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("pacing state: %w", err)
	}
	if s.Version != saveVersion {
		return fmt.Errorf("pacing state: version %d, this program reads %d; pacing learns anew", s.Version, saveVersion)
	}
	if !s.sound() {
		return errors.New("pacing state: damaged; pacing learns anew")
	}
	e := &p.e
	e.init()
	e.placing.N, e.placing.H = s.Placing.N, s.Placing.H
	e.ringing.N, e.ringing.H = s.Ringing.N, s.Ringing.H
	e.ops.talk.H, e.ops.wrap.H = s.Talk, s.Wrap
	if s.Own != nil {
		e.ops.Own, e.ops.seats, e.ops.sum = s.Own, nil, sums{}
	}
	e.ops.Mean, e.ops.Seen, e.ops.talks = s.OwnMean, s.OwnSeen, s.Talks
	e.delay, e.base, e.long, e.resolved, e.given, e.got = s.Delay, s.Base, s.Long, s.Resolved, s.Given, s.Got
	if s.Traits.W != nil {
		e.traits = s.Traits
	}
	e.b.Level, e.b.Rate = s.Level, s.Rate
	return nil
}

// sound says whether the state can have come from Save.
func (s *saved) sound() bool {
	ok := s.Base > 0 && s.Base < 1 && s.Long > 0 && s.Long < 1 && s.Resolved >= 0 && s.Delay.N >= 1 && s.Delay.Mean >= 0 &&
		math.Abs(s.Level) <= 5 && s.Rate >= 0 && s.Given >= 0 && s.Got >= 0 && s.OwnSeen >= 0 && s.Talks >= 0 &&
		positive(s.Talk[:]) && positive(s.Wrap[:])
	for _, r := range []*savedRing{&s.Placing, &s.Ringing} {
		for k := range endings {
			ok = ok && r.N[k] > 0 && positive(r.H[k][:])
		}
	}
	if s.Traits.W != nil {
		ok = ok && s.Traits.Bias.Precision > 0 && s.Traits.Bias.sound()
	}
	for _, w := range s.Traits.W {
		ok = ok && w != nil && w.Precision > 0 && w.sound()
	}
	for i := range s.Traits.Bend {
		ok = ok && s.Traits.Bend[i].sound() && math.Abs(s.Traits.Bend[i].Mean) < 100
	}
	for _, h := range s.Own {
		ok = ok && h != nil && h.N >= 0
	}
	return ok
}

// sound says whether sums of such weights are numbers.
func (w *weight) sound() bool {
	return math.Abs(w.Mean) < 1e12 && w.Precision >= 0 && w.Precision < 1e30
}

// positive says that no entry is negative and some are not nothing.
func positive(h []float64) bool {
	sum := 0.
	for _, v := range h {
		if v < 0 {
			return false
		}
		sum += v
	}
	return sum > 0
}
