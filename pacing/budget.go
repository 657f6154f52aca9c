package pacing

import (
	"math"
	"time"
)

// DefaultDebt is the debt that campaigns take unless they say otherwise, in
// people.
const DefaultDebt = 1

// budget steers the price of risk so that the window ends under the cap: the
// risk at which one call more is still placed.
//
// The price starts from a prior by team size (small teams must take more risk
// with a call to lose the same share) and is corrected slowly by what is
// really lost (Level). Within the window it follows the people in hand, earned
// and not lost: hardly anything is risked while there are none, so that the
// ratio is hardly ever over the cap, whenever the window's answers should end.
type budget struct {
	Level    float64 // logarithm of the correction of the prior price
	Rate     float64 // live answers a second, recent
	LastLive time.Time
	want     float64 // share to be lost now, of the cap
}

const (
	gain        = .001 // correction a live answer; an abandoned one takes back gain/cap
	safeEnd     = 1.2  // people to earn; nearer to the end, no more may be risked than is allowed
	overRisk    = .02  // chance taken that more are lost at once than allowed
	overRiskEnd = 2e-5
)

// prior is the price at which a team loses about 3 %, measured (README).
func prior(team int) float64 { return .016 + .085/(float64(team)+.5) }

func (b *budget) init() { b.want = 1 }

// live takes a live answer.
func (b *budget) live(at time.Time, settled bool) {
	if dt := at.Sub(b.LastLive).Seconds(); !b.LastLive.IsZero() && dt > 0 && dt < 3600 {
		if b.Rate == 0 {
			b.Rate = 1 / dt
		}
		// Ten minutes, or the time of a dozen: few answers say little of the next.
		b.Rate += (1/max(dt, .01) - b.Rate) * min(dt/max(600, 12/b.Rate), .5)
	}
	b.LastLive = at
	if settled {
		b.Level = min(b.Level+gain*b.want, 2)
	}
}

func (b *budget) abandoned(limit float64) {
	b.Level = max(b.Level-gain/max(limit, .002), -3)
}

// terms are a decision's.
type terms struct {
	price   float64 // highest risk of one more call
	steady  float64 // the same with a budget that is neither short nor ample
	allowed int     // people who may be lost of what is in the air
	spare   float64 // people earned by live answers and not lost
	over    float64 // chance to lose more than allowed that is taken
	none    risk    // of what is in the air, when nothing more is allowed to be lost
}

func (b *budget) terms(set Settings, s *Snapshot, o *outlook) terms {
	left := b.left(s)
	live := float64(max(s.Live, 0))
	t := terms{spare: set.MaxAbandonment*live - float64(max(s.Abandoned, 0))}
	if s.Abandoned > s.Live {
		t.spare = min(t.spare, -1)
	}
	team, earn := float64(o.able), set.MaxAbandonment*left
	sure := max(earn-1.2-clump(team), 0)
	debt := owing(set.Debt, team, sure)
	end := safeEnd + .06*team
	// The less is left to earn, the less may go wrong.
	t.over = overRiskEnd * math.Pow(overRisk/overRiskEnd, unit((earn-end)/3))
	if set.Debt == 0 {
		t.over = overRiskEnd
	}
	// What a clump took beyond the debt is earned back sooner at a trickle than
	// progressively, while a fifth of what is sure covers it.
	t.allowed = int(math.Floor(t.spare + max(debt, min(2*debt, sure/5)) + 1e-9))
	t.none = o.weigh(&nothing, max(t.allowed, 0))
	b.want = want(t.spare-t.none.lost+max(debt-1, 0), earn, team)
	t.steady = math.Exp(b.Level) * prior(o.able)
	t.price = t.steady * math.Pow(b.want, .8)
	return t
}

// owing is how many people may be lost before they are earned, of a debt that is
// allowed, when so many are sure to be earned yet: a tenth of those, at least the
// debt and at most twice that and a tenth for each operator (README); never more
// than are sure.
func owing(debt, team, sure float64) float64 {
	return min(max(debt, min(debt*(2+.1*team), sure/10)), sure)
}

// want is the share of live answers to be lost now, of the cap's, with so many
// people in hand and so many yet to earn. Its shape is that of the optimum of a
// window whose answers may end at any time (README): a trickle while nobody is
// in hand, half the cap with the first, all of it with some, what is left over
// by the end. Larger teams lose several at once and want more in hand.
func want(inHand, earn, team float64) float64 {
	const half, above = .55, .05
	some, full := 1+.05*team, 6+.15*team
	// While much is yet to be earned nobody in hand is no reason to stop.
	trickle := .1 + .2*unit(earn/(6+team)-.5)
	// Towards the end less is kept for what is yet to come.
	full = some + .6 + (full-some-.6)*unit(earn/8)
	w := trickle + (half-trickle)*unit((inHand-some)/.5) + (1-half)*unit((inHand-some-.5)/(full-some-.5))
	w += above * max(inHand-full, 0)
	w += max(inHand, 0) / (earn + 3)
	return min(max(w, trickle), 1+unit(50/team))
}

// unit holds x between 0 and 1.
func unit(x float64) float64 { return min(max(x, 0), 1) }

// clump is by how many people more than expected a team of this size may lose
// at once: no debt is left when no more than that, and a little, is to be earned.
func clump(team float64) float64 { return min(max(.1*(team-3), 0), 1) + .03*max(team-5, 0) }

// left is the live answers expected in the rest of the window.
func (b *budget) left(s *Snapshot) float64 {
	left := 5000.
	if !s.Horizon.IsZero() {
		left = min(max(s.Horizon.Sub(s.Now).Seconds(), 0)*b.Rate, 1e7)
	}
	if s.Contacts >= 0 {
		left = min(left, float64(s.Contacts)/4)
	}
	return left
}
