// Package campaign is the rule book: what a campaign says to which lists,
// through which trunks, by which rules. Pure: it reads no clock and no file.
//
// A Definition is parsed from YAML, strictly; every setting that is left out
// has a default (Default), and Marshal prints them all. Check holds a
// definition against the machine it is to run on.
//
// Judge says of a contact at an instant yes, later (when) or never (why);
// NextTry says what follows an outcome. The store's lease and the commands
// plan and why ask the same Judge, so what is shown is what is done.
//
// A window is open for the INVITE: the phone may go on ringing for RingTime
// past its end, and a conversation goes on for as long as both like.
package campaign

import (
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// Definition is a campaign's settings, defaults filled in.
type Definition struct {
	Name        string
	Description string
	Client      string     // on whose behalf it calls; do-not-call lists may be a client's
	Lists       []List     // where contacts come from, in order or by weight
	Filter      *Filter    // which of them; nil: all
	Registers   []string   // do-not-call registers that must be there, in an issue that has not expired
	Consent     Consent    // whose agreement is needed
	Trunks      []string   // in order of preference
	CallerID    []CallerID // numbers to show; used in turn
	Country     string     // ISO region that numbers of this campaign may be dialed in; empty: any
	Teams       []string   // whose operators take its calls; empty with Operators empty: everyone
	Operators   []string

	Windows      []Window      // when people may be called, in their own zone(s)
	RingTime     time.Duration // from INVITE to giving up
	Attempts     Attempts
	Numbers      Numbers // of contacts that have several
	Callbacks    Callbacks
	Pacing       pacing.Settings
	Abandonment  Abandonment
	Detector     DetectorSettings
	VoiceDrop    VoiceDrop
	Dispositions []Disposition // keys 1 to 9 in order
	Countdown    time.Duration // in preview, how long an operator may look at a contact
	WrapUp       time.Duration // longest wrap-up; then the default disposition is set
	Record       bool          // record bridged calls
	// AnnounceMonitoring shows an operator when a supervisor listens in.
	AnnounceMonitoring bool
	Hold               string // WAV that customers on hold hear, over and over; "": silence
	Transfer           Transfer
	Manual             bool // operators may have a number called that they type in
	Schedule           Schedule
	Script             *Script // nil: none
}

// Window is hours on some weekdays, local to the contact.
type Window struct {
	Days     [7]bool       // time.Weekday
	From, To time.Duration // since midnight; From < To <= 24h
}

// Attempts limits and spaces the tries on a contact.
type Attempts struct {
	Max    int                      // in this campaign
	PerDay int                      // on one number over all campaigns, in the contact's calendar day
	Retry  map[string]time.Duration // delay by outcome; 0 or less: no further try after this outcome

	PerWeek   int  // on one number over all campaigns in any 7 days; 0: no limit
	Per30Days int  // ... in any 30 days; 0: no limit
	BestHour  bool // retries wait for the hour in which most people answer, once the calls made show one
}

// List is a list whose contacts are called.
type List struct {
	Name   string
	Weight int             // share of the fresh contacts, if any list has one; 0: 1 then
	Order  contactdb.Order // in which its fresh contacts come
	Filter *Filter         // which of its contacts, beside the campaign's
}

// CallerID is a number that is shown to those who are called.
type CallerID struct {
	Number string        // E.164
	PerDay int           // calls in any 24 hours, over all campaigns; 0: no limit
	Rest   time.Duration // how long it is not used once it has made PerDay calls
}

// Callbacks says how promises are kept.
type Callbacks struct {
	Deputy    time.Duration // how long one for a named operator waits for that operator; Never: for ever
	BeyondMax bool          // a promise is kept although attempts: max is reached; the other caps hold
}

// Abandonment is the regulator's rule.
type Abandonment struct {
	Limit   float64       // share of live answers
	Window  time.Duration // over which it counts (24 h: the calendar day)
	Within  time.Duration // bridge within this time of the end of the greeting; 2 s
	Message string        // WAV played to an abandoned person; "": a short tone-free built-in text
	Retry   time.Duration // not called again for this long without a guaranteed operator; also Attempts.Retry["abandoned"]
}

// DetectorSettings are a campaign's wishes of the detector.
type DetectorSettings struct {
	Off          bool    // every answer goes to an operator at once
	PeopleLost   float64 // share of people that may be taken for machines
	DecideWithin time.Duration
	ListenOn     time.Duration // beyond DecideWithin, while somebody still talks and it isn't clear who
	Sample       float64       // share of calls taken for machines whose beginning is recorded, for a supervisor to hear
	Replay       bool          // the operator first hears what was said while it listened, sped up
}

// VoiceDrop is a recorded message left on machines after their beep; without a
// Message there is none.
type VoiceDrop struct {
	Message string // WAV
	Consent string // how those who are called agreed to recorded messages; kept for whoever asks
}

// Transfer says to whom customers may be handed over outside. Among the
// campaign's own operators it is always possible.
type Transfer struct {
	Numbers []TransferNumber // nobody else is called for it; empty: nobody
}

// TransferNumber is somebody outside whom operators may consult.
type TransferNumber struct {
	Name   string // on the operator's page
	Number string // E.164
}

// Disposition is what an operator can say of a call.
type Disposition struct {
	Name     string
	Final    bool          // no further try
	DNC      bool          // suppress the number; Final too
	Callback time.Duration // try again after this; 0: as Final says
	Success  bool          // counts as a result
	Ask      []string      // what a desktop asks for with it: amount, note, callback (its time)
}

// Schedule is when the campaign runs by itself; zero: from start to stop. In UTC.
type Schedule struct{ Start, End time.Time }

// Default returns the definition of a campaign of which only the name is
// written. Its numbers are the careful side of the rules that they cite; the
// annotated file in testdata/campaigns says what each is for.
func Default(name string) *Definition {
	d := &Definition{
		Name:               name,
		Windows:            defaultWindows(),
		RingTime:           25 * time.Second,
		Attempts:           Attempts{Max: 4, PerDay: 2, PerWeek: 7, Retry: defaultRetry(), BestHour: true},
		Numbers:            Numbers{Order: InTurn, Switch: 15 * time.Minute},
		Callbacks:          Callbacks{Deputy: 15 * time.Minute, BeyondMax: true},
		Pacing:             pacing.Settings{Mode: pacing.Predictive, Ratio: 1, Debt: pacing.DefaultDebt, Choose: 1},
		Abandonment:        defaultAbandonment(),
		Detector:           DetectorSettings{PeopleLost: 0.022, DecideWithin: 2950 * time.Millisecond, ListenOn: 4 * time.Second, Replay: true},
		Countdown:          time.Minute,
		WrapUp:             time.Minute,
		Record:             true,
		AnnounceMonitoring: true,
		Dispositions: []Disposition{
			{Name: "sale", Final: true, Success: true},
			{Name: "refused", Final: true},
			{Name: "callback", Callback: 24 * time.Hour},
			{Name: "do-not-call", Final: true, DNC: true},
			{Name: "wrong-number", Final: true},
		},
	}
	if name != "" {
		d.Lists = []List{{Name: name}}
	}
	d.agree()
	return d
}

// agree copies the settings that have two readers to their second place.
func (d *Definition) agree() {
	d.Pacing.MaxAbandonment = d.Abandonment.Limit
	d.Attempts.Retry[contactdb.Abandoned] = d.Abandonment.Retry
}

// defaultAbandonment takes of two regulators' numbers the stricter each time.
// 47 CFR 64.1200(a)(7): at most 3 % of live answers, a call counting as
// abandoned when no operator is on it within 2 s of the end of the greeting.
// Ofcom until 2017: 3 % over each 24 h, and no further call to an abandoned
// number for 72 h unless an operator is guaranteed; see countries for what came
// after.
func defaultAbandonment() Abandonment {
	return Abandonment{
		Limit:  0.03,
		Window: 24 * time.Hour,
		Within: 2 * time.Second,
		Retry:  72 * time.Hour,
	}
}

// defaultWindows are 9:00 to 20:00 on working days and 10:00 to 16:00 on
// Saturdays: inside the 8:00 to 21:00 of 47 CFR 64.1200(c)(1), and without
// Sundays, which several European codes of conduct keep free.
func defaultWindows() []Window {
	return []Window{
		{Days: [7]bool{time.Monday: true, time.Tuesday: true, time.Wednesday: true, time.Thursday: true, time.Friday: true},
			From: 9 * time.Hour, To: 20 * time.Hour},
		{Days: [7]bool{time.Saturday: true}, From: 10 * time.Hour, To: 16 * time.Hour},
	}
}
