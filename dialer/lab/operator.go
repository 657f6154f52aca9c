package lab

import (
	"slices"
	"time"
)

// press presses a key for 100 ms.
func (l *leg) press(digit byte) {
	l.keys.Lock()
	defer l.keys.Unlock()
	if l.stream.press(l.dialog.over, digit, 100*time.Millisecond) {
		l.phone.mu.Lock()
		l.phone.stats.Pressed = append(l.phone.stats.Pressed, digit)
		l.phone.mu.Unlock()
	}
}

// operate is the operator: signs in, takes customers, wraps up, until the leg
// is over.
func (l *leg) operate() {
	over, cfg := l.dialog.over, &l.phone.cfg
	if !l.stream.idle(over, time.Now().Add(time.Second), nil) {
		return
	}
	if !cfg.Manual {
		l.press('*')
	}
	for {
		v := l.next()
		if v == nil {
			return
		}
		l.talk(v)
		if !v.byTone { // the leg is over
			return
		}
		if cfg.Manual {
			continue
		}
		if !l.stream.idle(over, time.Now().Add(cfg.Wrap.draw(l.rng)), nil) {
			return
		}
		l.press(l.disposition())
	}
}

// next waits for a customer; nil when the leg is over.
func (l *leg) next() *visit {
	for {
		select {
		case v := <-l.visits:
			return v
		case <-l.dialog.over:
			return nil
		default:
		}
		if !l.stream.idle(l.dialog.over, time.Now().Add(time.Hour), l.stream.sound) {
			return nil
		}
	}
}

// talk takes turns with a customer until the end tone.
func (l *leg) talk(v *visit) {
	cfg := &l.phone.cfg
	gap, until := cfg.Turn.draw(l.rng), time.Now().Add(cfg.Talk.draw(l.rng))
	if cfg.Talk.Mean < 0 {
		until = time.Now().Add(24 * time.Hour)
	}
	for {
		if !l.stream.idle(v.gone, time.Now().Add(gap), nil) || !l.stream.hush(v.gone, gap) {
			return
		}
		if !cfg.Manual && !time.Now().Before(until) {
			l.press('#')
			until = time.Now().Add(5 * time.Second) // pressed again if nothing happens
		}
		pcm, err := render([]Sound{Say(clip(l.rng, cfg.Lang, "operator"))}, -3)
		if err != nil || !l.stream.speak(v.gone, pcm) {
			return
		}
		if _, ok := l.stream.hears(v.gone, 3*time.Second+2*gap); !ok {
			return
		}
	}
}

// disposition draws a digit by its weight.
func (l *leg) disposition() byte {
	weights := l.phone.cfg.Dispositions
	var digits []byte
	sum := 0.0
	for d, w := range weights {
		digits = append(digits, d)
		sum += w
	}
	slices.Sort(digits)
	x := l.rng.Float64() * sum
	for _, d := range digits {
		if x -= weights[d]; x < 0 {
			return d
		}
	}
	return digits[len(digits)-1]
}
