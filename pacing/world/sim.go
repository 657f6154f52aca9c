package world

import (
	"math"
	"slices"
	"time"

	"apel/pacing"
)

// Begin is when every shift begins: a Monday at nine.
var Begin = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// call is one in the air or in talk, as the world knows it.
type call struct {
	id       int
	contact  int // in the book
	fate     fate
	placed   time.Duration
	answered bool
	gen      uint32
	live     bool // slot in use
}

// sim is the world proper.
type sim struct {
	c     Config
	floor Floor
	q     queue
	now   time.Duration
	end   time.Duration

	calls  []call // slots, reused
	slot   map[int]int32
	free   []int32
	nextID int
	pace   []float64 // each operator's own
	away   []bool
	going  []bool
	inTalk []int32 // call slot or -1
	lines  int     // in use

	drawn   int // contacts taken from the list
	pool    []waiting
	sight   map[int]waiting // contacts of the book that were seen and not called yet
	next    []pacing.Candidate
	chances func([]pacing.Trait) float64

	answers, talks float64 // shock factors now
	dead, failing  bool
	closed         bool
	turns          float64 // calls that the rate allows now
	turnsAt        time.Duration
	wakeAt         time.Duration
	m              meter
}

// waiting is a contact that may be chosen.
type waiting struct {
	fate  fate
	since time.Duration
}

// mustCall is how long a contact may be passed over.
const mustCall = 45 * time.Minute

func newSim(c Config, f Floor) *sim {
	s := &sim{c: c, floor: f, end: time.Duration(c.Hours * float64(time.Hour)), slot: map[int]int32{}, sight: map[int]waiting{},
		answers: 1, talks: 1, wakeAt: math.MaxInt64}
	s.pace = make([]float64, c.Operators)
	s.away = make([]bool, c.Operators)
	s.going = make([]bool, c.Operators)
	s.inTalk = make([]int32, c.Operators)
	r := pcg(c.Seed, 0)
	for i := range s.pace {
		s.pace[i] = math.Exp(c.OperatorSpread*r.NormFloat64() - c.OperatorSpread*c.OperatorSpread/2)
		s.inTalk[i] = -1
	}
	for i := range c.Shocks {
		s.q.push(due{at: c.Shocks[i].At, what: shockStarts, id: int32(i)})
		if c.Shocks[i].For > 0 {
			s.q.push(due{at: c.Shocks[i].At + c.Shocks[i].For, what: shockEnds, id: int32(i)})
		}
	}
	s.q.push(due{at: time.Minute, what: minute})
	s.m.start(c.Operators)
	return s
}

func (s *sim) run() {
	for i := range s.c.Operators {
		s.tell(Happening{Kind: SignedIn, Operator: i})
	}
	for {
		d, ok := s.q.pop()
		if !ok || d.at >= s.end {
			break
		}
		s.now = d.at
		s.do(d)
	}
	s.now = s.end
	s.tell(Happening{Kind: Closing})
	s.m.close(s.now)
}

func (s *sim) do(d due) {
	switch d.what {
	case ringStarts, ringEnds, verdictDue:
		if c := &s.calls[d.id]; c.live && c.gen == d.gen {
			s.progress(d, c)
		}
	case talkEnds:
		s.talkEnded(int(d.id))
	case wrapEnds:
		s.wrapEnded(int(d.id))
	case wake:
		if d.at == s.wakeAt {
			s.wakeAt = math.MaxInt64
			s.tell(Happening{Kind: WakeUp})
		}
	case shockStarts:
		s.shock(&s.c.Shocks[d.id], d.id)
	case shockEnds:
		s.calm(&s.c.Shocks[d.id], d.id)
	case minute:
		s.m.minute(s.now)
		s.q.push(due{at: s.now + time.Minute, what: minute})
	}
}

func (s *sim) progress(d due, c *call) {
	switch {
	case d.what == ringStarts:
		s.tell(Happening{Kind: RingingNow, Call: c.id})
	case d.what == verdictDue && c.fate.kind == person:
		s.m.live++
		s.tell(Happening{Kind: VerdictLive, Call: c.id})
	case d.what == verdictDue:
		s.ended(c, outcomes[c.fate.kind])
		s.drop(d.id)
		s.tell(Happening{Kind: VerdictOther, Call: c.id})
	case c.fate.kind == person || c.fate.kind == machine:
		c.answered = true
		listens := s.c.Detector
		if c.fate.kind == machine {
			listens = s.c.Machines
		}
		s.q.push(due{at: s.now + listens, what: verdictDue, id: d.id, gen: d.gen})
		s.tell(Happening{Kind: Answered, Call: c.id})
	default:
		s.ended(c, outcomes[c.fate.kind])
		s.drop(d.id)
		s.tell(Happening{Kind: Unanswered, Call: c.id})
	}
}

func (s *sim) drop(slot int32) {
	s.calls[slot].live = false
	s.lines--
	s.free = append(s.free, slot)
	delete(s.slot, s.calls[slot].id)
}

func (s *sim) talkEnded(op int) {
	slot := s.inTalk[op]
	s.inTalk[op] = -1
	wrap := time.Duration(float64(s.calls[slot].fate.wrap) * s.pace[op])
	s.ended(&s.calls[slot], outcomes[person])
	s.drop(slot)
	s.q.push(due{at: s.now + wrap, what: wrapEnds, id: int32(op)})
	h := Happening{Kind: TalkOver, Operator: op}
	if s.c.ToldWrap {
		h.Until = Begin.Add(s.now + wrap)
	}
	s.tell(h)
}

func (s *sim) wrapEnded(op int) {
	if s.going[op] {
		s.going[op], s.away[op] = false, true
		s.m.busy(op, s.now, false)
		s.m.sign(op, s.now, false)
		s.tell(Happening{Kind: WentAway, Operator: op})
		return
	}
	s.m.busy(op, s.now, false)
	s.tell(Happening{Kind: WrapOver, Operator: op})
}

// shock begins one. Who goes away is the first of the team: operators are alike.
func (s *sim) shock(k *Shock, id int32) {
	if k.Answers > 0 {
		s.answers *= k.Answers
	}
	if k.Talks > 0 {
		s.talks *= k.Talks
	}
	for op := range int(math.Round(k.Away * float64(s.c.Operators))) {
		switch {
		case s.away[op] || s.going[op]:
		case s.m.idle(op):
			s.away[op] = true
			s.m.sign(op, s.now, false)
			s.tell(Happening{Kind: WentAway, Operator: op})
		default:
			s.going[op] = true
			if k.Notice {
				s.tell(Happening{Kind: GoingAway, Operator: op})
			}
		}
	}
	s.dead = s.dead || k.Dead
	s.failing = s.failing || k.Failing
	s.closed = s.closed || k.Closed
	s.tell(Happening{Kind: WakeUp})
}

func (s *sim) calm(k *Shock, id int32) {
	if k.Answers > 0 {
		s.answers /= k.Answers
	}
	if k.Talks > 0 {
		s.talks /= k.Talks
	}
	if k.Away > 0 {
		for op := range s.c.Operators {
			s.going[op] = false
			if s.away[op] {
				s.away[op] = false
				s.m.sign(op, s.now, true)
				s.tell(Happening{Kind: CameBack, Operator: op})
			}
		}
	}
	s.dead = s.dead && !k.Dead
	s.failing = s.failing && !k.Failing
	s.closed = s.closed && !k.Closed
	s.tell(Happening{Kind: WakeUp})
}

// tell hands one happening to the floor and does what it says.
func (s *sim) tell(h Happening) {
	h.Lines, h.Contacts, h.Choose = s.freeLines(), s.contactsLeft(), s.c.Choose
	if turns := s.turnsNow(); turns < h.Lines {
		h.Lines, h.Slow = turns, true
	}
	h.Closed = s.closed
	s.ahead(&h)
	h.Next = s.candidates()
	for _, a := range s.floor.Handle(Begin.Add(s.now), h) {
		s.act(a)
	}
}

func (s *sim) freeLines() int {
	if s.dead {
		return 0
	}
	if s.c.Lines <= 0 {
		return math.MaxInt32
	}
	return max(s.c.Lines-s.lines, 0)
}

// turnsNow is how many calls the rate allows; a second's worth is kept at most.
func (s *sim) turnsNow() int {
	if s.c.Rate <= 0 {
		return math.MaxInt32
	}
	s.turns = min(s.turns+s.c.Rate*(s.now-s.turnsAt).Seconds(), max(s.c.Rate, 1))
	s.turnsAt = s.now
	return int(s.turns)
}

func (s *sim) contactsLeft() int {
	if s.c.Contacts <= 0 {
		return -1
	}
	return s.c.Contacts - s.drawn + len(s.pool)
}

func (s *sim) act(a Action) {
	switch a.Kind {
	case Place:
		s.place(a)
	case Bridge:
		s.bridge(a.Call, a.Operator)
	case Abandon:
		s.m.abandoned++
		s.ended(&s.calls[s.slot[a.Call]], "abandoned")
		s.drop(s.slot[a.Call])
	case Cancel:
		if slot := s.slot[a.Call]; !s.calls[slot].answered {
			s.ended(&s.calls[slot], "cancelled")
			s.drop(slot)
		}
	case Wake:
		if at := a.At.Sub(Begin); at < s.wakeAt {
			s.wakeAt = at
			s.q.push(due{at: at, what: wake})
		}
	}
}

func (s *sim) bridge(id, op int) {
	slot := s.slot[id]
	c := &s.calls[slot]
	s.inTalk[op] = slot
	s.m.busy(op, s.now, true)
	wait := s.now - c.placed - s.c.SetUp - c.fate.ring - s.c.Detector
	s.m.waits = append(s.m.waits, wait)
	talk := time.Duration(float64(c.fate.talk) * s.talks * s.pace[op])
	s.q.push(due{at: s.now + talk, what: talkEnds, id: int32(op)})
}

func (s *sim) place(a Action) {
	if len(a.Picks) == 0 {
		for range a.Count {
			s.dial(0)
		}
		return
	}
	picks := slices.Clone(a.Picks)
	for i, p := range picks {
		s.dial(p)
		for j := i + 1; j < len(picks); j++ {
			if picks[j] > p {
				picks[j]--
			}
		}
	}
}

// dial calls the pool's contact at this place of the order.
func (s *sim) dial(at int) {
	if s.freeLines() == 0 || s.contactsLeft() == 0 || s.turnsNow() == 0 || s.closed {
		return
	}
	w, contact := waiting{}, 0
	if s.c.Book == nil {
		w = s.take(at)
	} else if next, who, ok := s.fromBook(at); ok {
		w, contact = next, who
	} else {
		return
	}
	s.turns--
	s.nextID++
	slot := s.newSlot()
	c := &s.calls[slot]
	*c = call{id: s.nextID, contact: contact, fate: w.fate, placed: s.now, gen: c.gen + 1, live: true}
	if s.failing {
		c.fate.kind, c.fate.ring = busy, 500*time.Millisecond
	}
	s.slot[c.id] = slot
	s.lines++
	s.m.placed(s.lines, s.now)
	if s.c.SetUp > 0 {
		s.q.push(due{at: s.now + s.c.SetUp, what: ringStarts, id: slot, gen: c.gen})
	}
	s.q.push(due{at: s.now + s.c.SetUp + c.fate.ring, what: ringEnds, id: slot, gen: c.gen})
	h := Happening{Kind: Placed, Call: c.id, Chance: s.chance(&c.fate)}
	if s.c.Prediction == Learned {
		h.Traits = slices.Clone(c.fate.traits[:c.fate.nTrait])
	}
	s.m.predicted(h.Chance, c.fate.kind == person)
	s.floor.Handle(Begin.Add(s.now), h)
}

func (s *sim) newSlot() int32 {
	if n := len(s.free); n > 0 {
		slot := s.free[n-1]
		s.free = s.free[:n-1]
		return slot
	}
	s.calls = append(s.calls, call{})
	return int32(len(s.calls) - 1)
}
