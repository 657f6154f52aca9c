package dialer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/media"
)

// takeBackWithin is how long an operator can take back the result of a call.
const takeBackWithin = 3 * time.Second

// work is what an operator writes down of a call. It is kept with the record.
type work struct {
	mu      sync.Mutex // guards the fields below
	note    string
	answers map[string]string // to the script's questions, and what a disposition asks for
	at      time.Time         // the callback that was promised
	anyone  bool              // ... by whoever is free then
	muted   bool
	kept    bool      // it is in the record: nothing is added
	trail   []string  // steps of the script that were visited; the last is shown
	ended   bool      // the script has
	undo    time.Time // until when the result can be taken back; zero: it cannot
}

// Result is what an operator says of a call.
type Result struct {
	Disposition int       `json:"disposition"` // from 1, in the order of the campaign
	Amount      string    `json:"amount,omitempty"`
	CallbackAt  time.Time `json:"callback_at,omitzero"`
	Anyone      bool      `json:"anyone,omitempty"` // may call back, not only this operator
	Note        *string   `json:"note,omitempty"`
}

// maxNote is the longest note, in bytes.
const maxNote = 8 << 10

// ask has the call's goroutine run f; ErrState if the call is over.
func (c *call) ask(f func() error) error {
	answered := make(chan error, 1)
	select {
	case c.asks <- func() { answered <- f() }:
		return c.answerOf(answered)
	case <-c.over:
		return callOver()
	}
}

// answerOf waits for an answer; ErrState if the call is over before.
func (c *call) answerOf(answer <-chan error) error {
	select {
	case err := <-answer:
		return err
	case <-c.over:
		return callOver()
	}
}

func callOver() error { return say(contactdb.ErrState, "call-over", "the call is over") }

// done lets go of the operator's desktop.
func (c *call) done() {
	close(c.over)
	c.l.s.desk.served(c.rec.Operator, c)
	c.l.s.surveys.over(c)
}

// rejoin joins customer and operator, anew after a hold or with another browser.
func (c *call) rejoin(l *leg) {
	c.bridge = media.Join(c.sip.Media(), l.media(), c.recorder)
	c.work.mu.Lock()
	c.bridge.MuteOperator(c.work.muted)
	c.work.mu.Unlock()
	c.l.s.monitors.joined(l.operator, c.joinedNow())
	if k := c.consult; k != nil && k.stage == conferring {
		c.seatThird(k)
	}
}

// reseat goes on with another browser of the operator who has the customer.
func (c *call) reseat(l *leg) {
	if k := c.consult; k != nil && k.stage == conferring && l == k.leg {
		c.seatThird(k)
		return
	}
	if k := c.consult; k != nil && k.bridge != nil && (l == c.operator || l == k.leg) {
		other := k.leg
		if k.far != nil {
			c.consultBridge(k, k.far.call.Media())
		} else {
			c.consultBridge(k, other.media())
		}
		return
	}
	if c.operator == l && c.bridge != nil && c.away == nil && !c.gone() {
		c.rejoin(l)
	}
}

// worked puts what the operator wrote down into the record.
func (c *call) worked() {
	w := &c.work
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = true
	if w.note != "" {
		c.rec.Note = w.note
	}
	if all := c.handings(); len(w.answers) > 0 || all != nil {
		c.rec.ScriptAnswers = maps.Clone(w.answers)
		if c.rec.ScriptAnswers == nil {
			c.rec.ScriptAnswers = map[string]string{}
		}
		maps.Copy(c.rec.ScriptAnswers, all)
	}
}

// takenBack frees the operator of a browser, and waits for a moment whether the
// word is taken back. Phones have no key for that.
func (c *call) takenBack() bool {
	if page, _ := c.operator.browser(); page == nil {
		return false
	}
	c.work.mu.Lock()
	c.work.undo = time.Now().Add(takeBackWithin)
	c.work.mu.Unlock()
	c.l.tell(floor.Input{Kind: floor.InFreed, Call: c.a.ID, Operator: c.rec.Operator, Disposition: c.said()})
	timer := time.NewTimer(takeBackWithin)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return false
		case <-c.l.s.stop:
			return false
		case f := <-c.asks:
			f()
		case o := <-c.orders:
			if o.Kind == floor.DoHangup && o.Operator == "" { // on a customer who talks outside
				c.sip.Hangup()
			}
			if o.Kind == floor.DoTakenBack && c.givenBack(o) {
				c.key = 0
				c.work.mu.Lock()
				c.work.undo, c.work.at = time.Time{}, time.Time{}
				c.work.mu.Unlock()
				c.l.s.desk.serving(c.rec.Operator, c)
				return true
			}
		}
	}
}

// givenBack tells who waits for it whether the floor has given the call back.
func (c *call) givenBack(o floor.Action) (given bool) {
	var err error
	if given = o.Why == ""; !given {
		err = say(contactdb.ErrState, "gone-on", "%s has gone on, to another call or campaign; the result stands", o.Operator)
	}
	for _, back := range c.backs {
		back <- err
	}
	c.backs = nil
	return given
}

// promised is the time of the callback that the operator has promised, zero if none.
func (c *call) promised() time.Time {
	c.work.mu.Lock()
	defer c.work.mu.Unlock()
	return c.work.at
}

// promisedBy is who is to call back; "": anybody.
func (c *call) promisedBy() string {
	c.work.mu.Lock()
	defer c.work.mu.Unlock()
	if c.work.anyone {
		return ""
	}
	return c.rec.Operator
}

// said is the name of the disposition, "" if none was given.
func (c *call) said() string {
	if c.key == 0 {
		return ""
	}
	return c.rules.def.Dispositions[c.key-'1'].Name
}

// serving and served note whose desktop a call is on.
func (d *desk) serving(operator string, c *call) {
	d.mu.Lock()
	if s := d.seats[operator]; s != nil {
		s.call = c
	}
	d.mu.Unlock()
	d.told(operator, "customer")
}

func (d *desk) served(operator string, c *call) {
	d.mu.Lock()
	s := d.seats[operator]
	mine := s != nil && s.call == c
	if mine {
		s.call = nil
	}
	d.mu.Unlock()
	if mine {
		d.told(operator, "served")
	}
}

// customer finds the call on an operator's desktop, who is not only asked about
// it; ErrState if it is another than the operator saw.
func (s *Service) customer(operator, attempt string) (*call, error) {
	c, err := s.onDesk(operator, attempt)
	if err == nil && c.guest() == operator {
		return nil, say(contactdb.ErrState, "only-asked", "the customer is another operator's; you are being asked")
	}
	return c, err
}

// onDesk finds the call on an operator's desktop, whoever has the customer.
func (s *Service) onDesk(operator, attempt string) (*call, error) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	st := s.desk.seats[operator]
	if st == nil || st.call == nil || attempt != "" && st.call.a.ID != attempt {
		return nil, noSuchCall(operator)
	}
	return st.call, nil
}

var money = regexp.MustCompile(`^[0-9]{1,12}([.,][0-9]{1,2})?$`)

// Dispose takes an operator's word on a call. During the conversation it is
// noted and counts when the customer has gone; after it the operator is free
// at once, and has three seconds to take it back.
func (s *Service) Dispose(operator, attempt string, r Result) error {
	return s.order(operator, attempt, func(c *call) error { return c.result(r) })
}

// result checks a word and takes it. In the call's goroutine.
func (c *call) result(r Result) error {
	all := c.rules.def.Dispositions
	if r.Disposition < 1 || r.Disposition > len(all) {
		return say(ErrInput, "no-disposition", "there is no disposition %d; they go from 1 to %d", r.Disposition, len(all))
	}
	if c.rec.BridgedAt.IsZero() {
		return say(contactdb.ErrState, "not-talked", "nobody has talked to the customer yet")
	}
	said := all[r.Disposition-1]
	w := &c.work
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.undo.IsZero() {
		return say(contactdb.ErrState, "result-said", "the result is %s already; take it back first", c.said())
	}
	note := w.note
	if r.Note != nil {
		note = *r.Note
	}
	amount := strings.ReplaceAll(strings.TrimSpace(r.Amount), ",", ".")
	switch {
	case len(note) > maxNote:
		return say(ErrInput, "note-too-long", "the note has %d bytes, more than %d", len(note), maxNote)
	case amount != "" && !money.MatchString(amount):
		return say(ErrInput, "no-amount", "%q is no amount; write digits, and at most two after a point", r.Amount)
	case amount == "" && slices.Contains(said.Ask, "amount"):
		return say(ErrInput, "needs-amount", "%s needs an amount", said.Name)
	case strings.TrimSpace(note) == "" && slices.Contains(said.Ask, "note"):
		return say(ErrInput, "needs-note", "%s needs a note", said.Name)
	case r.CallbackAt.IsZero() && slices.Contains(said.Ask, "callback"):
		return say(ErrInput, "needs-callback", "%s needs the time of the callback", said.Name)
	}
	if err := c.promise(said.Callback > 0, r.CallbackAt); err != nil {
		return err
	}
	w.note, w.at, w.anyone = note, r.CallbackAt, r.Anyone
	w.set("amount", amount)
	if r.CallbackAt.IsZero() {
		w.set("callback_at", "")
	} else {
		w.set("callback_at", r.CallbackAt.UTC().Format(time.RFC3339))
	}
	c.key = byte('0' + r.Disposition)
	return nil
}

// promise checks the time of a callback: ahead, and legal where the contact is.
func (c *call) promise(callback bool, at time.Time) error {
	const longest = 366 * 24 * time.Hour
	switch now := time.Now(); {
	case at.IsZero():
		return nil
	case !callback:
		return say(ErrInput, "no-callback", "this disposition promises no callback")
	case at.Before(now.Add(time.Minute)), at.After(now.Add(longest)):
		return say(ErrInput, "callback-when", "a callback lies between a minute and a year ahead, not at %s", at.Format(time.RFC3339))
	}
	if open, next := c.l.rules.Load().def.OpenTo(c.contact(), at); !open {
		return say(ErrRefused, "callback-illegal", "nobody may be called there at %s; the next legal time is %s", at.Format(time.RFC3339), next.Format(time.RFC3339))
	}
	return nil
}

// set keeps an answer, or takes it away if it is empty. With mu held.
func (w *work) set(key, value string) {
	if value == "" {
		delete(w.answers, key)
		return
	}
	if w.answers == nil {
		w.answers = map[string]string{}
	}
	w.answers[key] = value
}

// TakeBack takes back the result of the operator's last call, within three
// seconds. ErrState if the next call has come, or if they were lent for this one
// and have gone home.
func (s *Service) TakeBack(operator, attempt string) error {
	back, of := make(chan error, 1), (*call)(nil)
	err := s.order(operator, attempt, func(c *call) error {
		c.work.mu.Lock()
		late := c.work.undo.IsZero()
		c.work.mu.Unlock()
		if late {
			return say(contactdb.ErrState, "too-late", "there is no result to take back")
		}
		of = c
		if c.backs = append(c.backs, back); len(c.backs) == 1 {
			c.l.tell(floor.Input{Kind: floor.InTakenBack, Call: c.a.ID, Operator: c.rec.Operator})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return of.answerOf(back)
}

// Side is one of the two whom an operator has on the line while somebody is asked.
type Side string

// The zero Side is who is meant most likely.
const (
	OfCustomer Side = "customer"
	OfOther    Side = "other" // who is asked
)

func (of Side) check() error {
	switch of {
	case "", OfCustomer, OfOther:
		return nil
	}
	return say(ErrInput, "no-side", "%q is neither customer nor other", string(of))
}

// HangUp ends the conversation; while somebody is asked, only that one's, or
// only the customer's. Whoever is asked outside then stays on the line until the
// operator has said the result.
func (s *Service) HangUp(operator, attempt string, of Side) error {
	if err := of.check(); err != nil {
		return err
	}
	return s.order(operator, attempt, func(c *call) error {
		switch {
		case c.sip == nil || c.away != nil:
			return noCustomer()
		case c.consult != nil && of != OfCustomer:
			c.goOn(takenBack)
			return nil
		case c.gone():
			return noCustomer()
		case of == OfOther:
			return say(contactdb.ErrState, "no-consult", "nobody is being asked")
		}
		c.byOperator = true
		if c.rec.AnsweredAt.IsZero() { // a contact that was accepted in preview, and rings
			c.giveUp(contactdb.Cancelled)
			return nil
		}
		c.sip.Hangup()
		return nil
	})
}

func noCustomer() error {
	return say(contactdb.ErrState, "no-customer", "there is no customer on the line")
}

// Hold parts customer and operator, who goes on when it ends. The customer hears
// the campaign's prompt, or silence.
func (s *Service) Hold(operator, attempt string, on bool) error {
	err := s.order(operator, attempt, func(c *call) error {
		switch {
		case c.gone() || c.operator == nil || c.away != nil:
			return noCustomer()
		case c.consult != nil:
			return say(contactdb.ErrState, "consulting", "%s is being asked already", c.consult.name)
		case on && !c.held:
			c.hold()
		case !on && c.held:
			c.unhold()
			c.rejoin(c.operator)
		}
		return nil
	})
	s.desk.told(operator, "hold")
	return err
}

// Mute keeps the customer, or who is asked, from hearing the operator.
func (s *Service) Mute(operator, attempt string, on bool) error {
	err := s.order(operator, attempt, func(c *call) error {
		c.work.mu.Lock()
		defer c.work.mu.Unlock()
		c.work.muted = on
		if c.bridge != nil && c.away == nil {
			c.bridge.MuteOperator(on)
		}
		if c.consult != nil && c.consult.bridge != nil {
			c.consult.bridge.MuteOperator(on)
		}
		return nil
	})
	s.desk.told(operator, "mute")
	return err
}

// keyTime is how long a key is pressed.
const keyTime = 120 * time.Millisecond

// Press sends keys to one side, as for a menu that answered: while somebody
// outside is asked, with the customer on the line or not, to that one, unless
// the customer is named.
func (s *Service) Press(operator, attempt, keys string, to Side) error {
	if keys == "" || len(keys) > 32 || strings.Trim(keys, "0123456789*#") != "" {
		return say(ErrInput, "no-keys", "%s are no keys; there are 0 to 9, * and #, at most 32 of them", strconv.Quote(keys))
	}
	if err := to.check(); err != nil {
		return err
	}
	return s.order(operator, attempt, func(c *call) error {
		sound := c.pressed(to)
		if sound == nil {
			return noCustomer()
		}
		for i := range len(keys) {
			if err := sound.SendDigit(c.l.ctx, keys[i], keyTime); err != nil {
				return fmt.Errorf("key %c: %w", keys[i], err)
			}
		}
		return nil
	})
}

// pressed is who gets the operator's keys; nil: nobody.
func (c *call) pressed(to Side) *media.Session {
	switch k := c.consult; {
	case c.away != nil:
		return nil
	case to != OfCustomer && k != nil && k.far != nil && k.answered():
		return k.far.call.Media()
	case to == OfOther || c.gone() || c.bridge == nil:
		return nil
	}
	return c.sip.Media()
}

// Jot keeps the note on the call on an operator's desktop.
func (s *Service) Jot(operator, attempt, note string) error {
	c, err := s.customer(operator, attempt)
	if err != nil {
		return err
	}
	if len(note) > maxNote {
		return say(ErrInput, "note-too-long", "the note has %d bytes, more than %d", len(note), maxNote)
	}
	c.work.mu.Lock()
	defer c.work.mu.Unlock()
	c.work.note = note
	return nil
}
