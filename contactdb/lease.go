package contactdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"
)

// Lease takes the next contacts in one durable transaction. Retries and
// callbacks that are due come first, then fresh contacts, list by list in the
// order of import; lists that do not exist are left out. ErrNotFound if the
// campaign was never applied.
//
// Whatever Judge says, a number on a do-not-call list is passed over as
// "do-not-call", and one in a live attempt as "in-call" until a minute later.
func (s *Store) Lease(ctx context.Context, req LeaseRequest) (LeaseResult, error) {
	var res LeaseResult
	err := s.write(ctx, "lease for campaign "+req.Campaign, func(t *tx) error {
		l := &leasing{tx: t, s: s, req: req, budget: leaseWork}
		l.res.Passed = map[string]int{}
		err := l.run()
		res = l.res
		return err
	})
	return res, err
}

const (
	// leaseWork is how many contacts one transaction looks at: some 20 ms.
	leaseWork = 4096
	// inCall is when a number that is in a live attempt is looked at again.
	inCall = time.Minute
	// soonest keeps a rule that says "later, now" from being asked in a circle.
	soonest = time.Second
)

func (r *LeaseRequest) view() Viewpoint {
	return Viewpoint{Campaign: r.Campaign, Client: r.Client, Now: r.Now}
}

// leasing is one Lease on its way through the indexes.
type leasing struct {
	*tx
	s      *Store
	req    LeaseRequest
	camp   uint32
	groups []*group
	budget int
	res    LeaseResult
}

// group is the contacts of one segment and set of zones: they wait in one
// range of the due index and one of the fresh index.
type group struct {
	list       int // place of its list in the request
	seg, class uint32
	open       bool
	next       time.Time // if not open: when it may be; zero: never
	cursor     uint64    // last fresh contact seen
	moved      bool      // cursor differs from the stored one
	head       uint64    // next fresh contact, 0 if none; known if seen
	seen       bool
}

func (l *leasing) run() error {
	camp, err := l.campaign(l.req.Campaign)
	if err != nil {
		return err
	}
	l.camp = camp.ID
	if err := l.gather(); err != nil {
		return err
	}
	if err := l.takeDue(); err != nil {
		return err
	}
	if err := l.takeFresh(); err != nil {
		return err
	}
	if err := l.findNext(); err != nil {
		return err
	}
	for _, g := range l.groups {
		if g.moved {
			l.put(bCursors, cursorKey(l.camp, g.seg, g.class), be64(nil, g.cursor))
		}
	}
	return nil
}

// gather makes the groups of the lists and asks which are open.
func (l *leasing) gather() error {
	seen := map[string]bool{}
	for i, name := range l.req.Lists {
		var row listRow
		found, err := l.load(bLists, []byte(name), &row)
		if err != nil {
			return err
		}
		if !found || seen[name] {
			continue
		}
		seen[name] = true
		for _, z := range row.Zones {
			open, next := l.req.Open(z.Zones)
			for _, seg := range row.Segments {
				l.groups = append(l.groups, &group{list: i, seg: seg, class: z.Class, open: open, next: next, cursor: l.cursor(l.camp, seg, z.Class)})
			}
		}
	}
	return nil
}

func (l *leasing) full() bool { return len(l.res.Attempts) >= l.req.Max }

// takeDue leases what is due in the open groups, earliest first.
func (l *leasing) takeDue() error {
	now := dueTime(l.req.Now)
	heads := make([][]byte, len(l.groups)) // time and contact of each group's first
	for i, g := range l.groups {
		if g.open {
			heads[i] = l.firstDue(g)
		}
	}
	for !l.full() {
		first := -1
		for i, h := range heads {
			if h != nil && (first < 0 || bytes.Compare(h, heads[first]) < 0) {
				first = i
			}
		}
		if first < 0 || int64(binary.BigEndian.Uint64(heads[first])) > now {
			return nil
		}
		if !l.work() {
			return nil
		}
		g := l.groups[first]
		if err := l.examine(place{g.seg, g.class, binary.BigEndian.Uint64(heads[first][8:])}); err != nil {
			return err
		}
		heads[first] = l.firstDue(g) // what was examined has left or moved on
	}
	return nil
}

// firstDue is time and contact of a group's first key in the due index.
func (l *leasing) firstDue(g *group) []byte {
	prefix := be32(be32(be32(nil, l.camp), g.seg), g.class)
	key, _ := l.Bucket(bDue).Cursor().Seek(prefix)
	if !bytes.HasPrefix(key, prefix) {
		return nil
	}
	if len(key) != len(prefix)+16 {
		l.err = errKeys(bDue)
		return nil
	}
	return bytes.Clone(key[len(prefix):])
}

// work takes one step from the work limit.
func (l *leasing) work() bool {
	if l.budget == 0 {
		l.res.More = true
		return false
	}
	l.budget--
	return true
}

// takeFresh leases fresh contacts of the open groups, list by list.
func (l *leasing) takeFresh() error {
	for i := range l.req.Lists {
		for !l.full() && !l.res.More {
			g, err := l.firstFresh(i)
			if err != nil {
				return err
			}
			if g == nil {
				break
			}
			if !l.work() {
				return nil
			}
			g.cursor, g.moved, g.seen = g.head, true, false
			if err := l.examine(place{g.seg, g.class, g.cursor}); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstFresh is the open group of a list whose next contact was imported first.
func (l *leasing) firstFresh(list int) (*group, error) {
	var first *group
	for _, g := range l.groups {
		if g.list != list || !g.open {
			continue
		}
		if err := l.look(g); err != nil {
			return nil, err
		}
		if g.head != 0 && (first == nil || g.head < first.head) {
			first = g
		}
	}
	return first, nil
}

// look finds a group's next fresh contact and moves its cursor over those that
// the campaign has begun with. Out of work, it takes the next unseen: More is
// set then.
func (l *leasing) look(g *group) error {
	if g.seen {
		return nil
	}
	g.seen, g.head = true, 0
	prefix := be32(be32(nil, g.seg), g.class)
	c := l.Bucket(bFresh).Cursor()
	for key, _ := c.Seek(be64(prefix, g.cursor+1)); bytes.HasPrefix(key, prefix); key, _ = c.Next() {
		if len(key) != len(prefix)+8 {
			return errKeys(bFresh)
		}
		id := binary.BigEndian.Uint64(key[len(prefix):])
		st, _, err := l.state(l.camp, id)
		if err != nil {
			return err
		}
		if !st.taken() || !l.work() {
			g.head = id
			return nil
		}
		g.cursor, g.moved = id, true
	}
	return nil
}

// examine judges one contact and does what the verdict says.
func (l *leasing) examine(p place) error {
	c, found, err := l.contact(p.seg, p.id)
	if err == nil && !found {
		err = fmt.Errorf("%w: contact %d is in an index only", ErrDamaged, p.id)
	}
	if err != nil {
		return err
	}
	st, _, err := l.state(l.camp, p.id)
	if err != nil {
		return err
	}
	cand, err := l.candidate(c, st, l.req.view())
	if err != nil {
		return err
	}
	l.res.Examined++
	v := l.judge(cand)
	switch v.Kind {
	case Yes:
		return l.take(p, c, st, v)
	case Later:
		l.setDue(l.camp, p, &st, dueTime(v.When), true)
	default:
		if st.Due != 0 {
			l.setDue(l.camp, p, &st, 0, false)
		}
	}
	l.res.Passed[v.Reason]++
	return nil
}

// judge asks the rules, and holds what the store itself promises.
func (l *leasing) judge(c Candidate) Verdict {
	v := l.req.Judge(c)
	switch {
	case v.Kind == Yes && c.Suppressed != nil:
		v = Verdict{Kind: Never, Reason: "do-not-call"}
	case v.Kind == Yes && c.Leased:
		v = Verdict{Kind: Later, When: l.req.Now.Add(inCall), Reason: "in-call"}
	}
	if v.Kind == Later && v.When.Before(l.req.Now.Add(soonest)) {
		v.When = l.req.Now.Add(soonest)
	}
	return v
}

// take makes an attempt of a contact.
func (l *leasing) take(p place, c Contact, st state, v Verdict) error {
	now := l.req.Now.UTC()
	id := fmt.Sprintf("a%012d", l.next(bLive))
	st.Attempts++
	st.Live = id
	a := attemptRow{Segment: p.seg, Attempt: Attempt{
		ID: id, Campaign: l.req.Campaign, Version: l.req.Version, Number: st.Attempts, Contact: c,
		Trunk: v.Trunk, CallerID: v.CallerID, SIPCallID: l.s.sipCallID(id),
		LeasedAt: now, Owner: l.req.Owner, Expires: now.Add(l.req.TTL),
	}}
	l.save(bLive, []byte(id), a)
	l.put(bCalling, []byte(c.Phone), []byte(id))
	l.addTry(c.Phone, now)
	l.setDue(l.camp, p, &st, 0, false)
	l.res.Attempts = append(l.res.Attempts, a.Attempt)
	return nil
}

// findNext answers when asking again may give more.
func (l *leasing) findNext() error {
	for _, g := range l.groups {
		from := l.req.Now
		if !g.open {
			if from = g.next; from.IsZero() {
				continue
			}
		}
		if due := l.firstDue(g); due != nil {
			at := time.Unix(0, int64(binary.BigEndian.Uint64(due))).UTC()
			if at.Before(from) {
				at = from
			}
			l.nextAt(at)
		}
		if err := l.look(g); err != nil {
			return err
		}
		if g.head != 0 {
			l.nextAt(from)
		}
	}
	return nil
}

func (l *leasing) nextAt(at time.Time) {
	if l.res.NextAt.IsZero() || at.Before(l.res.NextAt) {
		l.res.NextAt = at
	}
}
