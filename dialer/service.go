package dialer

import (
	"context"
	"errors"
	"io"
	"time"

	"apel/contactdb"
	"apel/media"

	"go.uber.org/zap"
)

var errStub = errors.New("dialer: being built")

// Config is a service's settings; the zero value with Data set is a store
// that can be looked after without telephony.
type Config struct {
	Data    string        // data directory
	Version string        // of the program, shown in status
	Network media.Network // nil: the machine's

	SIP    SIPConfig
	RTP    RTPConfig
	Trunks []TrunkConfig
	Log    *zap.Logger // nil: no log
}

// SIPConfig is where we are reached.
type SIPConfig struct {
	Listen    string // host:port for UDP (and TCP if TCP is set), e.g. "0.0.0.0:5060"
	TCP       bool   // also listen on TCP for operators' phones
	Advertise string // address that far ends shall use; "" : the local address
}

// RTPConfig is where media sockets are opened.
type RTPConfig struct {
	Host        string // local address to bind; "": as SIP
	First, Last int    // port range; 0: the system picks
}

// TrunkConfig is a SIP carrier connection.
type TrunkConfig struct {
	Name           string
	Host           string // carrier's host or host:port
	Transport      string // udp (default), tcp, tls
	Username       string // digest and register
	Password       string
	Realm          string // expected realm; "": the carrier's host or any from its address
	Register       bool
	RegisterEvery  time.Duration // default 5 m
	Options        time.Duration // keep-alive interval; default 30 s; negative: off
	Channels       int           // calls at once; default 10
	CallsPerSecond float64       // default 1
	CallerIDs      []string      // numbers that it may show; empty: not restricted
	Insecure       bool          // tls: accept any certificate
	CAFile         string        // tls: trusted authority
	Prefix         string        // put before the number (after removing +, if StripPlus)
	StripPlus      bool
}

// Service is one dialer over one data directory.
type Service struct{ store *contactdb.Store }

// Open opens the store of cfg.Data. Nothing is sent before Run.
func Open(cfg Config) (*Service, error) { return nil, errStub }

// Close stops what runs and closes the store.
func (s *Service) Close() error { return errStub }

// Run recovers what a crash left, brings up trunks and operators' phones, goes
// on with the campaigns that were running, and serves until ctx ends; then it
// drains: no new call, waits for bridged ones up to grace, ends the rest.
func (s *Service) Run(ctx context.Context, grace time.Duration) error { return errStub }

// Ready is closed when Run has recovered and listens.
func (s *Service) Ready() <-chan struct{} { return nil }

// Store gives the database to the commands that need only it.
func (s *Service) Store() *contactdb.Store { return s.store }

// Status of everything.
func (s *Service) Status() (Status, error) { return Status{}, errStub }

// CampaignStatus of one campaign; with decisions of the last hour if detail is set.
func (s *Service) CampaignStatus(name string, detail bool) (CampaignStatus, error) {
	return CampaignStatus{}, errStub
}

// ApplyCampaign checks a definition and makes it the version in force; a
// running campaign goes by it at its next decision. Warnings do not refuse it.
func (s *Service) ApplyCampaign(source []byte) (contactdb.Campaign, []string, error) {
	return contactdb.Campaign{}, nil, errStub
}

// SelectVersion goes back (or forth) to an applied version.
func (s *Service) SelectVersion(name string, version int) (contactdb.Campaign, error) {
	return contactdb.Campaign{}, errStub
}

// StartCampaign, PauseCampaign, ResumeCampaign, DrainCampaign (no new calls;
// done when the last has ended) and StopCampaign (also ends calls that are not
// bridged yet; operators finish talking).
func (s *Service) StartCampaign(name string) (contactdb.Campaign, error) {
	return contactdb.Campaign{}, errStub
}
func (s *Service) PauseCampaign(name string) (contactdb.Campaign, error) {
	return contactdb.Campaign{}, errStub
}
func (s *Service) ResumeCampaign(name string) (contactdb.Campaign, error) {
	return contactdb.Campaign{}, errStub
}
func (s *Service) DrainCampaign(name string) (contactdb.Campaign, error) {
	return contactdb.Campaign{}, errStub
}
func (s *Service) StopCampaign(name string) (contactdb.Campaign, error) {
	return contactdb.Campaign{}, errStub
}

// Plan counts what a campaign would do now; source nil: the version in force.
func (s *Service) Plan(name string, source []byte) (Plan, error) { return Plan{}, errStub }

// WhyContact says of a number, for each campaign that has it in a list,
// whether it would be dialed now and why not.
func (s *Service) WhyContact(phone string) ([]ContactWhy, error) { return nil, errStub }

// ImportList reads a contact file (CSV, TSV) into a list. Rejected rows go to
// a file in the data directory, named in the result.
func (s *Service) ImportList(ctx context.Context, name string, file io.Reader, opt ImportOptions) (ListImport, error) {
	return ListImport{}, errStub
}

// ImportOptions are the flags of list import.
type ImportOptions struct {
	Country string            // ISO region of numbers without +
	Map     map[string]string // field -> column
}

// ListImport is what an import did.
type ListImport struct {
	contactdb.ImportResult
	Rejects   string            `json:"rejects,omitempty"` // file of rejected rows; "" if there are none
	Columns   map[string]string `json:"columns"`           // how columns were understood: column -> field
	Encoding  string            `json:"encoding"`
	Separator string            `json:"separator"`
}

// Suppress adds do-not-call entries. When it returns, none of the numbers is
// dialed: not by a new lease, nor by a call that was leased and not sent.
func (s *Service) Suppress(ctx context.Context, entries []contactdb.Suppression) (added int, err error) {
	return 0, errStub
}

// SetPassword sets the digest secrets of an operator's account.
func SetPassword(o *contactdb.Operator, password string) {}

// SetOperatorReady signs an operator in as ready or not ready (with a reason).
// ErrState while the operator's phone is not up.
func (s *Service) SetOperatorReady(name string, ready bool, reason string) (OperatorStatus, error) {
	return OperatorStatus{}, errStub
}

// Subscribe gives events from now on; a subscriber that does not keep up is
// dropped (its channel closed). Stop with cancel.
func (s *Service) Subscribe() (events <-chan Event, cancel func()) { return nil, func() {} }
