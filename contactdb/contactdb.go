// Package contactdb is the one durable truth: contacts, suppression, attempts,
// call records, accounts, campaigns and their versions, on one bbolt file and a
// journal beside it.
//
// Nothing of them shows in its API. Every method that changes something is
// durable when it returns; commits of concurrent callers are grouped, so that
// one fsync serves many calls. Times come from the caller: the store has no
// clock, so that it works in virtual time as it does in real time.
//
// The life of an attempt: Lease takes contacts and makes attempts of them in
// one transaction in which the campaign's rules judge each; Note keeps what is
// learned on the way; Settle writes contact, call record, tallies and hash
// chain in one; Recover turns what a crash left into "interrupted" records.
// The lease key is the phone number: one person may be in many lists, and no
// number is ever in two live attempts.
package contactdb

import (
	"errors"
	"time"
)

// Errors that callers branch on; others are wrapped with operation and object.
var (
	// ErrNotFound: the named list, contact, campaign, operator... is not there.
	ErrNotFound = errors.New("not found")
	// ErrExists: the name is taken.
	ErrExists = errors.New("already exists")
	// ErrState: the object is not in a state that allows the operation.
	ErrState = errors.New("wrong state")
	// ErrInUse: another process holds the store open.
	ErrInUse = errors.New("in use by another process")
	// ErrNoSpace: the disk is full; nothing of the operation was applied.
	ErrNoSpace = errors.New("no space left on the disk")
	// ErrNewer: the file was written by a newer version of the program.
	ErrNewer = errors.New("written by a newer version")
	// ErrDamaged: the file is not a store, or is damaged.
	ErrDamaged = errors.New("damaged")
)

// Progress is how far one campaign has come with one contact.
type Progress struct {
	Attempts    int       `json:"attempts"`           // attempts made, the live one included
	LastOutcome string    `json:"last_outcome"`       // outcome of the last settled attempt
	LastAt      time.Time `json:"last_at,omitzero"`   // when the last attempt ended
	NextTry     time.Time `json:"next_try,omitzero"`  // not before
	Final       string    `json:"final,omitempty"`    // why no further attempt is made; empty while there may be one
	Outcomes    []string  `json:"outcomes,omitempty"` // outcomes so far, oldest first, at most the last 32
	Rescheduled bool      `json:"callback,omitempty"` // NextTry is a callback promised by an operator
	Promise     *Promise  `json:"promise,omitempty"`  // ... to the minute, by somebody, for somebody

	Numbers []NumberProgress `json:"numbers,omitempty"` // of a contact with several numbers, those that were tried
}

// NumberProgress is how far a campaign has come with one number of a contact
// that has several.
type NumberProgress struct {
	Phone    string `json:"phone"`
	Attempts int    `json:"attempts"`
	Outcome  string `json:"outcome,omitempty"` // of the last settled attempt on it
}

// Candidate is what the rules see of a contact inside the lease transaction.
type Candidate struct {
	Contact
	Progress    Progress
	Suppressed  *Suppression // the do-not-call entry that covers the number, nil if none
	NumberTries []time.Time  // attempts on this number over all campaigns in the last 30 days, oldest first, at most 64
	Leased      bool         // the number, or the contact, is in a live attempt right now
	Others      []Sight      // of the contact's further numbers, in their order
}

// Sight is what the rules see of a further number of a contact: as in
// Candidate.
type Sight struct {
	Number
	Suppressed *Suppression
	Tries      []time.Time
	Leased     bool
}

// VerdictKind is the answer of the rules.
type VerdictKind int

const (
	// Never: no attempt on this contact in this campaign while the rules stay as they are.
	Never VerdictKind = iota
	// Later: not before Verdict.When.
	Later
	// Yes: dial now.
	Yes
)

// Verdict is what the rules say of a candidate at an instant.
type Verdict struct {
	Kind            VerdictKind
	When            time.Time // for Later
	Reason          string    // for Later and Never: a stable word ("do-not-call", "outside-hours", "attempts-used-up", ...)
	Detail          string    // one sentence for a person
	By              string    // for Later and Never: what of the reason it is: which list, condition, country, outcome, zones
	Trunk, CallerID string    // for Yes: how to call
	Phone           string    // for Yes: which of the contact's numbers; "" is Contact.Phone
	Others          bool      // for Yes: another of the contact's numbers may be called too
	Fresher         bool      // for Yes: one that will have been tried less often
}

// Viewpoint is for whom, and when, a contact is looked at: what the rules see
// of it depends on that.
type Viewpoint struct {
	Campaign  string
	Client    string      // on whose behalf it calls; "" if nobody's
	Registers []string    // of do-not-call registers, those that must be there in an issue that has not expired
	Callers   []CallerCap // numbers that may be shown, in order; none: the rules name one
	Now       time.Time
}

// CallerCap is a number that may be shown, and how often.
type CallerCap struct {
	Number string
	PerDay int           // calls in any 24 hours, over all campaigns; 0: no limit
	Rest   time.Duration // how long it is not used once it has made PerDay calls
}

// Source is a list that contacts are taken from.
type Source struct {
	List   string
	Weight int // share of the fresh contacts, if any source has one; 0 counts as 1 then
	Order  Order
}

// Order is in which order a list's fresh contacts are taken.
type Order string

const (
	Oldest Order = ""       // as they were imported
	Newest Order = "newest" // the last imported first
	Best   Order = "best"   // first those in whose zones LeaseRequest.Score is highest
)

// LeaseRequest asks for contacts to call now. Open and Judge run inside the
// transaction, on a goroutine of the store: they must not call the store nor
// wait for anything, and may be asked the same twice.
type LeaseRequest struct {
	Viewpoint
	Version int
	Lists   []Source // in the order in which fresh contacts are taken
	Max     int
	Chosen  []uint64      // contacts, as of Ahead, to take before others that are due or fresh, in this order; who may not be called now is left out
	For     string        // only callbacks that were promised for this operator; "": everything but these
	Only    uint64        // this contact and no other, whenever its next try would be; 0: any
	Owner   string        // names the dialer process
	TTL     time.Duration // a lease unsettled after that may be reaped by another owner
	// Open says whether a number in these zones may be called now, and if not, when it may be;
	// contacts of whom no number may be are skipped by one seek.
	Open func(zones []string) (open bool, next time.Time)
	// Judge is called inside the transaction for each contact considered.
	Judge func(Candidate) Verdict
	// Score says how good the hour is to call in these zones, for Best; nil: all alike.
	Score func(zones []string) float64
}

// LeaseResult is what a lease gave.
type LeaseResult struct {
	Attempts []Attempt
	Examined int            // contacts judged
	Passed   map[string]int // contacts passed over, by reason
	// NextAt is the earliest time at which asking again may give more; zero when
	// no contact is left that could ever be dialed under these rules. Live
	// attempts do not count: to settle one may bring its contact back.
	NextAt time.Time
	// Held is why no contact is given whatever the lists hold: RegisterExpired
	// or NoCallerID; "" if nothing is held up. HeldBy says it for a person.
	Held, HeldBy string
	// More: the walk stopped at its work limit before it reached the end; ask again.
	More bool
}

// Attempt is one dialing of one contact: durable before its INVITE is sent.
type Attempt struct {
	ID        string    `json:"id"` // sortable, unique: becomes the call record's id
	Campaign  string    `json:"campaign"`
	Version   int       `json:"campaign_version"`
	Number    int       `json:"attempt"` // 1 for the campaign's first attempt on this contact
	Contact   Contact   `json:"contact"`
	Trunk     string    `json:"trunk"`
	CallerID  string    `json:"caller_id"`
	SIPCallID string    `json:"sip_call_id"` // HMAC of the id under the store's key: a restarted service derives tag and branch from it
	LeasedAt  time.Time `json:"leased_at"`
	Owner     string    `json:"owner"`
	Expires   time.Time `json:"expires"`
	Notes     Notes     `json:"notes"`
	For       string    `json:"for,omitempty"`     // a callback that was promised for this operator
	Promise   *Promise  `json:"promise,omitempty"` // the callback that it keeps, nil if it is none
	Others    bool      `json:"others,omitempty"`  // as in Verdict
	Fresher   bool      `json:"fresher,omitempty"` // as in Verdict
}

// Notes is what is learned of a live attempt before it is settled. A crash may
// lose the last of them, never the attempt.
type Notes struct {
	PlacedAt   time.Time `json:"placed_at,omitzero"`
	RingingAt  time.Time `json:"ringing_at,omitzero"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	BridgedAt  time.Time `json:"bridged_at,omitzero"`
	Operator   string    `json:"operator,omitempty"`
	Recording  string    `json:"recording,omitempty"` // as in Record
	SHA256     string    `json:"sha256,omitempty"`    // of the recording, once it is complete
	Dialog     string    `json:"dialog,omitempty"`    // what the SIP side needs to send BYE after a restart; opaque here
	Second     string    `json:"second,omitempty"`    // the same of a second call that belongs to the attempt; opaque here
	// Answers stand in the record, should the attempt be interrupted.
	Answers map[string]string `json:"answers,omitempty"`
}

// Record is the final, hash-chained account of an attempt; its JSON names and
// their order are the export columns.
type Record struct {
	ID              string            `json:"id"`
	Campaign        string            `json:"campaign"`
	CampaignVersion int               `json:"campaign_version"`
	List            string            `json:"list"`
	ContactID       uint64            `json:"contact_id"`
	Phone           string            `json:"phone"`
	Attempt         int               `json:"attempt"`
	Trunk           string            `json:"trunk"`
	CallerID        string            `json:"caller_id"`
	SIPCallID       string            `json:"sip_call_id"`
	PlacedAt        time.Time         `json:"placed_at,omitzero"`
	RingingAt       time.Time         `json:"ringing_at,omitzero"`
	AnsweredAt      time.Time         `json:"answered_at,omitzero"`
	DetectedAt      time.Time         `json:"detected_at,omitzero"` // of DetectorVerdict; after BridgedAt if it corrects an earlier one
	BridgedAt       time.Time         `json:"bridged_at,omitzero"`
	EndedAt         time.Time         `json:"ended_at,omitzero"`
	Outcome         string            `json:"outcome"`
	SIPStatus       int               `json:"sip_status"`
	Q850Cause       int               `json:"q850_cause"`
	EndedBy         string            `json:"ended_by"` // customer, operator, dialer, network
	DetectorVerdict string            `json:"detector_verdict"`
	DetectorMS      int64             `json:"detector_ms"`    // answer to DetectedAt
	BridgeWaitMS    int64             `json:"bridge_wait_ms"` // end of the person's greeting to the bridge
	Operator        string            `json:"operator"`
	Team            string            `json:"team"`
	TalkMS          int64             `json:"talk_ms"`
	WrapMS          int64             `json:"wrap_ms"`
	Disposition     string            `json:"disposition"`
	Note            string            `json:"note"`
	ScriptAnswers   map[string]string `json:"script_answers"`
	Recording       string            `json:"recording"` // path within the data directory
	RecordingSHA256 string            `json:"recording_sha256"`
	PrevHash        string            `json:"prev_hash"`
	Hash            string            `json:"hash"`
}

// Outcomes: what the network and the detector saw.
const (
	Human         = "human"
	Machine       = "machine"
	Abandoned     = "abandoned"
	Fax           = "fax"
	Busy          = "busy"
	NoAnswer      = "no-answer"
	Rejected      = "rejected"
	InvalidNumber = "invalid-number"
	Intercepted   = "intercepted"
	Congested     = "congested"
	Failed        = "failed"
	Cancelled     = "cancelled"
	Interrupted   = "interrupted"
)

// Outcomes lists every outcome in the order in which reports show them.
var Outcomes = []string{Human, Machine, Abandoned, Fax, Busy, NoAnswer, Rejected, InvalidNumber, Intercepted, Congested, Failed, Cancelled, Interrupted}

// Settlement ends an attempt.
type Settlement struct {
	Record Record // without PrevHash and Hash, which the store sets
	// NextTry is when the campaign may try this contact again; zero with Final set: never.
	NextTry  time.Time
	Final    string       // why there is no further try; empty if there may be one
	Callback bool         // NextTry was promised by an operator
	Promise  *Promise     // a callback; in the place of NextTry and Final
	Promised bool         // a callback that was promised for the contact during the call stands
	Owed     bool         // else the one that the attempt was to keep does, from NextTry on
	Suppress *Suppression // a do-not-call entry to add in the same transaction
	Evidence []byte       // what the detector's verdict rests on, kept beside the record; at most 4096 bytes
}

// Suppression is a do-not-call entry: a number, every number with a prefix, or
// a contact with all its numbers.
type Suppression struct {
	Phone   string    `json:"phone,omitempty"`      // E.164
	Prefix  string    `json:"prefix,omitempty"`     // as "+4021"; instead of Phone
	Contact uint64    `json:"contact_id,omitempty"` // instead of Phone
	List    string    `json:"list"`                 // the do-not-call list that it is on; "" is OwnList
	Scope   string    `json:"scope,omitempty"`      // "": every call; "client:NAME", "campaign:NAME"
	Reason  string    `json:"reason"`
	Source  string    `json:"source"` // who or which file
	AddedAt time.Time `json:"added_at"`
	Expires time.Time `json:"expires,omitzero"` // not in force from then on; zero: for ever
}

// Tally counts what became of attempts, for one campaign and day or summed.
type Tally struct {
	Attempts    int            `json:"attempts"` // settled
	Outcomes    map[string]int `json:"outcomes"`
	LiveAnswers int            `json:"live_answers"` // calls answered by a person: human + abandoned + lost
	Abandoned   int            `json:"abandoned"`    // abandoned + lost: interrupted after the answer and never bridged
	Bridged     int            `json:"bridged"`
	TalkMS      int64          `json:"talk_ms"`
	WrapMS      int64          `json:"wrap_ms"`
}

// CampaignState is where a campaign stands.
type CampaignState string

const (
	Draft     CampaignState = "draft"
	Scheduled CampaignState = "scheduled"
	Running   CampaignState = "running"
	Paused    CampaignState = "paused"
	Draining  CampaignState = "draining"
	Done      CampaignState = "done"
)

// Campaign is a campaign's standing: its definition lives in immutable versions.
type Campaign struct {
	Name      string        `json:"name"`
	State     CampaignState `json:"state"`
	Version   int           `json:"version"`  // the version in force
	Versions  int           `json:"versions"` // versions applied so far
	ChangedAt time.Time     `json:"changed_at"`
	Reason    string        `json:"reason,omitempty"` // why it is in this state
}

// CampaignVersion is one applied definition, kept as it was written.
type CampaignVersion struct {
	Campaign  string    `json:"campaign"`
	Version   int       `json:"version"`
	Source    []byte    `json:"source"`
	SHA256    string    `json:"sha256"`
	AppliedAt time.Time `json:"applied_at"`
}

// Operator is an account of a person who talks.
type Operator struct {
	Name      string    `json:"name"` // also the SIP user; ASCII letters, digits, '-', '_', '.'
	FullName  string    `json:"full_name,omitempty"`
	Team      string    `json:"team,omitempty"`
	HA1MD5    string    `json:"-"` // MD5(name:realm:password), RFC 2617 §3.2.2.2; realm is Realm
	HA1SHA256 string    `json:"-"` // SHA-256 of the same, RFC 7616 §3.4.2
	CreatedAt time.Time `json:"created_at"`
}

// Realm is the digest realm of the registrar.
const Realm = "apel"

// Team is operators under a team leader.
type Team struct {
	Name   string `json:"name"`
	Leader string `json:"leader,omitempty"`
}

// List is contacts imported together.
type List struct {
	Name       string    `json:"name"`
	Contacts   int       `json:"contacts"`
	ImportedAt time.Time `json:"imported_at"`
	Zones      []ZoneSet `json:"zones"` // how many contacts by set of zones
}

// ZoneSet counts the contacts of a list that share the zones of their numbers.
type ZoneSet struct {
	Zones    []string   `json:"zones"`            // all; they may be called when all of them are open
	AnyOf    [][]string `json:"any_of,omitempty"` // numbers are in different zones: when all of one of these are
	Contacts int        `json:"contacts"`
}

// ImportResult accounts for every row: Rows = Imported + Updated + Duplicates + Rejected.
type ImportResult struct {
	List       string `json:"list"`
	Rows       int    `json:"rows"`
	Imported   int    `json:"imported"`
	Updated    int    `json:"updated"`    // the list had the external id, and the row said something new
	Duplicates int    `json:"duplicates"` // the person is in this list already, and the row said nothing new
	Rejected   int    `json:"rejected"`   // counted by the reader; the store knows of it by ImportRequest.Mark
	Suppressed int    `json:"suppressed"` // imported, but on a do-not-call list today
}
