package pacing

// choose takes contacts out of order: each time the surest whose answer the
// operators can bear, so that free operators are given sure answers and the
// last of the risk is filled with unlikely ones. Nothing is skimmed: the list
// shows each contact until it is called.
func (f *filling) choose() {
	o, e := &f.e.look, f.e
	extra := &e.extra
	extra.clear()
	taken := e.picks[:0]
	defer func() { e.picks, f.picks, f.placed = taken, taken, len(taken) }()
	most := min(f.most, len(f.s.Candidates), 64)
	for len(taken) < most {
		r := o.weigh(extra, max(f.t.allowed, 0))
		l, stop := f.stop(len(taken), r)
		f.last, f.limit = r, l
		if stop {
			return
		}
		window := min(f.s.Choose+len(taken), len(f.s.Candidates))
		best := f.suit(taken, window, r)
		if best < 0 {
			return
		}
		extra.add(e.chance(f.s.Candidates[best].Chance), &o.fresh)
		if f.tight() && len(taken) >= f.least && o.weigh(extra, max(f.t.allowed, 0)).over > f.t.over {
			f.limit = Budget
			return
		}
		taken = append(taken, best)
	}
	f.limit = NoOperators
	if f.s.Contacts >= 0 && len(taken) >= f.s.Contacts {
		f.limit = NoContacts
	}
}

// suit picks the contact whose chance fits the room that the risk leaves: with
// all the room the surest, with none the least likely.
func (f *filling) suit(taken []int, window int, r risk) int {
	room := 1.
	if f.t.price > 0 && len(taken) >= f.least {
		room = 1 - r.loss/f.t.price
	}
	best, high, low := -1, 0., 1.
	for i := range window {
		if !contains(taken, i) {
			p := f.e.chance(f.s.Candidates[i].Chance)
			high, low = max(high, p), min(low, p)
		}
	}
	want, near := low+(high-low)*room, 2.
	for i := range window {
		if contains(taken, i) {
			continue
		}
		d := f.e.chance(f.s.Candidates[i].Chance) - want
		if d < 0 {
			d = -d
		}
		if d < near {
			best, near = i, d
		}
	}
	return best
}
