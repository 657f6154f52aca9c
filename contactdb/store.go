package contactdb

import (
	"context"
	"errors"
	"iter"
	"time"
)

var errStub = errors.New("contactdb: being built")

// Store is the database of one data directory. Its methods may be called from
// any goroutine.
type Store struct{}

// Config says where the store is and how it runs; zero values are defaults.
type Config struct {
	Path    string        // the file; created with its folder if it is not there
	Timeout time.Duration // how long to wait for another process to let go of it; 0: do not wait
}

// Open opens or creates the store.
func Open(cfg Config) (*Store, error) { return nil, errStub }

// Close waits for commits in flight and closes the file.
func (s *Store) Close() error { return errStub }

// Import adds the contacts of rows to a new or existing list, all or nothing:
// after a crash in the middle the list is as before. Duplicates of a number
// within the list are counted and dropped. rows may yield an error, which ends
// and undoes the import.
func (s *Store) Import(ctx context.Context, list string, now time.Time, rows iter.Seq2[Contact, error]) (ImportResult, error) {
	return ImportResult{}, errStub
}

// Lists returns all lists by name.
func (s *Store) Lists() ([]List, error) { return nil, errStub }

// List returns one list; ErrNotFound.
func (s *Store) List(name string) (List, error) { return List{}, errStub }

// RemoveList removes a list and its contacts; ErrNotFound, ErrState while a
// number of it is in a live attempt. Call records stay.
func (s *Store) RemoveList(name string) error { return errStub }

// Contacts walks the contacts of a list in order of import.
func (s *Store) Contacts(list string) iter.Seq2[Contact, error] { return nil }

// ContactsByPhone returns every contact with this number, over all lists.
func (s *Store) ContactsByPhone(phone string) ([]Contact, error) { return nil, errStub }

// PutContact adds a contact (ID 0) or replaces one; returns it with its ID.
func (s *Store) PutContact(c Contact, now time.Time) (Contact, error) { return c, errStub }

// Progress returns how far a campaign has come with a contact.
func (s *Store) Progress(campaign string, contact uint64) (Progress, error) {
	return Progress{}, errStub
}

// Candidate returns what the rules of a campaign see of a contact now: the
// same view that Lease judges.
func (s *Store) Candidate(campaign string, c Contact, now time.Time) (Candidate, error) {
	return Candidate{}, errStub
}

// Candidates walks every contact of the lists as the campaign's rules see it,
// in one consistent view. For plan and why; Lease does not scan.
func (s *Store) Candidates(campaign string, lists []string, now time.Time) iter.Seq2[Candidate, error] {
	return nil
}

// Lease takes the next contacts in one durable transaction. Retries and
// callbacks that are due come first, then fresh contacts, list by list.
func (s *Store) Lease(ctx context.Context, req LeaseRequest) (LeaseResult, error) {
	return LeaseResult{}, errStub
}

// Rejudge makes the next leases of a campaign consider again every contact
// that rules passed over with Never: call it when rules have changed. (A new
// version of the campaign and a removed do-not-call entry do so by themselves.)
func (s *Store) Rejudge(campaign string) error { return errStub }

// Note keeps what is learned of a live attempt. It returns without waiting
// for the disk; a crash may lose it.
func (s *Store) Note(attempt string, n Notes) error { return errStub }

// Settle ends a live attempt: contact, call record, tallies and hash chain in
// one transaction. It returns the record with its hashes. ErrState if the
// attempt is not live (each attempt has exactly one record).
func (s *Store) Settle(ctx context.Context, st Settlement) (Record, error) {
	return Record{}, errStub
}

// Live returns the live attempts, by id.
func (s *Store) Live() ([]Attempt, error) { return nil, errStub }

// Recover turns each live attempt of owner ("" for all) into an "interrupted"
// record; next gives the time of the next try (or final) for each. It returns the attempts, so
// that the SIP side can hang up what was left behind.
func (s *Store) Recover(ctx context.Context, owner string, now time.Time, next func(Attempt) (time.Time, string)) ([]Attempt, error) {
	return nil, errStub
}

// RecordFilter chooses call records; zero fields do not filter.
type RecordFilter struct {
	Campaign string
	Phone    string
	Operator string
	From, To time.Time // by the time the record was settled: From <= t < To
}

// Records walks call records in the order of their chain.
func (s *Store) Records(f RecordFilter) iter.Seq2[Record, error] { return nil }

// Verification is the result of Verify.
type Verification struct {
	Records int    `json:"records"`
	Head    string `json:"head"` // hash of the last record
	OK      bool   `json:"ok"`
	BadID   string `json:"bad_id,omitempty"` // the first record that does not fit
	BadAt   int    `json:"bad_at,omitempty"` // its place in the chain, from 1
	Problem string `json:"problem,omitempty"`
}

// Verify walks the whole chain of call records and names the first place that
// does not fit.
func (s *Store) Verify(ctx context.Context) (Verification, error) { return Verification{}, errStub }

// Tally sums the tallies of a campaign over days from <= day < to, days being
// calendar days in UTC; zero times do not limit.
func (s *Store) Tally(campaign string, from, to time.Time) (Tally, error) { return Tally{}, errStub }

// OperatorTally is Tally for one operator, or all campaigns if campaign is "".
func (s *Store) OperatorTally(operator, campaign string, from, to time.Time) (Tally, error) {
	return Tally{}, errStub
}

// Suppress adds do-not-call entries; when it returns, no lease gives these numbers.
func (s *Store) Suppress(ctx context.Context, entries iter.Seq2[Suppression, error]) (added int, err error) {
	return 0, errStub
}

// Unsuppress removes an entry; ErrNotFound.
func (s *Store) Unsuppress(phone string) error { return errStub }

// Suppressed returns the entry that covers a number, nil if there is none.
func (s *Store) Suppressed(phone string) (*Suppression, error) { return nil, errStub }

// Suppressions walks all entries by number.
func (s *Store) Suppressions() iter.Seq2[Suppression, error] { return nil }

// ApplyCampaign keeps source as the campaign's next version and puts it in
// force; the same source as the version in force changes nothing. A new
// campaign starts as Draft.
func (s *Store) ApplyCampaign(name string, source []byte, now time.Time) (Campaign, error) {
	return Campaign{}, errStub
}

// SelectVersion puts an older (or newer) applied version in force.
func (s *Store) SelectVersion(name string, version int, now time.Time) (Campaign, error) {
	return Campaign{}, errStub
}

// SetCampaignState moves a campaign; from lists the states it may come from
// (ErrState otherwise), empty for any.
func (s *Store) SetCampaignState(name string, to CampaignState, reason string, now time.Time, from ...CampaignState) (Campaign, error) {
	return Campaign{}, errStub
}

// Campaigns returns all campaigns by name.
func (s *Store) Campaigns() ([]Campaign, error) { return nil, errStub }

// Campaign returns one; ErrNotFound.
func (s *Store) Campaign(name string) (Campaign, error) { return Campaign{}, errStub }

// CampaignVersion returns an applied definition; version 0 is the one in force.
func (s *Store) CampaignVersion(name string, version int) (CampaignVersion, error) {
	return CampaignVersion{}, errStub
}

// PutOperator adds or replaces an account.
func (s *Store) PutOperator(o Operator) error { return errStub }

// Operator returns an account; ErrNotFound.
func (s *Store) Operator(name string) (Operator, error) { return Operator{}, errStub }

// Operators returns all accounts by name.
func (s *Store) Operators() ([]Operator, error) { return nil, errStub }

// RemoveOperator removes an account; ErrNotFound.
func (s *Store) RemoveOperator(name string) error { return errStub }

// PutTeam adds or replaces a team.
func (s *Store) PutTeam(t Team) error { return errStub }

// Teams returns all teams by name.
func (s *Store) Teams() ([]Team, error) { return nil, errStub }

// RemoveTeam removes a team without operators; ErrNotFound, ErrState.
func (s *Store) RemoveTeam(name string) error { return errStub }

// Remember keeps a small value of some other part (what pacing has learned,
// the settings of a console) under a key; nil removes it.
func (s *Store) Remember(key string, value []byte) error { return errStub }

// Recall returns a value kept by Remember, nil if there is none.
func (s *Store) Recall(key string) ([]byte, error) { return nil, errStub }

// Check proves the store's own rules: every index entry has its row and every
// row its entries; no number is in two live attempts; every settled attempt
// has one record; tallies equal the sum of the records; the chain verifies.
func (s *Store) Check() error { return errStub }
