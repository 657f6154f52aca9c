package dialer

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"apel/contactdb"
	"apel/dialer/ua"
	"apel/media"

	"go.uber.org/zap"
)

// An operator who has a customer may ask somebody: a colleague, whose leg is up
// already, or a number outside, which is called. The customer is on hold
// meanwhile. Then the customer is handed over, or taken back. Without a
// consultation (blind) it is handed over as soon as the other is there: until
// then the operator has the customer, so that nobody is lost when nobody comes.
//
// Whoever goes, the customer is somebody's: of the operator, if the one who was
// asked goes; of that one, if the operator is lost. What is done is done by the
// call's own goroutine, one thing after the other.

// Transfer says whom an operator asks or hands a customer to: one of the first
// four.
type Transfer struct {
	Operator string `json:"operator,omitempty"` // a colleague on the same campaign, on a break too
	Team     string `json:"team,omitempty"`     // who has waited longest of a team
	Anyone   bool   `json:"anyone,omitempty"`   // ... of the campaign
	Number   string `json:"number,omitempty"`   // one of the campaign's transfer: numbers, or its name
	Blind    bool   `json:"blind,omitempty"`    // hand over as soon as the other is there
}

// Consult is a consultation as a desktop shows it.
type Consult struct {
	Role  string    `json:"role"`  // asks, or is-asked
	With  string    `json:"with"`  // the other's name
	Stage string    `json:"stage"` // calling, ringing, talking
	Since time.Time `json:"since"`
	Blind bool      `json:"blind,omitempty"`
	Phone string    `json:"phone,omitempty"` // of somebody outside
}

// Handing is a consultation or a transfer in the call record, as JSON under
// transfer:1, transfer:2, ... of its script_answers. A call outside is an own
// INVITE of the same attempt, and accounted for here.
type Handing struct {
	At         time.Time `json:"at"`
	From       string    `json:"from"` // operator
	To         string    `json:"to"`   // operator, or number
	Kind       string    `json:"kind"` // operator, number
	Blind      bool      `json:"blind,omitempty"`
	Trunk      string    `json:"trunk,omitempty"`
	CallerID   string    `json:"caller_id,omitempty"`
	SIPCallID  string    `json:"sip_call_id,omitempty"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	HandedAt   time.Time `json:"handed_over_at,omitzero"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
	EndedBy    string    `json:"ended_by,omitempty"` // of the outside call, as in a record
	SIPStatus  int       `json:"sip_status,omitempty"`
	End        string    `json:"end,omitempty"` // how the consultation ended, see the constants
}

// How a consultation ends.
const (
	handedOver   = "handed-over"
	takenBack    = "taken-back"    // by the operator
	otherLeft    = "left"          // the one who was asked has hung up
	otherLost    = "lost"          // ... or the leg was lost
	notReached   = "not-reached"   // busy, no answer, not sent
	customerGone = "customer-gone" // the customer has hung up
	operatorLost = "operator-lost" // the operator who asked
)

// consult is the consultation of a call. Owned by the call's goroutine.
type consult struct {
	Handing
	name   string    // of who is asked
	leg    *leg      // a colleague's
	far    *outside  // a number's
	stage  string    // as Consult
	since  time.Time // in it
	bridge *media.Bridge
	answer chan error // to who wants it
}

// Transfer has an operator ask somebody, or hands the customer over at once.
// ErrState if nobody is free, ErrInput for a number that the campaign does not allow.
func (s *Service) Transfer(operator, attempt string, t Transfer) error {
	answer := make(chan error, 1)
	var c *call
	err := s.order(operator, attempt, func(on *call) error {
		c = on
		return on.transfer(t, answer)
	})
	if err != nil {
		return err
	}
	select {
	case err = <-answer:
	case <-c.over:
		err = say(contactdb.ErrState, "call-over", "the call is over")
	}
	s.desk.told(operator, "consult")
	return err
}

// HandOver gives the customer to the one who is asked.
func (s *Service) HandOver(operator, attempt string) error {
	return s.order(operator, attempt, func(c *call) error {
		switch {
		case c.consult == nil:
			return say(contactdb.ErrState, "no-consult", "nobody is being asked")
		case c.consult.stage != "talking":
			return say(contactdb.ErrState, "not-answered", "%s has not answered yet", c.consult.name)
		}
		return c.handOver()
	})
}

// EndConsult ends a consultation: the operator has the customer again, the
// colleague is free.
func (s *Service) EndConsult(operator, attempt string) error {
	c, err := s.onDesk(operator, attempt)
	if err != nil {
		return err
	}
	return c.ask(func() error {
		if c.consult == nil {
			return say(contactdb.ErrState, "no-consult", "nobody is being asked")
		}
		c.leave(operator)
		return nil
	})
}

// order has the call on an operator's desktop carry out f, unless the operator
// is only asked about it, or has handed it over meanwhile.
func (s *Service) order(operator, attempt string, f func(*call) error) error {
	c, err := s.customer(operator, attempt)
	if err != nil {
		return err
	}
	return c.ask(func() error {
		if now, err := s.customer(operator, attempt); err != nil || now != c {
			return noSuchCall(operator)
		}
		return f(c)
	})
}

func noSuchCall(operator string) error {
	return say(contactdb.ErrState, "no-call", "%s has no such call any more", operator)
}

// guest is the operator who is only asked; "" if none is.
func (c *call) guest() string {
	if name := c.asked.Load(); name != nil {
		return *name
	}
	return ""
}

// transfer begins. The answer comes when it is known whether it can be done.
func (c *call) transfer(t Transfer, answer chan error) error {
	k := &consult{Handing: Handing{At: time.Now(), From: c.rec.Operator, Blind: t.Blind, Kind: "operator"}, stage: "calling", since: time.Now(), answer: answer}
	switch {
	case c.gone() || c.operator == nil || c.rec.BridgedAt.IsZero() || c.away != nil:
		return noCustomer()
	case c.consult != nil:
		return say(contactdb.ErrState, "consulting", "%s is being asked already", c.consult.name)
	case t.Number != "":
		n, ok := c.l.rules.Load().def.TransferNumber(t.Number)
		if !ok {
			return say(ErrInput, "number-not-allowed", "%s is none of the campaign's transfer: numbers", t.Number)
		}
		k.Kind, k.To, k.name, k.Trunk, k.CallerID = "number", n.Number, n.Name, c.a.Trunk, c.a.CallerID
		k.SIPCallID = fmt.Sprintf("%s-%d", c.a.SIPCallID, c.seconds+1)
		c.begin(k)
		k.far = c.callOutside(n.Number)
		answer <- nil
		return nil
	}
	in := Input{Kind: InConsult, Call: c.a.ID, Operator: c.rec.Operator}
	switch {
	case t.Operator == c.rec.Operator:
		return say(ErrInput, "yourself", "that is you")
	case t.Operator != "" && c.l.s.desk.listens(t.Operator):
		return say(contactdb.ErrState, "nobody-free", "nobody is free: %s", t.Operator)
	case t.Operator != "":
		in.Among, in.Named, k.name = []string{t.Operator}, true, t.Operator
	case t.Team != "":
		in.Among, k.name = c.l.s.desk.members(t.Team), t.Team
	case t.Anyone:
		k.name = c.l.name
	default:
		return say(ErrInput, "nobody-named", "say whom: operator, team, anyone or number")
	}
	c.consult = k
	c.l.tell(in)
	return nil
}

// begin puts the customer on hold and keeps what is done.
func (c *call) begin(k *consult) {
	c.consult, c.ended = k, ""
	c.hold()
	c.passed = append(c.passed, k)
	c.notes.Answers = c.handings()
}

// setAside takes in whom the floor has set aside to be asked; "": nobody, or not any more.
func (c *call) setAside(name string) {
	k := c.consult
	switch {
	case k == nil || k.far != nil || k.leg != nil && name != "":
		if name != "" { // asked for and not wanted any more
			c.l.tell(Input{Kind: InConsultOver, Call: c.a.ID})
		}
		return
	case name == "" && k.leg == nil:
		c.consult = nil
		k.answer <- say(contactdb.ErrState, "nobody-free", "nobody is free: %s", k.name)
		return
	case name == "":
		c.goOn(otherLost)
		return
	}
	k.leg, k.To, k.name = c.l.s.desk.leg(name), name, name
	if k.leg == nil || k.leg.deaf.Load() || c.gone() {
		c.consult = nil
		c.l.tell(Input{Kind: InConsultOver, Call: c.a.ID})
		k.answer <- say(contactdb.ErrState, "nobody-free", "nobody is free: %s", k.name)
		return
	}
	c.begin(k)
	c.note()
	c.asked.Store(&name)
	c.l.s.desk.serving(name, c)
	k.leg.play(connectToneHz)
	if !k.Blind {
		c.talkTo(k, k.leg.media())
		k.answer <- nil
		return
	}
	k.AnsweredAt = time.Now()
	k.answer <- c.handOver()
}

// talkTo lets operator and the one who is asked talk.
func (c *call) talkTo(k *consult, other *media.Session) {
	k.stage, k.since, k.AnsweredAt = "talking", time.Now(), time.Now()
	c.consultBridge(k, other)
}

func (c *call) consultBridge(k *consult, other *media.Session) {
	k.bridge = media.Join(other, c.operator.media(), nil)
	c.work.mu.Lock()
	defer c.work.mu.Unlock()
	k.bridge.MuteOperator(c.work.muted)
}

// heardOf takes in what becomes of the call outside.
func (c *call) heardOf(n news) {
	k := c.consult
	switch {
	case n.call != nil:
		k.far.call = n.call
		if c.operator != nil && !k.Blind {
			c.consultBridge(k, n.call.Media()) // what the network says meanwhile
		}
		return
	case n.over:
		if n.err != nil {
			c.l.log.Info("call outside was not sent", zap.String("attempt", c.a.ID), zap.Error(n.err))
		}
		end := otherLeft
		if k.AnsweredAt.IsZero() {
			end = notReached
		}
		c.goOn(end)
		return
	case n.step == ua.Ringing:
		k.stage = "ringing"
	case n.step == ua.Answered:
		c.talkTo(k, k.far.call.Media())
		c.notes.Answers = c.handings()
		c.noteSecond(ua.Request{Trunk: k.Trunk, Number: k.To, CallerID: k.CallerID, CallID: k.SIPCallID}, k.far.call.Dialog())
		if k.Blind {
			_ = c.handOver()
		}
	}
	c.l.s.desk.told(c.rec.Operator, "consult")
}

// farNews is what the call outside has to tell; nil: there is none.
func (c *call) farNews() <-chan news {
	if c.consult == nil || c.consult.far == nil {
		return nil
	}
	return c.consult.far.news
}

// goOn ends the consultation, and the operator has the customer again.
func (c *call) goOn(end string) {
	c.endConsult(end)
	if c.operator != nil && !c.gone() {
		c.operator.play(endToneHz)
		c.unhold()
		c.rejoin(c.operator)
	}
	c.l.s.desk.told(c.rec.Operator, "consult")
}

// endConsult parts operator and the one who is asked; the customer stays on hold.
func (c *call) endConsult(end string) {
	k := c.consult
	if k == nil {
		return
	}
	c.consult = nil
	k.End = end
	if k.bridge != nil {
		k.bridge.Close()
	}
	if k.far == nil && k.leg == nil { // nobody was set aside yet
		k.answer <- noCustomer()
		return
	}
	c.ended = end
	if k.far == nil {
		k.EndedAt = time.Now()
	}
	c.notes.Answers = c.handings()
	c.note()
	if k.far != nil {
		k.far.hangup()
	} else {
		c.asked.Store(nil)
		k.leg.play(endToneHz)
		c.l.s.desk.served(k.To, c)
		c.l.tell(Input{Kind: InConsultOver, Call: c.a.ID})
	}
}

// leave is for one of the two who has heard enough.
func (c *call) leave(operator string) {
	switch {
	case c.consult == nil: // the customer was handed over meanwhile
	case c.guest() == operator:
		c.goOn(otherLeft)
	default:
		c.goOn(takenBack)
	}
}

// firstIsLost ends the consultation of an operator who is lost; the customer is
// another's now, perhaps of the one who was asked.
func (c *call) firstIsLost(next string) {
	if k := c.consult; k != nil && k.leg != nil && k.To == next {
		c.asked.Store(nil)
		c.closeConsult(k)
		return
	}
	c.endConsult(operatorLost)
}

// handOver gives the customer to the one who is asked. In the call's goroutine.
func (c *call) handOver() error {
	k := c.consult
	if c.gone() {
		return noCustomer()
	}
	if k.far != nil {
		select {
		case <-k.far.call.Ended():
			c.goOn(otherLeft)
			return say(contactdb.ErrState, "other-gone", "%s has hung up", k.name)
		default:
			c.sendAway()
			return nil
		}
	}
	if k.leg.deaf.Load() || c.l.s.desk.leg(k.To) != k.leg {
		c.goOn(otherLost)
		return say(contactdb.ErrState, "nobody-free", "nobody is free: %s", k.name)
	}
	c.settleOn(k)
	c.l.tell(Input{Kind: InHandedOver, Call: c.a.ID, Operator: k.To})
	return nil
}

// settleOn makes the colleague who was asked the operator of the call.
func (c *call) settleOn(k *consult) {
	first := c.rec.Operator
	c.closeConsult(k)
	c.asked.Store(nil)
	c.unhold()
	c.anew()
	c.operator = k.leg
	c.rejoin(k.leg)
	c.rec.Operator, c.rec.Team = k.To, k.leg.team
	c.notes.Operator = k.To
	c.note()
	c.l.s.desk.served(first, c)
	c.l.s.desk.told(k.To, "customer")
	c.l.publish(Event{Kind: "call.transferred", Attempt: c.a.ID, Operator: k.To, Detail: first})
}

// closeConsult ends a consultation that has led to the transfer.
func (c *call) closeConsult(k *consult) {
	k.End, k.HandedAt = handedOver, time.Now()
	if k.bridge != nil {
		k.bridge.Close()
	}
	c.consult = nil
	c.notes.Answers = c.handings()
}

// sendAway joins the customer with somebody outside. The operator says the
// result while the two talk; when one of them hangs up, so do we on the other.
func (c *call) sendAway() {
	k := c.consult
	c.closeConsult(k)
	c.unhold()
	c.part()
	c.rec.TalkMS = time.Since(c.talkFrom).Milliseconds()
	c.away = k.far
	customer, far := c.sip, k.far
	c.bridge = media.Join(customer.Media(), far.call.Media(), nil)
	c.note()
	c.l.tell(Input{Kind: InTalkEnded, Call: c.a.ID, Operator: c.rec.Operator, Away: true})
	c.l.publish(Event{Kind: "call.transferred", Attempt: c.a.ID, Operator: c.rec.Operator, Detail: "outside"})
	c.l.wg.Go(func() {
		select {
		case <-customer.Ended():
			far.hangup()
		case <-far.over:
			customer.Hangup()
		}
	})
}

// outlast takes the operator's word, if there is one to wait for, while customer
// and outside talk; then it waits for their end.
func (c *call) outlast(word bool) string {
	c.closeRecording()
	if word {
		c.takeWord()
		c.l.tell(Input{Kind: InFreed, Call: c.a.ID, Operator: c.rec.Operator, Disposition: c.said()})
		c.l.s.desk.served(c.rec.Operator, c)
	}
	for {
		select {
		case o := <-c.orders:
			if o.Kind == DoHangup && o.Operator == "" {
				c.sip.Hangup()
			}
		case f := <-c.asks:
			f()
		case <-c.sip.Ended():
			c.part()
			c.took(c.sip.Ending())
			return c.served()
		}
	}
}

// handings are all consultations of the call, for its record.
func (c *call) handings() map[string]string {
	if len(c.passed) == 0 {
		return nil
	}
	all := map[string]string{}
	for i, k := range c.passed {
		b, _ := json.Marshal(k.Handing) // strings and times: cannot fail
		all[fmt.Sprintf("transfer:%d", i+1)] = string(b)
	}
	return all
}

// farEnds waits for the ends of calls outside, so that the record has them.
func (c *call) farEnds() {
	for _, k := range c.passed {
		if k.far == nil {
			continue
		}
		k.far.hangup()
		<-k.far.over
		call := k.far.call
		for more := true; more; {
			select {
			case n := <-k.far.news:
				if n.call != nil {
					call = n.call
				}
			default:
				more = false
			}
		}
		if call == nil { // never sent
			k.SIPCallID = ""
			continue
		}
		e := call.Ending()
		k.EndedAt, k.EndedBy, k.SIPStatus = e.At, string(e.By), e.Status
	}
}

// hold parts customer and operator; the customer hears the campaign's prompt,
// or silence.
func (c *call) hold() {
	c.part()
	c.held = true
	sound := c.sip.Media()
	sound.KeepAlive(keepAlive) // else the carrier would take it for broken
	if len(c.rules.hold) == 0 {
		return
	}
	ctx, stop := context.WithCancel(c.l.ctx)
	c.stopHold = stop
	c.l.wg.Go(func() {
		defer stop()
		for sound.Play(ctx, c.rules.hold) == nil {
		}
	})
}

// unhold ends what the customer heard on hold.
func (c *call) unhold() {
	if !c.held {
		return
	}
	c.held = false
	if c.stopHold != nil {
		c.stopHold()
		c.stopHold = nil
	}
	c.sip.Media().KeepAlive(0)
}

// Targets are whom an operator may ask, or hand a customer to.
type Targets struct {
	Anyone     int           `json:"anyone"` // colleagues who are free
	Teams      []TargetTeam  `json:"teams"`
	Colleagues []TargetMate  `json:"colleagues"`
	Numbers    []TargetOther `json:"numbers"`
}

// TargetTeam is a team on the operator's campaign.
type TargetTeam struct {
	Name string `json:"name"`
	Free int    `json:"free"`
}

// TargetMate is a colleague on the operator's campaign.
type TargetMate struct {
	Name     string `json:"name"`
	FullName string `json:"full_name,omitempty"`
	Team     string `json:"team,omitempty"`
	State    string `json:"state"`
}

// TargetOther is somebody outside.
type TargetOther struct {
	Name   string `json:"name"`
	Number string `json:"number"`
}

// TransferTargets says whom an operator may ask at this instant.
func (s *Service) TransferTargets(operator string) (Targets, error) {
	c, err := s.customer(operator, "")
	if err != nil {
		return Targets{}, err
	}
	t := Targets{Teams: []TargetTeam{}, Colleagues: []TargetMate{}, Numbers: []TargetOther{}}
	for _, n := range c.l.rules.Load().def.Transfer.Numbers {
		t.Numbers = append(t.Numbers, TargetOther(n))
	}
	accounts, err := s.store.Operators()
	if err != nil {
		return t, err
	}
	free := map[string]int{}
	for i, st := range s.desk.all(accounts) {
		if st.Name == operator || st.Campaign != c.l.name || st.State == "offline" {
			continue
		}
		t.Colleagues = append(t.Colleagues, TargetMate{st.Name, accounts[i].FullName, st.Team, st.State})
		if _, known := free[st.Team]; !known {
			free[st.Team] = 0
		}
		if st.State == "ready" {
			free[st.Team]++
			t.Anyone++
		}
	}
	for _, team := range slices.Sorted(maps.Keys(free)) {
		if team != "" {
			t.Teams = append(t.Teams, TargetTeam{team, free[team]})
		}
	}
	return t, nil
}

// listens says whether an operator is listening to a colleague, as a supervisor.
func (d *desk) listens(operator string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.seats[operator]
	return s != nil && s.listens
}

// members are the operators of a team who are at their places.
func (d *desk) members(team string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := []string{}
	for name, s := range d.seats {
		if s.team == team {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// consultation is what an operator's desktop shows of it; nil: nothing. In the
// call's goroutine.
func (c *call) consultation(operator string) *Consult {
	k := c.consult
	if k == nil || k.far == nil && k.leg == nil {
		return nil
	}
	v := &Consult{Role: "asks", With: k.name, Stage: k.stage, Since: k.since, Blind: k.Blind}
	if k.far != nil {
		v.Phone = k.To
	}
	if c.guest() == operator {
		v.Role, v.With = "is-asked", k.From
	}
	return v
}
