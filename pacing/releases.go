package pacing

import "math"

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
	talks      float64 // seen
	stale      float64
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
// short ones, so the law is trusted as the team's first talks come in.
func (r *releases) trust(team int) float64 { return min(1, r.talks/(float64(team)+3)) }

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

// paceOf is an operator's class.
func (r *releases) paceOf(name string) int {
	h := r.Own[name]
	if h == nil {
		return paces / 2
	}
	own := h.Sum / (h.N + 15)
	p := min(max(int(math.Round(own/logPaceRatio))+paces/2, 0), paces-1)
	if r.wanted[p] = true; !r.filled[p] {
		return paces / 2
	}
	return p
}

var logPaceRatio = math.Log(paceRatio)

const lookahead = 38 // seconds of talk and wrap-up looked ahead

// refresh derives the tables when two in a hundred talks are new.
func (r *releases) refresh() {
	if r.stale < 1+.03*(r.talk.sum+r.wrap.sum) {
		return
	}
	r.stale = 0
	r.talk.refresh()
	r.wrap.refresh()
	for p := range r.tables {
		if r.filled[p] = r.wanted[p]; !r.filled[p] {
			continue
		}
		r.tables[p].fill(&r.talk, &r.wrap, math.Pow(paceRatio, float64(p-paces/2)))
	}
}

// fill convolves what is left of a talk with the wrap-up after it, for
// operators who take scale times as long as the team.
func (t *releaseTable) fill(talk, wrap *timeLaw, scale float64) {
	var wrapped [lookahead + 1]float64 // P(wrap-up <= x + half a second)
	for x := range wrapped {
		wrapped[x] = 1 - wrap.longer((float64(x)+.5)/scale)
	}
	for i := range t.inTalk {
		age := (edges[i] + edges[i+1]) / 2
		base, last := talk.longer(age/scale), 1.
		var ends [lookahead]float64
		for x := range ends {
			next := talk.longer((age+float64(x+1))/scale) / base
			ends[x], last = last-next, next
		}
		left := wrap.longer(age / scale)
		for j, h := range grid {
			h += patience
			sum := 0.
			for x := 0; x < lookahead && float64(x)+.5 <= h; x++ {
				sum += ends[x] * wrapped[min(int(h-float64(x)-.5), lookahead)]
			}
			t.inTalk[i][j] = min(max(sum, 0), 1)
			t.inWrap[i][j] = min(max(1-wrap.longer((age+h)/scale)/left, 0), 1)
		}
	}
}
