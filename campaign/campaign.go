// Package campaign is the rule book: what a campaign says to which lists,
// through which trunks, by which rules. Pure: it reads no clock and no file.
//
// A Definition is parsed from YAML, strictly; every setting that is left out
// has a default. Judge says of a contact at an instant yes, later (when) or
// never (why); NextTry says what follows an outcome. The store's lease and the
// commands plan and why ask the same Judge.
package campaign

import (
	"errors"
	"time"

	"apel/contactdb"
	"apel/pacing"
)

var errStub = errors.New("campaign: being built")

// Definition is a campaign's settings, defaults filled in.
type Definition struct {
	Name        string
	Description string
	Lists       []string
	Trunks      []string // in order of preference
	CallerID    []string // E.164; used in turn
	Country     string   // ISO region that numbers of this campaign may be dialed in; empty: any
	Teams       []string // whose operators take its calls; empty with Operators empty: everyone
	Operators   []string

	Windows      []Window      // when people may be called, in their own zone(s)
	RingTime     time.Duration // from INVITE to giving up
	Attempts     Attempts
	Pacing       pacing.Settings
	Abandonment  Abandonment
	Detector     DetectorSettings
	Dispositions []Disposition // keys 1 to 9 in order
	WrapUp       time.Duration // longest wrap-up; then the default disposition is set
	Record       bool          // record bridged calls
	Schedule     Schedule
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
}

// Abandonment is the regulator's rule.
type Abandonment struct {
	Limit   float64       // share of live answers
	Window  time.Duration // over which it counts (24 h: the calendar day)
	Within  time.Duration // bridge within this time of the end of the greeting; 2 s
	Message string        // WAV played to an abandoned person; "": a short tone-free built-in text
	Retry   time.Duration // not called again for this long without a guaranteed operator
}

// DetectorSettings are a campaign's wishes of the detector.
type DetectorSettings struct {
	Off          bool // every answer goes to an operator at once
	DecideWithin time.Duration
}

// Disposition is what an operator can say of a call.
type Disposition struct {
	Name     string
	Final    bool          // no further try
	DNC      bool          // suppress the number
	Callback time.Duration // try again after this; 0: as Final says
	Success  bool          // counts as a result
}

// Schedule is when the campaign runs by itself; zero: from start to stop.
type Schedule struct{ Start, End time.Time }

// Parse reads a definition. An error names line and column, shows the line
// with an arrow, and says what to write instead.
func Parse(source []byte) (*Definition, error) { return nil, errStub }

// Marshal writes the whole definition, defaults included, as YAML.
func (d *Definition) Marshal() ([]byte, error) { return nil, errStub }

// Known is what the machine has, for Check.
type Known struct {
	Trunks    []string
	Lists     []string
	Operators []string
	Teams     []string
	CallerIDs map[string][]string // by trunk: the numbers it may show; empty: not restricted
}

// Check finds what would keep the campaign from running or break a rule
// (missing trunk or list, caller ID not allowed, ...), each as a sentence
// with the next step.
func (d *Definition) Check(k Known) []error { return nil }

// Open says whether someone who may be in any of zones may be called at now;
// if not, when the next window opens in all of them.
func (d *Definition) Open(zones []string, now time.Time) (bool, time.Time) { return false, time.Time{} }

// Judge says whether the candidate may be dialed now. Trunk and CallerID of
// the verdict are left to the caller.
func (d *Definition) Judge(c contactdb.Candidate, now time.Time) contactdb.Verdict {
	return contactdb.Verdict{}
}

// NextTry says when to try a contact again after its attempt number ended at
// now with this outcome and disposition ("" if none): a time not before which,
// or a final reason.
func (d *Definition) NextTry(c contactdb.Contact, attempt int, outcome, disposition string, now time.Time) (at time.Time, final string) {
	return time.Time{}, ""
}
