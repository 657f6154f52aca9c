package pacing

import "math"

const (
	talkBins  = 96
	talkRatio = 1.1 // one bin's end over its start
	talkFirst = 1.  // second: the first bin's end
)

// timeLaw learns a time of an operator, talk or wrap-up, as a histogram in
// equal steps of the logarithm.
//
// Unit: conversations. Prior: lognormal, with weight of a few observations.
// Memory: keepTalks, exponentially.
type timeLaw struct {
	H    [talkBins]float64
	tail [talkBins + 1]float64 // P(longer than edge(i))
	sum  float64
	avg  float64 // seconds
}

const (
	keepTalks  = 500
	priorTalks = 4.
)

func edge(i int) float64 {
	if i == 0 {
		return 0
	}
	return talkFirst * math.Pow(talkRatio, float64(i-1))
}

var edges = func() (e [talkBins + 1]float64) {
	for i := range e {
		e[i] = edge(i)
	}
	return
}()

func logBin(sec float64) float64 {
	if !(sec > talkFirst) {
		return max(sec/talkFirst, 0)
	}
	return min(1+math.Log(sec/talkFirst)/math.Log(talkRatio), talkBins)
}

func (l *timeLaw) init(mean, cv float64) {
	s2 := math.Log(1 + cv*cv)
	mu := math.Log(mean) - s2/2
	for i := range l.H {
		mid := math.Log((edges[i] + edges[i+1]) / 2)
		l.H[i] = math.Exp(-(mid - mu) * (mid - mu) / 2 / s2)
	}
	scale(l.H[:], priorTalks)
}

func (l *timeLaw) learn(sec float64) {
	for i := range l.H {
		l.H[i] *= 1 - 1./keepTalks
	}
	b := int(logBin(sec))
	const width = 2
	for d := -width; d <= width; d++ {
		l.H[min(max(b+d, 0), talkBins-1)] += (width + 1 - math.Abs(float64(d))) / ((width + 1) * (width + 1))
	}
}

func (l *timeLaw) refresh() {
	l.sum, l.avg = 0, 0
	for i, v := range l.H {
		l.sum += v
		l.avg += v * (edges[i] + edges[i+1]) / 2
	}
	l.avg /= l.sum
	left := 1.
	for i, v := range l.H {
		l.tail[i] = max(left, 1e-9)
		left -= v / l.sum
	}
	l.tail[talkBins] = 1e-9
}

// place is the place of a time among the bins, and in tail, linear within a bin.
func place(sec float64) float64 {
	i := int(logBin(sec))
	if i >= talkBins {
		return talkBins
	}
	return float64(i) + (sec-edges[i])/(edges[i+1]-edges[i])
}

// binOf is the bin of each whole second: where the search for an age begins.
var binOf = func() (b [1 << 10]uint8) {
	for sec := range b {
		for int(b[sec]) < talkBins-1 && edges[b[sec]+1] <= float64(sec) {
			b[sec]++
		}
	}
	return
}()

// ageBin is the bin of an age. It is asked of each operator at each decision.
func ageBin(sec float64) int {
	if !(sec > 0) {
		return 0
	}
	b := int(binOf[min(int(min(sec, 1e6)), len(binOf)-1)])
	for b < talkBins-1 && edges[b+1] <= sec {
		b++
	}
	return b
}
