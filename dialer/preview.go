package dialer

import (
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
)

// Preview is the contact that an operator is shown, to be called or skipped.
type Preview struct {
	Operator string            `json:"operator"`
	Campaign string            `json:"campaign"`
	Attempt  string            `json:"attempt"`
	Number   int               `json:"number"` // of the attempt
	Contact  contactdb.Contact `json:"contact"`
	Until    time.Time         `json:"until"` // decide before
}

// Preview gives the contact that an operator is shown; ErrState if there is none.
func (s *Service) Preview(operator string) (Preview, error) {
	if _, err := s.store.Operator(operator); err != nil {
		return Preview{}, err
	}
	p, _, err := s.previewOf(operator)
	return p, err
}

// AcceptPreview has the contact called that an operator is shown; attempt, if
// given, is the one that was seen. ErrState if it is not shown any more.
func (s *Service) AcceptPreview(operator, attempt string) (Preview, error) {
	return s.decide(operator, attempt, floor.Input{Kind: floor.InAccept, Operator: operator})
}

// SkipPreview lets the contact go that an operator is shown, and says why.
func (s *Service) SkipPreview(operator, attempt, reason string) (Preview, error) {
	if reason == "" {
		return Preview{}, say(ErrInput, "skip-reason", "a skip needs a reason, for the record")
	}
	return s.decide(operator, attempt, floor.Input{Kind: floor.InSkip, Operator: operator, Reason: reason})
}

func (s *Service) decide(operator, attempt string, in floor.Input) (Preview, error) {
	if _, err := s.store.Operator(operator); err != nil {
		return Preview{}, err
	}
	p, l, err := s.previewOf(operator)
	if err == nil && attempt != "" && attempt != p.Attempt {
		err = say(contactdb.ErrState, "preview-other", "%s is shown another contact by now", operator)
	}
	if err == nil {
		l.tell(in)
	}
	return p, err
}

// previewOf looks at the floor of an operator.
func (s *Service) previewOf(operator string) (p Preview, l *loop, err error) {
	if !s.isRunning() {
		return p, nil, ErrNotRunning
	}
	s.desk.mu.Lock()
	if st := s.desk.seats[operator]; st != nil {
		l = st.loop
	}
	s.desk.mu.Unlock()
	shown := false
	if l != nil {
		l.look(func(f *floor.Floor) {
			id, until := f.Preview(operator)
			c := l.calls[id]
			shown = c != nil
			if shown {
				p = Preview{Operator: operator, Campaign: l.name, Attempt: id, Number: c.a.Number, Contact: c.contact(), Until: until}
			}
		})
	}
	if !shown {
		err = say(contactdb.ErrState, "preview-none", "%s is shown no contact now", operator)
	}
	return p, l, err
}

// show puts a contact before an operator.
func (l *loop) show(a floor.Action) {
	c := l.calls[a.Call]
	if c == nil {
		return
	}
	l.s.desk.serving(a.Operator, c)
	l.publish(Event{Kind: "operator.preview", Operator: a.Operator, Attempt: a.Call, Phone: mask(c.a.Contact.Phone), Detail: "decide before " + a.Until.Format(time.RFC3339)})
}

// wanted waits for the operator's decision on the contact; false if it is not
// to be called.
func (c *call) wanted() bool {
	for {
		select {
		case ask := <-c.asks:
			ask()
		case o := <-c.orders:
			switch o.Kind {
			case floor.DoPlace:
				c.viewer = o.Operator
				return true
			case floor.DoSkip, floor.DoHangup:
				why := o.Why
				if o.Kind == floor.DoHangup {
					why = "the campaign was stopped"
				}
				c.l.s.sent(c.a.Trunk) // its place at the trunk is free
				c.l.s.desk.served(o.Operator, c)
				c.rec.EndedBy, c.rec.Note = string(endedByOperator), "not called: "+why
				if o.Operator != "" {
					c.l.publish(Event{Kind: "operator.skipped", Operator: o.Operator, Attempt: c.a.ID, Detail: why})
				}
				return false
			}
		}
	}
}

const endedByOperator = "operator"

// away takes an operator off calls who does not decide.
func (d *desk) away(operator, why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.seats[operator]; s != nil {
		s.ready, s.reason = false, why
		d.tell(s)
	}
}

// ReadyIn takes an operator's word that the wrap-up will be over in a while.
// ErrState if the operator is not in one.
func (s *Service) ReadyIn(operator string, d time.Duration) error {
	if _, err := s.store.Operator(operator); err != nil {
		return err
	}
	if !s.isRunning() {
		return ErrNotRunning
	}
	if d < 0 || d > time.Hour {
		return say(ErrInput, "wrap-up-long", "a wrap-up is over within an hour")
	}
	s.desk.mu.Lock()
	st := s.desk.seats[operator]
	if st == nil || st.loop == nil || st.state != "wrap-up" {
		s.desk.mu.Unlock()
		return say(contactdb.ErrState, "not-in-wrap-up", "%s is not in a wrap-up", operator)
	}
	l := st.loop
	s.desk.mu.Unlock()
	l.tell(floor.Input{Kind: floor.InReadyIn, Operator: operator, Until: time.Now().Add(d)})
	return nil
}
