package pacing

// sums are mean and sum of squares of independent chances at each time of the
// grid: what is needed of a number of events that each come or don't.
type sums struct{ mean, sq row }

// add takes one that comes with chance p, by the times of r.
func (s *sums) add(p float64, r *row) { s.addTimes(1, p, r) }

func (s *sums) plus(o *sums) {
	for j := range s.mean {
		s.mean[j] += o.mean[j]
		s.sq[j] += o.sq[j]
	}
}

// drop takes out one that was added with chance 1.
func (s *sums) drop(r *row) {
	for j, x := range r {
		s.mean[j] -= x
		s.sq[j] -= x * x
	}
}

// scaled is as if every chance had been p times as high.
func (s *sums) scaled(p float64) sums {
	t := *s
	for j := range t.mean {
		t.mean[j] *= p
		t.sq[j] *= p * p
	}
	return t
}

// addTimes takes n alike.
func (s *sums) addTimes(n, p float64, r *row) {
	if n == 0 {
		return
	}
	for j := range r {
		x := p * r[j]
		s.mean[j] += n * x
		s.sq[j] += n * x * x
	}
}
