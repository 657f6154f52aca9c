package pacing

import "fmt"

// Pacer paces one campaign. It is not safe for concurrent use: the floor's
// loop owns it.
type Pacer struct {
	s Settings
}

// New returns a pacer that knows nothing but its priors.
func New(s Settings) *Pacer { return &Pacer{s: s.sane()} }

// Configure changes the settings of a running campaign without harm: what was
// learned stays, and calls in the air are counted as before.
func (p *Pacer) Configure(s Settings) { p.s = s.sane() }

// Observe learns from an event.
func (p *Pacer) Observe(e Event) {}

// Decide says how many calls to place now. In Preview it is the number of
// contacts to show, one a free operator.
func (p *Pacer) Decide(s Snapshot) Decision {
	n := take(s)
	d := p.want(n, s)
	return p.clip(d, n, s)
}

func (p *Pacer) want(n count, s Snapshot) Decision {
	switch p.s.Mode {
	case Power:
		return power(p.s, n, s)
	case Predictive:
		d := progressive(n)
		d.Why += "; predictive falls back to progressive: it has not learned yet"
		return d
	}
	return progressive(n)
}

// clip holds a wish against the limits that no mode may pass.
func (p *Pacer) clip(d Decision, n count, s Snapshot) Decision {
	wish := d.Place
	limit := func(room int, by Limit) {
		if room = max(room, 0); d.Place > room {
			d.Place, d.Limit = room, by
		}
	}
	limit(s.Lines, LimitLines)
	if p.s.MaxLines > 0 {
		limit(p.s.MaxLines-n.calls-n.talking, LimitLines)
	}
	if s.Contacts >= 0 {
		limit(s.Contacts, LimitContacts)
	}
	if d.Place < wish {
		d.Why = fmt.Sprintf("place %d of %d, no more %s: %s", d.Place, wish, d.Limit, d.Why)
	} else {
		d.Why = fmt.Sprintf("place %d: %s", d.Place, d.Why)
	}
	return d
}

// Save returns what was learned, to be kept over a restart.
func (p *Pacer) Save() ([]byte, error) { return []byte("{}"), nil }

// Load takes up what Save returned; an unreadable state is an error and changes nothing.
func (p *Pacer) Load(b []byte) error { return nil }
