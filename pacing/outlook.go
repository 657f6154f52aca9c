package pacing

import "time"

// outlook is what a decision sees ahead: the operators free now, and the laws
// of the answers and releases to come.
type outlook struct {
	free     int // ready or reserved, less the people who already wait
	able     int // operators who are or can become free
	answers  sums
	releases sums
	fresh    row     // a new call's verdict, if a person answers
	ringing  float64 // live answers expected of ringing calls
	screened float64 // ... of calls with the detector

	rel    [points]pmf
	relBuf [points][]float64
	ansBuf []float64
	tail   []float64 // P(answers >= lo+k)
	excess []float64 // E[(answers-lo-k)+]

	ringP, ringQ [ringBins]float64 // chances and their squares, by age since ringing
	placP, placQ [ringBins]float64 // ... since placing, of calls that do not ring yet
	talkN, wrapN [paces][talkBins]float64
}

func (o *outlook) clear() {
	o.free, o.able, o.ringing, o.screened = 0, 0, 0, 0
	o.answers, o.releases = sums{}, sums{}
	o.ringP, o.ringQ = [ringBins]float64{}, [ringBins]float64{}
	o.placP, o.placQ = [ringBins]float64{}, [ringBins]float64{}
	o.talkN, o.wrapN = [paces][talkBins]float64{}, [paces][talkBins]float64{}
}

// since is the seconds from t to now, never negative and never absurd.
func since(now, t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	d := now.Sub(t)
	if d < 0 {
		return 0
	}
	return min(d.Seconds(), 86400)
}

func (o *outlook) operators(s *Snapshot, r *releases) {
	for i := range s.Operators {
		p := &s.Operators[i]
		switch {
		case p.State == Reserved, p.State == Ready && !p.Leaving:
			o.free++
			o.able++
		case p.Leaving || p.State != Talking && p.State != WrapUp:
			// not ready, or goes on break: not counted on
		case p.State == Talking:
			o.able++
			o.talkN[r.paceOf(i, p.Name)][ageBin(since(s.Now, p.Since))]++
		case !p.FreeAt.IsZero():
			o.able++
			o.told(p.FreeAt.Sub(s.Now).Seconds())
		default:
			o.able++
			o.wrapN[r.paceOf(i, p.Name)][ageBin(since(s.Now, p.Since))]++
		}
	}
	believe := r.trust(o.able)
	for pace := range r.tables {
		if !r.filled[pace] {
			continue
		}
		t := &r.tables[pace]
		for b := range talkBins {
			o.releases.addTimes(o.talkN[pace][b], believe, &t.inTalk[b])
			o.releases.addTimes(o.wrapN[pace][b], believe, &t.inWrap[b])
		}
	}
}

// told takes an operator whose wrap-up ends at a known time; what is told is
// believed nearly.
func (o *outlook) told(in float64) {
	const believed = .98
	for j, h := range grid {
		if in <= h+patience {
			o.releases.mean[j] += believed
			o.releases.sq[j] += believed * believed
		}
	}
}

func (o *outlook) spreadCalls(p, q *[ringBins]float64, l *ringLaw) {
	for b := range p {
		if p[b] == 0 {
			continue
		}
		for j, v := range &l.ahead[b] {
			o.answers.mean[j] += p[b] * v
			o.answers.sq[j] += q[b] * v * v
		}
	}
}

// ready derives the laws of the releases, when all operators are in.
func (o *outlook) settle() {
	for j := range grid {
		o.rel[j] = binomial(o.releases.mean[j], o.releases.sq[j], o.relBuf[j])
		o.relBuf[j] = o.rel[j].p
	}
}

// risk is what adding one call more would bring.
type risk struct {
	loss float64 // chance that it, if a person answers, is lost or makes another be lost
	over float64 // chance that more people are lost than allowed, with the answers given
	lost float64 // people expected to be lost, without it
}

// weigh gives the risk with extra answers on top, allowed people being bearable.
//
// An answer at a time is lost when no operator is left then; it makes another
// be lost when none is left at some later time. The second is at least as
// likely as at the worst single later time, which is what is taken.
func (o *outlook) weigh(extra *sums, allowed int) risk {
	var r risk
	var full row
	for j := range grid {
		a := binomial(o.answers.mean[j]+extra.mean[j], o.answers.sq[j]+extra.sq[j], o.ansBuf)
		o.ansBuf = a.p
		f, over, lost := o.against(a, &o.rel[j], allowed)
		full[j] = f
		r.over = max(r.over, over)
		r.lost = max(r.lost, lost)
	}
	worst := full[points-1]
	r.loss = (1 - o.fresh[points-1]) * worst
	for j := points - 1; j >= 0; j-- {
		worst = max(worst, full[j])
		before := 0.
		if j > 0 {
			before = o.fresh[j-1]
		}
		r.loss += (o.fresh[j] - before) * worst
	}
	return r
}

// against compares answers with operators: the chances that all operators are
// taken, that more than allowed people are left over, and how many on average.
func (o *outlook) against(a pmf, rel *pmf, allowed int) (full, over, lost float64) {
	n := len(a.p)
	o.tail = grow(o.tail, n+1)
	o.excess = grow(o.excess, n+1)
	for k := n - 1; k >= 0; k-- {
		o.tail[k] = o.tail[k+1] + a.p[k]
		o.excess[k] = o.excess[k+1] + o.tail[k+1]
	}
	atLeast := func(k int) float64 {
		switch k -= a.lo; {
		case k <= 0:
			return 1
		case k > n:
			return 0
		}
		return o.tail[k]
	}
	for i, p := range rel.p {
		k := o.free + rel.lo + i
		full += p * atLeast(k)
		over += p * atLeast(k+allowed+1)
		switch at := k - a.lo; {
		case at < 0:
			lost += p * (o.excess[0] - float64(at))
		case at <= n:
			lost += p * o.excess[at]
		}
	}
	return full, over, lost
}

// grow returns n+1 zeroed entries, of b if it is large enough.
func grow(b []float64, n int) []float64 {
	if cap(b) < n+1 {
		b = make([]float64, 2*n+16)
	}
	b = b[:n+1]
	clear(b)
	return b
}
