package floor

import (
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// In preview an operator is shown a contact and decides. The contact is leased
// then, so that nobody else calls the number; the call is placed when the
// operator says so, and is that operator's from then on: pacing counts on
// neither. Who decides nothing until the countdown is over is not there: the
// contact is skipped, and the operator is not ready.

// defaultCountdown is how long an operator may look at a contact.
const defaultCountdown = time.Minute

// Reasons of a skip that is the floor's own.
const (
	noDecision    = "no decision in time"
	operatorIs    = "the operator has left"
	campaignRests = "the campaign is paused"
	noPreview     = "the campaign is in preview no more"
)

// preview shows a leased call to the operator who has waited longest.
func (f *Floor) preview(c *call) {
	o := f.longestWaiting()
	f.put(c, PhasePreview)
	if o == nil {
		f.skip(c, operatorIs)
		return
	}
	countdown := f.set.Countdown
	if countdown <= 0 {
		countdown = defaultCountdown
	}
	c.operator, c.personal, c.decideBy, o.call = o.name, true, f.now.Add(countdown), c.id
	f.account(o)
	o.state = pacing.Reserved
	f.do(Action{Kind: DoOperator, Operator: o.name, Call: c.id, Why: "preview"})
	f.do(Action{Kind: DoPreview, Call: c.id, Operator: o.name, Until: c.decideBy})
}

// accepted has the call placed that an operator was shown.
func (f *Floor) accepted(operator string) {
	o := f.operators[operator]
	if o == nil {
		return
	}
	c := f.calls[o.call]
	if c == nil || c.phase != PhasePreview {
		return
	}
	if f.state != contactdb.Running {
		f.skip(c, campaignRests)
		return
	}
	f.account(o) // until now it was work
	f.move(c, PhaseDialing)
	c.decideBy, c.view.PlacedAt = time.Time{}, f.now
	f.do(Action{Kind: DoOperator, Operator: o.name, Call: c.id, Why: pacing.Reserved.String()})
	f.do(Action{Kind: DoPlace, Call: c.id, Operator: o.name})
	f.learn(pacing.CallPlaced, c, Input{})
}

// skipped lets go of the contact that an operator was shown.
func (f *Floor) skipped(operator, reason string) {
	o := f.operators[operator]
	if o == nil {
		return
	}
	if c := f.calls[o.call]; c != nil && c.phase == PhasePreview {
		f.skip(c, reason)
	}
}

func (f *Floor) skip(c *call, reason string) {
	c.decideBy = time.Time{}
	f.move(c, PhaseClosing)
	f.do(Action{Kind: DoSkip, Call: c.id, Operator: c.operator, Why: reason})
}

// skipAll lets go of all that is shown, when the campaign does not run any more
// or shows nothing any more.
func (f *Floor) skipAll(why string) {
	for _, c := range f.ordered() {
		if c.phase == PhasePreview {
			f.skip(c, why)
		}
	}
}

// countdowns ends the looking of those whose time is up.
func (f *Floor) countdowns() {
	for _, c := range f.those(PhasePreview) {
		if c.phase != PhasePreview || f.now.Before(c.decideBy) {
			continue
		}
		f.skip(c, noDecision)
		if o := f.operators[c.operator]; o != nil && o.call == c.id {
			o.leaving = true
			f.do(Action{Kind: DoAway, Operator: o.name, Why: noDecision})
		}
	}
}

// looks says whether an operator looks at a contact.
func (f *Floor) looks(o *operator) bool {
	c := f.calls[o.call]
	return c != nil && c.phase == PhasePreview
}

// own says whether an operator waits for a call that is theirs and not answered yet.
func (f *Floor) own(o *operator) bool {
	c := f.calls[o.call]
	return c != nil && c.personal && c.phase < PhaseReserved
}
