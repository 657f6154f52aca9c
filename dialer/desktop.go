package dialer

import (
	"maps"
	"time"

	"apel/contactdb"
	"apel/media/browser"
)

// Desktop is all that an operator's page shows, at an instant. Each change is
// told by an event "operator.state" with the operator's name; the page asks
// for the whole again, so that none can be missed.
type Desktop struct {
	OperatorStatus
	FullName  string        `json:"full_name,omitempty"`
	Since     time.Time     `json:"since"`             // of the state
	Leaving   bool          `json:"leaving,omitempty"` // not ready after this call
	Tab       string        `json:"tab,omitempty"`     // the window that has the leg
	Sound     *Sound        `json:"sound,omitempty"`   // nil: no browser
	Headset   *Headset      `json:"headset,omitempty"` // the last test, nil: none that counts
	Call      *CustomerCall `json:"call,omitempty"`
	Manual    bool          `json:"manual,omitempty"`    // a number may be dialed by hand now
	Monitored *Monitoring   `json:"monitored,omitempty"` // who listens to the call, as far as the operator is told
	Now       time.Time     `json:"now"`                 // the service's clock
}

// Sound is how a browser's leg stands.
type Sound struct {
	Heard    bool    `json:"heard"`
	LevelDB  float64 `json:"level_db"`
	Lost     float64 `json:"lost"`     // share of the browser's packets in the last second
	FarLost  float64 `json:"far_lost"` // of ours
	TripMS   int64   `json:"trip_ms"`
	JitterMS int64   `json:"jitter_ms"`
}

// CustomerCall is the call on a desktop.
type CustomerCall struct {
	Attempt      string              `json:"attempt"`
	Number       int                 `json:"number"` // of the attempt
	MaxAttempts  int                 `json:"max_attempts"`
	Version      int                 `json:"campaign_version"`
	Contact      contactdb.Contact   `json:"contact"`
	BridgedAt    time.Time           `json:"bridged_at,omitzero"`
	EndedAt      time.Time           `json:"ended_at,omitzero"`
	EndedBy      string              `json:"ended_by,omitempty"`
	Held         bool                `json:"held,omitempty"`
	Consult      *Consult            `json:"consult,omitempty"`
	ConsultEnd   string              `json:"consult_end,omitempty"` // how the last one ended
	Away         bool                `json:"away,omitempty"`        // the customer was handed over to somebody outside
	Muted        bool                `json:"muted,omitempty"`
	Recorded     bool                `json:"recorded,omitempty"`
	Note         string              `json:"note"`
	Answers      map[string]string   `json:"answers"`
	Disposition  int                 `json:"disposition,omitempty"` // said already
	TakeBackBy   time.Time           `json:"take_back_by,omitzero"`
	DecideBy     time.Time           `json:"decide_by,omitzero"` // in preview: to be called or skipped before
	WrapUpMS     int64               `json:"wrap_up_ms"`
	Dispositions []DispositionButton `json:"dispositions"`
	Script       *DeskScript         `json:"script,omitempty"`
	History      []contactdb.Record  `json:"history"` // newest first
}

// DispositionButton is one of the keys 1 to 9.
type DispositionButton struct {
	Name     string   `json:"name"`
	Ask      []string `json:"ask,omitempty"`
	Callback bool     `json:"callback,omitempty"`
	DNC      bool     `json:"dnc,omitempty"`
	Success  bool     `json:"success,omitempty"`
}

// shown is what of a call its own goroutine changes and a desktop shows.
type shown struct {
	bridged, ended time.Time
	endedBy        string
	held, recorded bool
	consult        *Consult
	consultEnd     string
	away           bool
	key            byte
	contact        contactdb.Contact
}

// Desktop returns what an operator sees.
func (s *Service) Desktop(operator string) (Desktop, error) {
	o, err := s.store.Operator(operator)
	if err != nil {
		return Desktop{}, err
	}
	d, c, page := s.desk.desktop(o)
	if page != nil {
		d.Sound = soundOf(page, d.Sound.Heard)
	}
	d.Monitored = s.monitored(operator, c)
	if c != nil {
		// A contact that is only shown is no call yet.
		p, shown := s.Preview(operator)
		if d.Call, err = s.customerCall(operator, c); err != nil {
			return d, err
		}
		if shown == nil && d.Call != nil && p.Attempt == d.Call.Attempt {
			d.State, d.Call.DecideBy = "preview", p.Until
		}
		if d.Call != nil && d.Call.Consult != nil && d.State == "talking" {
			d.State = "consulting"
			switch {
			case d.Call.Consult.Stage == conferring:
				d.State = conferring
			case d.Call.Consult.Role == "is-asked":
				d.State = "consulted"
			}
		}
	}
	return d, nil
}

func (d *desk) desktop(o contactdb.Operator) (Desktop, *call, *browser.Leg) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	s := d.seats[o.Name]
	if s == nil {
		return Desktop{OperatorStatus: OperatorStatus{Name: o.Name, Team: o.Team, State: "offline", Phone: "none"}, FullName: o.FullName, Since: now, Now: now}, nil, nil
	}
	v := Desktop{OperatorStatus: d.status(s), FullName: o.FullName, Since: s.since, Now: now, Headset: s.headset}
	var page *browser.Leg
	if s.leg != nil {
		if page, v.Tab = s.leg.browser(); page != nil {
			v.Sound = &Sound{Heard: !s.deaf}
		}
		busy := v.State == "talking" || v.State == "reserved" || v.State == "wrap-up"
		v.Leaving = busy && !s.ready
		if v.Leaving {
			v.Reason = s.why()
		}
	}
	v.Manual = s.leg != nil && s.loop != nil && s.loop.rules.Load().def.Manual && (v.State == "ready" || v.State == "not-ready")
	return v, s.call, page
}

// SoundOf is how the sound of an operator's browser stands; nil without one.
func (s *Service) SoundOf(operator string) *Sound {
	s.desk.mu.Lock()
	st := s.desk.seats[operator]
	var page *browser.Leg
	var heard bool
	if st != nil && st.leg != nil {
		page, _ = st.leg.browser()
		heard = !st.deaf
	}
	s.desk.mu.Unlock()
	if page == nil {
		return nil
	}
	return soundOf(page, heard)
}

func soundOf(page *browser.Leg, heard bool) *Sound {
	q := page.Quality()
	return &Sound{Heard: heard, LevelDB: q.Level, Lost: q.Lost, FarLost: q.FarLost, TripMS: q.Trip.Milliseconds(), JitterMS: q.Jitter.Milliseconds()}
}

// EditContact changes the contact on an operator's desktop, and no other. It
// returns it as it was and as it is.
func (s *Service) EditContact(operator, attempt string, change func(*contactdb.Contact)) (before, after contactdb.Contact, err error) {
	c, err := s.customer(operator, attempt)
	if err != nil {
		return before, after, err
	}
	found := false
	err = c.ask(func() error {
		all, err := s.store.ContactsByPhone(c.a.Contact.Phone)
		if err != nil {
			return err
		}
		for _, now := range all {
			if now.ID != c.a.Contact.ID {
				continue
			}
			found, before = true, now
			before.Fields = maps.Clone(now.Fields)
			change(&now)
			if after, err = s.store.PutContact(now, time.Now()); err != nil {
				return err
			}
			shown := after
			shown.Phone = c.a.Contact.Phone // the number that was called may be another of the person's
			c.card.Store(&shown)
		}
		return nil
	})
	if err == nil && !found {
		err = say(contactdb.ErrNotFound, "contact-gone", "the contact is in no list any more")
	}
	if err == nil {
		s.desk.told(operator, "contact")
	}
	return before, after, err
}

// historyShown is how many earlier calls a contact card shows.
const historyShown = 10

func (s *Service) customerCall(operator string, c *call) (*CustomerCall, error) {
	var sh shown
	if err := c.ask(func() error { sh = c.show(operator); return nil }); err != nil {
		return nil, nil // it is over: nothing is on the desktop any more
	}
	def := c.rules.def
	v := &CustomerCall{Attempt: c.a.ID, Number: c.a.Number, MaxAttempts: def.Attempts.Max, Version: c.rules.version, Contact: sh.contact,
		BridgedAt: sh.bridged, EndedAt: sh.ended, EndedBy: sh.endedBy, Held: sh.held, Consult: sh.consult, ConsultEnd: sh.consultEnd, Away: sh.away, Recorded: sh.recorded,
		WrapUpMS: def.WrapUp.Milliseconds(), History: []contactdb.Record{}, Answers: map[string]string{}}
	if sh.key != 0 {
		v.Disposition = int(sh.key - '0')
	}
	for _, d := range def.Dispositions {
		v.Dispositions = append(v.Dispositions, DispositionButton{Name: d.Name, Ask: d.Ask, Callback: d.Callback > 0, DNC: d.DNC, Success: d.Success})
	}
	c.work.mu.Lock()
	v.Note, v.Muted, v.TakeBackBy = c.work.note, c.work.muted, c.work.undo
	maps.Copy(v.Answers, c.work.answers)
	c.work.mu.Unlock()
	v.Script = c.deskScript(sh.contact, func(step string) string { return s.Wording(operator, c.l.name, step) })
	for r, err := range s.store.Records(contactdb.RecordFilter{Phone: sh.contact.Phone}) {
		if err != nil {
			return nil, err
		}
		v.History = append([]contactdb.Record{r}, v.History...)
		v.History = v.History[:min(len(v.History), historyShown)]
	}
	return v, nil
}

// show is the call's own part. In its goroutine.
func (c *call) show(operator string) shown {
	sh := shown{consult: c.consultation(operator), consultEnd: c.ended, away: c.away != nil, bridged: c.rec.BridgedAt, held: c.held, recorded: c.rec.Recording != "", key: c.key, contact: c.contact()}
	if c.gone() {
		e := c.sip.Ending()
		sh.ended, sh.endedBy = e.At, string(e.By)
		if c.byOperator {
			sh.endedBy = "operator"
		}
	}
	return sh
}
