package world

import (
	"math"
	"slices"
	"time"

	"apel/pacing"
)

// meter counts what happens, by what the world knows.
type meter struct {
	calls, live, abandoned, maxLines int
	state                            []opState
	signed, work                     time.Duration
	idles, waits                     []time.Duration
	timeline                         []Minute
	lastWork, lastSigned             time.Duration
	n, se, base                      float64
	tenths                           [10]struct{ n, p, y float64 }
	lastPlaced                       time.Duration
}

type opState struct {
	signed, busy bool
	since        time.Duration
}

func (m *meter) start(n int) {
	m.state = make([]opState, n)
	for i := range m.state {
		m.state[i].signed = true
	}
}

// turn closes an operator's stretch of time.
func (m *meter) turn(op int, now time.Duration) {
	o := &m.state[op]
	d := now - o.since
	if o.signed {
		m.signed += d
	}
	if o.signed && o.busy {
		m.work += d
	} else if o.signed && d >= 0 {
		m.idles = append(m.idles, d)
	}
	o.since = now
}

func (m *meter) busy(op int, now time.Duration, busy bool) {
	m.turn(op, now)
	m.state[op].busy = busy
}

func (m *meter) sign(op int, now time.Duration, in bool) {
	m.turn(op, now)
	m.state[op].signed = in
}

func (m *meter) idle(op int) bool { return m.state[op].signed && !m.state[op].busy }

// so far, stretches that are open included.
func (m *meter) sums(now time.Duration) (signed, work time.Duration) {
	signed, work = m.signed, m.work
	for i := range m.state {
		if o := &m.state[i]; o.signed {
			signed += now - o.since
			if o.busy {
				work += now - o.since
			}
		}
	}
	return
}

func (m *meter) minute(now time.Duration) {
	signed, work := m.sums(now)
	occ := 0.
	if signed > m.lastSigned {
		occ = float64(work-m.lastWork) / float64(signed-m.lastSigned)
	}
	m.lastSigned, m.lastWork = signed, work
	m.timeline = append(m.timeline, Minute{AtMS: now.Milliseconds(), Occupancy: occ, Live: m.live, Abandoned: m.abandoned})
}

func (m *meter) close(now time.Duration) {
	for i := range m.state {
		m.turn(i, now)
	}
}

func (m *meter) placed(lines int, now time.Duration) {
	m.calls++
	m.maxLines = max(m.maxLines, lines)
	m.lastPlaced = now
}

func (m *meter) predicted(p float64, live bool) {
	if p <= 0 {
		return
	}
	y := 0.
	if live {
		y = 1
	}
	m.n++
	m.se += (p - y) * (p - y)
	m.base += y
	t := &m.tenths[min(int(p*10), 9)]
	t.n, t.p, t.y = t.n+1, t.p+p, t.y+y
}

// result fills what the meter knows.
func (m *meter) result(c *Config, policy string) Result {
	r := Result{Operators: c.Operators, Hours: c.Hours, Policy: policy, Seed: c.Seed,
		Calls: m.calls, LiveAnswers: m.live, Abandoned: m.abandoned, MaxLines: m.maxLines,
		Timeline: m.timeline, SignedInMS: m.signed.Milliseconds()}
	if c.Contacts > 0 && m.calls >= c.Contacts {
		r.FinishedMS = m.lastPlaced.Milliseconds()
	}
	if m.live > 0 {
		r.AbandonmentRate = float64(m.abandoned) / float64(m.live)
	}
	if m.signed > 0 {
		r.Occupancy = float64(m.work) / float64(m.signed)
		r.CallsPerHour = float64(m.calls) / m.signed.Hours()
		r.TalksPerHour = float64(len(m.waits)) / m.signed.Hours()
	}
	sum := time.Duration(0)
	for _, d := range m.idles {
		sum += d
	}
	if n := len(m.idles); n > 0 {
		r.IdleMSMean = (sum / time.Duration(n)).Milliseconds()
	}
	r.IdleMSP50, r.IdleMSP90, r.IdleMSP99 = quantile(m.idles, .5), quantile(m.idles, .9), quantile(m.idles, .99)
	r.WaitMSP99 = quantile(m.waits, .99)
	m.calibration(&r)
	return r
}

func (m *meter) calibration(r *Result) {
	if m.n == 0 {
		return
	}
	mean := m.base / m.n
	if v := mean * (1 - mean); v > 0 {
		r.Brier = 1 - m.se/m.n/v
	}
	for _, t := range m.tenths {
		if t.n > 0 {
			r.Tenths = append(r.Tenths, Tenth{Calls: int(t.n), Predicted: t.p / t.n, Answered: t.y / t.n})
		}
	}
}

func quantile(d []time.Duration, q float64) int64 {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(int(math.Ceil(q*float64(len(d)))), len(d))-1].Milliseconds()
}

// causes splits the idle milliseconds in proportion to what the floor counted,
// so that they add up exactly.
func causes(w *pacing.Waiting) (total int64, parts map[pacing.Cause]int64) {
	total = w.Total.Milliseconds()
	parts = map[pacing.Cause]int64{}
	left := total
	for _, c := range pacing.Causes {
		parts[c] = w.Part(c).Milliseconds()
		left -= parts[c]
	}
	largest := pacing.Causes[0]
	for _, c := range pacing.Causes {
		if parts[c] > parts[largest] {
			largest = c
		}
	}
	parts[largest] += left // the rounding, a few milliseconds
	return total, parts
}
