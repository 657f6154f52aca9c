package contactdb

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"
)

// group is the contacts of one segment and set of zones: they wait in one
// range of the due index and one of the fresh index.
type group struct {
	list       int // place of its list in the request
	order      Order
	seg, class uint32
	zones      ZoneSet
	open       bool
	next       time.Time // if not open: when it may be; zero: never
	score      float64   // how good the hour is there, for Best
	seen       seen      // fresh contacts that the walk has seen
	moved      bool      // seen differs from what is stored
	head       uint64    // next fresh contact, 0 if none; known if looked
	looked     bool
	by         *arrangement // for an order by a field
	above      int          // for Newest: place in seen of the span that head comes after; -1: none
}

// seen are the contacts of a group that a walk has gone past, as spans of ids:
// no contact of the group that was there is between two of a span. The walk
// from the oldest has one span, from 0. That from the newest has one for each
// import that it has begun with and not ended.
type seen []span

// has says whether an id is within a span: for a contact that came into the
// group later, it may have been passed.
func (s seen) has(id uint64) bool {
	return slices.ContainsFunc(s, func(p span) bool { return p.first <= id && id <= p.last })
}

func (s seen) bytes() (b []byte) {
	for _, p := range s {
		b = append(b, p.bytes()...)
	}
	return b
}

// readSeen reads what bytes has written, or the last id of an older file.
func readSeen(value []byte) (s seen) {
	if isArranged(value) {
		return nil
	}
	if len(value) == 8 {
		return seen{{0, binary.BigEndian.Uint64(value)}}
	}
	for ; len(value) >= 16; value = value[16:] {
		s = append(s, readSpan(value[:16]))
	}
	return s
}

func cursorKey(camp, seg, class uint32) []byte { return be32(be32(be32(nil, camp), seg), class) }

// seenBy is what a campaign's walk over a segment and class has seen.
func (t *tx) seenBy(camp, seg, class uint32) seen {
	return readSeen(t.get(bCursors, cursorKey(camp, seg, class)))
}

// gather makes the groups of the lists and asks which are open.
func (l *leasing) gather() error {
	known := map[string]bool{}
	for i, src := range l.req.Lists {
		var row listRow
		found, err := l.load(bLists, []byte(src.List), &row)
		if err != nil {
			return err
		}
		if !found || known[src.List] {
			continue
		}
		known[src.List] = true
		for _, z := range row.Zones {
			open, next := z.Open(l.req.Open)
			score := 0.0
			if src.Order == Best && l.req.Score != nil {
				score = l.req.score(z.ZoneSet)
			}
			for _, seg := range row.Segments {
				g := &group{list: i, order: src.Order, seg: seg, class: z.Class, zones: z.ZoneSet, open: open, next: next, score: score, seen: l.seenBy(l.camp, seg, z.Class)}
				g.by = l.arrangement(g, src.Order)
				l.groups = append(l.groups, g)
			}
		}
	}
	return nil
}

// takeFresh leases fresh contacts of the open groups: list by list, or by
// turns if lists have weights.
func (l *leasing) takeFresh() error {
	turns := l.turns
	for !l.full() && !l.res.More {
		list := turns.pick()
		if list < 0 {
			break
		}
		took, err := l.takeOne(list)
		if err != nil {
			return err
		}
		turns.took(list, took)
	}
	if l.ahead == nil {
		turns.save(l)
	}
	return nil
}

// takeOne leases the next contact of a list that may be called; false if there
// is none, or no work is left.
func (l *leasing) takeOne(list int) (bool, error) {
	for {
		g, err := l.firstFresh(list)
		if err != nil || g == nil || !l.work() {
			return false, err
		}
		id := g.head
		g.pass(id)
		if took, err := l.examine(place{g.seg, g.class, id}); took || err != nil {
			return took, err
		}
	}
}

// firstFresh is the open group of a list whose next contact comes first in the
// list's order.
func (l *leasing) firstFresh(list int) (*group, error) {
	var first *group
	for _, g := range l.groups {
		if g.list != list || !g.open {
			continue
		}
		if err := l.look(g); err != nil {
			return nil, err
		}
		if g.head != 0 && (first == nil || g.before(first)) {
			first = g
		}
	}
	return first, nil
}

// before says whether a group's next contact comes before another's.
func (g *group) before(o *group) bool {
	switch {
	case g.by != nil && o.by != nil:
		return comesFirst(g.by.head, o.by.head, g.by.down)
	case g.order == Newest:
		return g.head > o.head
	case g.order == Best && g.score != o.score:
		return g.score > o.score
	}
	return g.head < o.head
}

// look finds a group's next fresh contact and goes past those that the
// campaign has begun with. Out of work, it takes the next unseen: More is set
// then.
func (l *leasing) look(g *group) error {
	if g.looked {
		return nil
	}
	g.looked, g.head, g.above = true, 0, -1
	if g.by != nil {
		return l.lookByField(g)
	}
	prefix := be32(be32(nil, g.seg), g.class)
	c := l.cursor(bFresh)
	for key := g.start(c, prefix); key != nil && bytes.HasPrefix(key, prefix); {
		if len(key) != len(prefix)+8 {
			return errKeys(bFresh)
		}
		id := binary.BigEndian.Uint64(key[len(prefix):])
		if g.order == Newest && g.jump(id) {
			key = lastUpTo(c, prefix, g.seen[g.above].first-1)
			continue
		}
		st, _, err := l.state(l.camp, id)
		if err != nil {
			return err
		}
		if !st.taken() && !l.examined[id] || !l.work() {
			g.head = id
			return nil
		}
		g.above = g.pass(id)
		g.looked = true
		if g.order == Newest {
			key, _ = c.Prev()
		} else {
			key, _ = c.Next()
		}
	}
	return nil
}

// start is the first key that the walk has to look at.
func (g *group) start(c *cursor, prefix []byte) (key []byte) {
	if g.order == Newest {
		return lastUpTo(c, prefix, 1<<64-1)
	}
	from := uint64(0)
	if len(g.seen) > 0 {
		from = g.seen[0].last
	}
	key, _ = c.Seek(be64(slices.Clip(prefix), from+1))
	return key
}

// lastUpTo is the last key with an id up to one, nil if there is none.
func lastUpTo(c *cursor, prefix []byte, id uint64) []byte {
	want := be64(slices.Clip(prefix), id)
	key, _ := c.Seek(want)
	switch {
	case key == nil:
		key, _ = c.Last()
	case !bytes.Equal(key, want):
		key, _ = c.Prev()
	}
	return key
}

// jump says whether the walk from the newest has come upon a span that it saw
// before, and joins it with the one above.
func (g *group) jump(id uint64) bool {
	i := slices.IndexFunc(g.seen, func(p span) bool { return p.first <= id && id <= p.last })
	if i < 0 {
		return false
	}
	if g.above >= 0 && g.above != i {
		g.seen[i].last = max(g.seen[i].last, g.seen[g.above].last)
		g.seen[i].first = min(g.seen[i].first, g.seen[g.above].first)
		g.seen = slices.Delete(slices.Clone(g.seen), g.above, g.above+1)
		if g.above < i {
			i--
		}
		g.moved = true
	}
	g.above = i
	return true
}

// pass goes past a contact; it returns the place of the span that has it now.
func (g *group) pass(id uint64) (at int) {
	g.moved, g.looked = true, false
	switch {
	case g.by != nil:
		g.by.at = g.by.head
	case g.order != Newest:
		g.seen, at = seen{{0, id}}, 0
	case g.above >= 0:
		g.seen, at = slices.Clone(g.seen), g.above
		g.seen[at].first = id
	default:
		g.seen, at = append(slices.Clip(g.seen), span{id, id}), len(g.seen)
	}
	return at
}

// turns says which list's turn it is. Without weights it is the first that has
// somebody. With them each gets its share of the contacts that are taken, over
// all leases, by the smooth weighted round robin: who waits gains its weight,
// who is served pays all weights.
type turns struct {
	lists   []int // that may still have somebody
	weights []int // by place in the request; nil: none
	names   []Source
	credit  map[string]int
	changed bool
}

func (l *leasing) readTurns() (*turns, error) {
	t := &turns{names: l.req.Lists, credit: map[string]int{}}
	for i, src := range l.req.Lists {
		t.lists = append(t.lists, i)
		if src.Weight > 0 && t.weights == nil {
			t.weights = make([]int, len(l.req.Lists))
		}
	}
	for i := range t.weights {
		t.weights[i] = max(l.req.Lists[i].Weight, 1)
	}
	if t.weights == nil {
		return t, nil
	}
	_, err := l.load(bTurns, be32(nil, l.camp), &t.credit)
	return t, err
}

// pick is the list whose turn it is, -1 if none is left.
func (t *turns) pick() int {
	best := -1
	for _, i := range t.lists {
		if best < 0 || t.weights != nil && t.credit[t.names[i].List]+t.weights[i] > t.credit[t.names[best].List]+t.weights[best] {
			best = i
		}
	}
	return best
}

// took takes in that a list has given a contact, or has none.
func (t *turns) took(list int, yes bool) {
	if !yes {
		t.lists = slices.DeleteFunc(t.lists, func(i int) bool { return i == list })
		return
	}
	if t.weights == nil {
		return
	}
	for _, i := range t.lists {
		t.credit[t.names[i].List] += t.weights[i]
		t.credit[t.names[list].List] -= t.weights[i]
	}
	t.changed = true
}

func (t *turns) save(l *leasing) {
	if t.changed {
		b, _ := json.Marshal(t.credit) // of numbers: cannot fail
		l.put(bTurns, be32(nil, l.camp), b)
	}
}
