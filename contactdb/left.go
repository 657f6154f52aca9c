package contactdb

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"time"
)

// Left is whom a campaign has still to call in one set of zones: Fresh, whom it
// has not looked at yet, and Waiting, who have a time.
type Left struct {
	ZoneSet          // Contacts are all that are left
	Fresh   int      `json:"fresh"`
	Waiting []HourOf `json:"waiting,omitempty"` // by the hour from which they may be tried
}

// HourOf counts contacts by an hour.
type HourOf struct {
	At       time.Time `json:"at"` // the hour's beginning, UTC; 1970 means at once
	Contacts int       `json:"contacts"`
}

// Left counts whom a campaign has still to call, by the zones of its lists, in
// the order of their zones. It reads indexes only, so the rules are not asked:
// among the fresh are those whom a filter or a do-not-call list will refuse, and
// who is in a call is not counted. Candidates counts by the rules, and takes a
// hundred times as long. ErrNotFound if the campaign was never applied; lists
// that do not exist are left out.
func (s *Store) Left(campaign string, lists []Source) ([]Left, error) {
	var all []Left
	err := s.view("left", func(t *tx) error {
		camp, err := t.campaign(campaign)
		if err != nil {
			return err
		}
		l := &leasing{tx: t, s: s, camp: camp.ID, req: LeaseRequest{Lists: lists}}
		l.req.Open = func([]string) (bool, time.Time) { return true, time.Time{} }
		if err := l.gather(); err != nil {
			return err
		}
		all, err = l.left()
		return err
	})
	return all, err
}

// counted is a group's share of what is left.
type counted struct {
	*group
	fresh   int
	waiting map[int64]int // by the hour since 1970
}

func (l *leasing) left() ([]Left, error) {
	var groups []*counted
	for _, g := range l.groups {
		c := &counted{group: g, waiting: map[int64]int{}}
		var err error
		if c.fresh, err = l.unseen(g); err == nil {
			err = l.waiting(c)
		}
		if err != nil {
			return nil, err
		}
		groups = append(groups, c)
	}
	if err := l.begun(groups); err != nil {
		return nil, err
	}
	if err := l.promised(groups); err != nil {
		return nil, err
	}
	return l.sum(groups), nil
}

// unseen counts the contacts of a group that the walk has not gone past.
func (l *leasing) unseen(g *group) (n int, err error) {
	prefix := be32(be32(nil, g.seg), g.class)
	c := l.cursor(bFresh)
	from := uint64(0)
	if g.by != nil && g.by.at != nil {
		if v := l.get(bOrdered, orderPrefix(g.seg, g.by.field)); len(v) == 8 {
			from = binary.BigEndian.Uint64(v) + 1 // who is not in order yet
		}
		ordered := l.cursor(bOrdered)
		at := g.by.at
		for key := g.by.next(ordered, at); key != nil; key = g.by.next(ordered, at) {
			at = append(at[:0:0], key[len(g.by.prefix):]...)
			n++
		}
	}
	for key, _ := c.Seek(be64(slices.Clip(prefix), from)); bytes.HasPrefix(key, prefix); {
		if len(key) != len(prefix)+8 {
			return n, errKeys(bFresh)
		}
		id := binary.BigEndian.Uint64(key[len(prefix):])
		i := slices.IndexFunc(g.seen, func(p span) bool { return p.first <= id && id <= p.last })
		if i < 0 {
			n++
			key, _ = c.Next()
			continue
		}
		if g.seen[i].last == 1<<64-1 {
			break
		}
		key, _ = c.Seek(be64(slices.Clip(prefix), g.seen[i].last+1))
	}
	return n, nil
}

// waiting counts the contacts of a group that are in the due index, by the hour.
func (l *leasing) waiting(c *counted) error {
	prefix := be32(be32(be32(nil, l.camp), c.seg), c.class)
	return l.each(bDue, prefix, func(key, _ []byte) (bool, error) {
		if len(key) != len(prefix)+16 {
			return false, errKeys(bDue)
		}
		c.waiting[hourSince(int64(binary.BigEndian.Uint64(key[len(prefix):])))]++
		return true, nil
	})
}

func hourSince(due int64) int64 { return due / int64(time.Hour) }

// begun takes out of the fresh those that the campaign has begun with, though
// its walk has not come to them (or comes again): who waits by a rule is asked
// anew by the walk, and counts as fresh then.
func (l *leasing) begun(groups []*counted) error {
	first := ^uint64(0)
	for _, g := range groups {
		switch {
		case g.fresh == 0:
		case g.by == nil && g.order != Newest && len(g.seen) > 0:
			first = min(first, g.seen[0].last+1)
		default:
			first = 0
		}
	}
	if first == ^uint64(0) {
		return nil
	}
	prefix := be32(nil, l.camp)
	c := l.cursor(bProgress)
	for key, value := c.Seek(progressKey(l.camp, first)); bytes.HasPrefix(key, prefix); key, value = c.Next() {
		if len(key) != len(prefix)+8 {
			return errKeys(bProgress)
		}
		id := binary.BigEndian.Uint64(key[len(prefix):])
		g, err := l.unseenIn(groups, id)
		if err != nil {
			return err
		}
		if g == nil {
			continue
		}
		st, err := readState(value)
		if err != nil {
			return err
		}
		switch {
		case st.taken():
			g.fresh--
		case st.Due != 0:
			g.waiting[hourSince(st.Due)]--
		}
	}
	return nil
}

// unseenIn is the group among whose unseen contacts one is; nil if it is in none.
func (l *leasing) unseenIn(groups []*counted, id uint64) (*counted, error) {
	for _, g := range groups {
		if g.by == nil && g.seen.has(id) || l.get(bFresh, freshKey(g.seg, g.class, id)) == nil {
			continue
		}
		if g.by == nil || g.by.at == nil {
			return g, nil
		}
		c, _, err := l.contact(g.seg, id)
		if err != nil {
			return nil, err
		}
		if last := l.get(bOrdered, orderPrefix(g.seg, g.by.field)); len(last) == 8 && id <= binary.BigEndian.Uint64(last) &&
			!comesFirst(g.by.at, orderPlace(&c, g.by.field), g.by.down) {
			return nil, nil // the walk has passed it
		}
		return g, nil
	}
	return nil, nil
}

// promised counts the callbacks, which have an index of their own.
func (l *leasing) promised(groups []*counted) error {
	return l.eachCallback(l.camp, func(due int64, id uint64, row callbackRow) (bool, error) {
		for _, g := range groups {
			if g.seg == row.Segment && l.get(bFresh, freshKey(g.seg, g.class, id)) != nil {
				g.waiting[hourSince(due)]++
				break
			}
		}
		return true, nil
	})
}

// sum puts the groups of like zones together.
func (l *leasing) sum(groups []*counted) []Left {
	byClass := map[uint32]*counted{}
	for _, g := range groups {
		c := byClass[g.class]
		if c == nil {
			c = &counted{group: g.group, waiting: map[int64]int{}}
			byClass[g.class] = c
		}
		c.fresh += g.fresh
		for at, n := range g.waiting {
			c.waiting[at] += n
		}
	}
	all := []Left{}
	for _, c := range byClass {
		left := Left{ZoneSet: c.zones, Fresh: c.fresh}
		left.Contacts = c.fresh
		for _, at := range slices.Sorted(maps.Keys(c.waiting)) {
			if n := c.waiting[at]; n > 0 {
				left.Waiting = append(left.Waiting, HourOf{time.Unix(0, at*int64(time.Hour)).UTC(), n})
				left.Contacts += n
			}
		}
		all = append(all, left)
	}
	slices.SortFunc(all, func(a, b Left) int { return compareZones(a.ZoneSet, b.ZoneSet) })
	return all
}
