package floor

import (
	"time"

	"apel/pacing"
)

// Counts is how many of a floor's calls and operators are in which state.
type Counts struct {
	Lines     int `json:"lines"` // calls in the air
	Dialing   int `json:"dialing"`
	Ringing   int `json:"ringing"`
	Screening int `json:"screening"`
	Queued    int `json:"queued"`
	Bridged   int `json:"bridged"`
	Ready     int `json:"ready"`
	Talking   int `json:"talking"`
	WrapUp    int `json:"wrap_up"`
	NotReady  int `json:"not_ready"`
}

// Counts counts calls and operators.
func (f *Floor) Counts() (n Counts) {
	for _, c := range f.calls {
		switch c.phase {
		case PhaseDialing:
			n.Dialing++
		case PhaseRinging:
			n.Ringing++
		case PhaseScreening:
			n.Screening++
		case PhaseQueued:
			n.Queued++
		case PhaseReserved, PhaseBridged:
			n.Bridged++
		}
		if c.phase < PhaseWrapUp && c.phase != PhasePreview {
			n.Lines++
		}
	}
	for _, o := range f.operators {
		switch o.state {
		case pacing.Ready, pacing.Reserved:
			n.Ready++
		case pacing.Talking:
			n.Talking++
		case pacing.WrapUp:
			n.WrapUp++
		case pacing.NotReady:
			n.NotReady++
		}
	}
	return n
}

// Grounds are why the last decision of pacing was as it was, and Decided is how
// many were taken.
func (f *Floor) Grounds() (why pacing.Grounds, decided int) { return f.lastWhy, f.decided }

// CallView is a call as those see it who watch a floor.
type CallView struct {
	Phase    Phase
	Operator string
	Trunk    string
}

// Call shows a call that is on the floor.
func (f *Floor) Call(id string) (v CallView, on bool) {
	c := f.calls[id]
	if c == nil {
		return v, false
	}
	return CallView{Phase: c.phase, Operator: c.operator, Trunk: c.trunk}, true
}

// Preview is the call whose contact an operator looks at, and until when they
// may; "" if they look at none.
func (f *Floor) Preview(operator string) (call string, until time.Time) {
	o := f.operators[operator]
	if o == nil || !f.looks(o) {
		return "", time.Time{}
	}
	return o.call, f.calls[o.call].decideBy
}

// Busy are operators with the call that each has; not those who are only asked about one.
func (f *Floor) Busy() map[string]string {
	busy := map[string]string{}
	for _, o := range f.operators {
		if c := f.calls[o.call]; o.call != "" && (c == nil || c.second != o.name) {
			busy[o.name] = o.call
		}
	}
	return busy
}

// SetAside says whether something is being asked for an operator.
func (f *Floor) SetAside(operator string) bool {
	o := f.operators[operator]
	return o != nil && o.aside
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Waited is what all operators have waited since the floor began.
func (f *Floor) Waited() Waits { return f.waited }

// Dry is until when the lists have nobody to dial, zero if they may have
// somebody, and whether that is for the legal hours.
func (f *Floor) Dry() (until time.Time, closed bool) {
	if f.now.Before(f.noneUntil) {
		until = f.noneUntil
	}
	return until, f.closed
}

// Close tells the floor that nobody may be called before a time, without a
// lease that would say so.
func (f *Floor) Close(until time.Time) { f.closed, f.noneUntil = true, until }
