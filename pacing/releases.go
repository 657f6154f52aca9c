package pacing

import (
	"math"
	"time"
)

// patience is how long a person waits after the verdict, in seconds: the
// regulator's two (47 CFR 64.1200(a)(7); Ofcom, persistent misuse).
const patience = 2.

// paces are the classes of operators' own pace, a quarter apart, the team's in
// the middle.
const (
	paces     = 5
	paceRatio = 1.25
)

// releases are the chances that an operator is free again by the times of the
// grid and a person's patience, by the age of the talk or the wrap-up.
type releases struct {
	talk, wrap timeLaw
	Own        map[string]*habit // by operator
	Mean       float64           // of the logarithm of talks, the team's
	Seen       float64
	tables     [paces]releaseTable
	wanted     [paces]bool // classes that some operator is in
	filled     [paces]bool
	seats      []seat  // as the operators of the last decision
	sum        sums    // of those who talk or are in wrap-up
	talks      float64 // seen
	stale      float64
}

// seat is an operator at a place of the snapshot, with what was counted of it:
// from one decision to the next most are the same, and in the same bin.
type seat struct {
	name  string
	own   *habit
	state OperatorState
	since time.Time
	until time.Time // when its age comes into the next bin
	row   *row      // counted, in releases.sum; nil: none
}

type releaseTable struct{ inTalk, inWrap [talkBins]row }

// habit is one operator's mean logarithm of talk over the team's. Prior: the
// team's, worth 15 talks; memory 150 talks.
type habit struct{ N, Sum float64 }

func (r *releases) init() {
	r.talk.init(120, 1.3)
	r.wrap.init(20, 1.2)
	r.Own = map[string]*habit{}
	r.wanted[paces/2] = true
	r.stale = math.Inf(1)
}

// trust is how far the releases are believed: the first talks to end are the
// short ones, and all releases share the error of a law that is hardly known. A
// small team's are believed from the start, as if ten talks had been seen.
func (r *releases) trust(team int) float64 { return min(1, (r.talks+10)/(float64(team)+3)) }

const operatorsKept = 20000

func (r *releases) talked(name string, sec float64) {
	r.talks++
	r.talk.learn(sec)
	r.stale++
	x := math.Log(max(sec, .5))
	r.Seen = min(r.Seen+1, keepTalks)
	r.Mean += (x - r.Mean) / r.Seen
	h := r.Own[name]
	if h == nil {
		if name == "" || len(r.Own) >= operatorsKept {
			return
		}
		h = &habit{}
		r.Own[name] = h
	}
	h.N, h.Sum = h.N*(1-1./150)+1, h.Sum*(1-1./150)+x-r.Mean
}

func (r *releases) wrapped(sec float64) {
	r.wrap.learn(sec)
	r.stale++
}

// count sees to it that sum has this operator, who talks or is in wrap-up.
func (r *releases) count(place int, p *Operator, now time.Time) {
	at := r.seatOf(place, p.Name)
	if at.row != nil && at.state == p.State && at.since.Equal(p.Since) && now.Before(at.until) {
		return
	}
	r.discount(at)
	t, b := &r.tables[r.paceOf(at)], ageBin(since(now, p.Since))
	at.row = &t.inTalk[b]
	if p.State == WrapUp {
		at.row = &t.inWrap[b]
	}
	at.state, at.since = p.State, p.Since
	at.until = laterThan(p.Since, now).Add(time.Duration(edges[b+1] * float64(time.Second)))
	r.sum.add(1, at.row)
}

// laterThan is the time from which an age counts: a clock that jumped makes
// nobody younger than nothing.
func laterThan(since, now time.Time) time.Time {
	if since.IsZero() || since.After(now) {
		return now
	}
	return since
}

// discount takes an operator out of sum.
func (r *releases) discount(at *seat) {
	if at.row != nil {
		r.sum.drop(at.row)
		at.row = nil
	}
}

// leave takes those out of sum whose places are not taken any more.
func (r *releases) leave(from int) {
	for i := from; i < len(r.seats); i++ {
		r.discount(&r.seats[i])
	}
}

func (r *releases) seatOf(place int, name string) *seat {
	for len(r.seats) <= place {
		r.seats = append(r.seats, seat{})
	}
	at := &r.seats[place]
	if at.name != name {
		r.discount(at)
		*at = seat{name: name}
	}
	return at
}

// paceOf is the class of an operator's pace.
func (r *releases) paceOf(at *seat) int {
	if at.own == nil && at.name != "" {
		at.own = r.Own[at.name]
	}
	if at.own == nil {
		return paces / 2
	}
	own := at.own.Sum / (at.own.N + 15)
	p := min(max(int(math.Round(own/logPaceRatio))+paces/2, 0), paces-1)
	if r.wanted[p] = true; !r.filled[p] {
		return paces / 2
	}
	return p
}

var logPaceRatio = math.Log(paceRatio)

const lookahead = 38 // seconds of talk and wrap-up looked ahead

// refresh derives the tables when five in a hundred talks and wrap-ups are new.
func (r *releases) refresh() {
	if r.stale < 1+.05*(r.talk.sum+r.wrap.sum) {
		return
	}
	r.stale = 0
	r.talk.refresh()
	r.wrap.refresh()
	for p := range r.tables {
		if r.filled[p] = r.wanted[p]; !r.filled[p] {
			continue
		}
		r.tables[p].fill(&r.talk, &r.wrap, &stepsOf[p])
	}
	r.sum = sums{} // all are to be counted anew
	for i := range r.seats {
		r.seats[i].row = nil
	}
}

// steps are the places, among the bins of a law, of all times that a table of a
// pace is made from: they are always the same.
type steps struct {
	wrapped [lookahead + 1]float64
	bins    [talkBins]struct {
		age   float64
		talks [lookahead]float64 // of talks that last a second longer, and so on
		wraps [points]float64    // of wrap-ups that last beyond the grid
	}
}

var stepsOf = func() (all [paces]steps) {
	for p := range all {
		scale := math.Pow(paceRatio, float64(p-paces/2))
		s := &all[p]
		for x := range s.wrapped {
			s.wrapped[x] = place((float64(x) + .5) / scale)
		}
		for i := range s.bins {
			b, age := &s.bins[i], (edges[i]+edges[i+1])/2
			b.age = place(age / scale)
			for x := range b.talks {
				b.talks[x] = place((age + float64(x+1)) / scale)
			}
			for j, h := range grid {
				b.wraps[j] = place((age + h + patience) / scale)
			}
		}
	}
	return
}()

// fill convolves what is left of a talk with the wrap-up after it, for
// operators of a pace.
func (t *releaseTable) fill(talk, wrap *timeLaw, s *steps) {
	var wrapped [lookahead + 1]float64 // P(wrap-up <= x + half a second)
	for x := range wrapped {
		wrapped[x] = 1 - at(wrap.tail[:], s.wrapped[x])
	}
	for i := range t.inTalk {
		b := &s.bins[i]
		base, last := at(talk.tail[:], b.age), 1.
		var ends [lookahead]float64
		for x := range ends {
			next := at(talk.tail[:], b.talks[x]) / base
			ends[x], last = last-next, next
		}
		left := at(wrap.tail[:], b.age)
		for j, h := range grid {
			h += patience
			sum := 0.
			for x := 0; x < lookahead && float64(x)+.5 <= h; x++ {
				sum += ends[x] * wrapped[min(int(h-float64(x)-.5), lookahead)]
			}
			t.inTalk[i][j] = min(max(sum, 0), 1)
			t.inWrap[i][j] = min(max(1-at(wrap.tail[:], b.wraps[j])/left, 0), 1)
		}
	}
}
