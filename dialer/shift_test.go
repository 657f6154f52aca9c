package dialer_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/floor"
	"apel/dialer/lab"
	"apel/dialer/ua"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
)

func init() { ua.SetLogger(slog.New(slog.DiscardHandler)) }

// shift is a whole centre in memory: a carrier with its population, a service,
// operators with phones.
type shift struct {
	t       *testing.T
	net     *lab.Net
	carrier *lab.Carrier
	svc     *dialer.Service
	phones  []*lab.Phone
	cfg     dialer.Config
	stop    context.CancelFunc
	abrupt  bool
	ran     chan error
	sniff   func(from, to netip.AddrPort, data []byte) // nil: nobody does
	allow   []string                                   // violations that are none here
	mu      sync.Mutex
	ladder  []string
}

type shiftConfig struct {
	operators  int
	contacts   int
	channels   int
	cps        float64
	population lab.PopulationConfig
	carrier    lab.CarrierConfig
	phone      func(i int, p *lab.PhoneConfig)
	campaign   string // further lines
	windows    string // default: always open
	net        lab.NetConfig
	browsers   bool         // take operators' browsers too
	before     func(*shift) // done before the service runs
	contact    func(i int, c *contactdb.Contact)
	sniff      func(from, to netip.AddrPort, data []byte)
	abrupt     bool // a stop gives conversations no time
	chatty     bool // people answer at once, as they do: sound is most of what a minute costs
}

// slow is the pause of people who take their time between two sentences, patient
// that of the operators who wait for them.
var slow, patient = lab.Law{Mean: 20 * time.Second, Spread: .5, Least: time.Second}, lab.Law{Mean: 2 * time.Second}

const campaignHead = `name: spring
lists: [spring]
trunks: [acme]
caller-id: "+40312345678"
`

func newShift(t *testing.T, c shiftConfig) *shift {
	t.Helper()
	s := &shift{t: t, ran: make(chan error, 1), abrupt: c.abrupt}
	if c.net.Delay == 0 {
		// Jitter keeps packets and the frames of an ear from falling into one instant,
		// where the order of goroutines would decide what is heard.
		c.net.Delay, c.net.Jitter = 10*time.Millisecond, 3*time.Millisecond
	}
	c.net.Tap, s.sniff = s.tap, c.sniff
	s.net = lab.NewNet(c.net)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("\n" + strings.Join(s.ladder, "\n"))
		}
	})
	c.carrier.Network, c.carrier.Addr = s.net, "10.0.0.2:5060"
	if !c.chatty && c.population.Turn == (lab.Law{}) {
		c.population.Turn = slow
	}
	if c.carrier.Persona == nil {
		c.carrier.Population = lab.NewPopulation(c.population)
	}
	var err error
	if s.carrier, err = lab.StartCarrier(t.Context(), c.carrier); err != nil {
		t.Fatal(err)
	}
	s.cfg = dialer.Config{Data: t.TempDir(), Network: s.net, SIP: dialer.SIPConfig{Listen: "10.0.0.1:5060"},
		Trunks: []dialer.TrunkConfig{{Name: "acme", Host: "10.0.0.2:5060", Channels: c.channels, CallsPerSecond: c.cps}},
		Log:    zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))}
	if c.browsers {
		s.cfg.Browser.Listen = "10.0.0.1:8443"
	}
	s.open()
	s.svc.Inspect(s.inspect)
	if c.before != nil {
		c.before(s)
	}
	s.contacts(c.contacts, c.contact)
	for i := range c.operators {
		s.operator(fmt.Sprintf("op%02d", i))
	}
	if c.windows == "" {
		c.windows = "windows: {daily: 00:00-24:00}\n"
	}
	if _, _, err := s.svc.ApplyCampaign([]byte(campaignHead + c.windows + c.campaign)); err != nil {
		t.Fatal(err)
	}
	s.run()
	for i := range c.operators {
		p := lab.PhoneConfig{Network: s.net, Addr: fmt.Sprintf("10.0.1.%d:5060", i+1), User: fmt.Sprintf("op%02d", i), Password: "pw", Registrar: netip.MustParseAddrPort("10.0.0.1:5060"), Seed: uint64(i + 1)}
		if !c.chatty {
			p.Turn = patient
		}
		if c.phone != nil {
			c.phone(i, &p)
		}
		ph, err := lab.StartPhone(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		s.phones = append(s.phones, ph)
	}
	time.Sleep(5 * time.Second)
	if _, err := s.svc.StartCampaign("spring"); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shift) tap(at time.Time, from, to netip.AddrPort, data []byte) {
	if s.sniff != nil {
		s.sniff(from, to, data)
	}
	if len(data) < 16 || data[0] < 'A' || data[0] > 'Z' {
		return
	}
	line, _, _ := strings.Cut(string(data), "\r\n")
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ladder) < 300 {
		s.ladder = append(s.ladder, fmt.Sprintf("%s %v > %v %s", at.Format("15:04:05.000"), from, to, line))
	}
}

// inspect holds a floor to its invariants after every event: an operator and a
// call belong to each other (7), and no number is in two live attempts (1).
func (s *shift) inspect(f *floor.Floor) {
	if err := f.Check(); err != nil {
		s.t.Error(err)
	}
	of := map[string]string{}
	for operator, call := range f.Busy() {
		if other := of[call]; other != "" {
			s.t.Errorf("operators %s and %s have the same call %s", operator, other, call)
		}
		of[call] = operator
	}
}

func (s *shift) open() {
	s.t.Helper()
	var err error
	if s.svc, err = dialer.Open(s.cfg); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shift) contacts(n int, other func(int, *contactdb.Contact)) {
	s.t.Helper()
	rows := func(yield func(contactdb.Contact, error) bool) {
		for i := range n {
			c := contactdb.Contact{Phone: fmt.Sprintf("+407%08d", 20000000+i), NumberType: "mobile", Region: "RO", Zones: []string{"Europe/Bucharest"}, Name: fmt.Sprint("Contact ", i)}
			if other != nil {
				other(i, &c)
			}
			if !yield(c, nil) {
				return
			}
		}
	}
	if _, err := s.svc.Store().Import(s.t.Context(), "spring", time.Now(), rows); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shift) operator(name string) {
	s.t.Helper()
	o := contactdb.Operator{Name: name, Team: "a", CreatedAt: time.Now()}
	dialer.SetPassword(&o, "pw")
	if err := s.svc.Store().PutOperator(o); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shift) run() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	svc := s.svc
	grace := 5 * time.Second
	if s.abrupt {
		grace = 0
	}
	go func() { s.ran <- svc.Run(ctx, grace) }()
	<-svc.Ready()
}

// killed goes on in a new life with what is on the disk at this instant; the old one
// says nothing more to anybody.
func (s *shift) killed() {
	s.t.Helper()
	left := s.t.TempDir()
	if err := os.CopyFS(left, os.DirFS(s.cfg.Data)); err != nil {
		s.t.Fatal(err)
	}
	s.net.Cut(netip.MustParseAddrPort(s.cfg.SIP.Listen).Addr())
	s.abrupt = true
	s.stop()
	if err := errors.Join(<-s.ran, s.svc.Close()); err != nil {
		s.t.Fatal(err)
	}
	s.cfg.Data = left
	s.net.Mend()
	s.open()
	s.svc.Inspect(s.inspect)
	s.run()
	time.Sleep(2 * time.Second)
}

// end stops everything and holds the whole to the invariants.
func (s *shift) end() []contactdb.Record {
	s.t.Helper()
	s.stop()
	if err := <-s.ran; err != nil {
		s.t.Error(err)
	}
	for _, p := range s.phones {
		p.Close()
	}
	time.Sleep(time.Minute)
	s.carrier.Close()
	records := s.proven()
	if err := s.svc.Close(); err != nil {
		s.t.Error(err)
	}
	for _, p := range s.phones {
		for _, v := range p.Stats().Violations {
			if !slices.Contains(s.allow, v) {
				s.t.Errorf("a phone saw: %s", v)
			}
		}
	}
	return records
}

// proven holds the records to what the carrier saw: invariants 1, 3, 4, 6 of the design.
func (s *shift) proven() []contactdb.Record {
	s.t.Helper()
	store := s.svc.Store()
	if err := store.Check(); err != nil {
		s.t.Errorf("store: %v", err)
	}
	v, err := store.Verify(context.Background())
	if err != nil || !v.OK {
		s.t.Errorf("chain: %+v %v", v, err)
	}
	var records []contactdb.Record
	byCall := map[string]contactdb.Record{}
	for r, err := range store.Records(contactdb.RecordFilter{}) {
		if err != nil {
			s.t.Fatal(err)
		}
		if _, twice := byCall[r.SIPCallID]; twice {
			s.t.Errorf("two records for call %s", r.SIPCallID)
		}
		records, byCall[r.SIPCallID] = append(records, r), r
		for _, h := range handings(s.t, r) { // calls outside, which its operator has asked for
			if h.SIPCallID != "" {
				byCall[h.SIPCallID] = r
			}
		}
	}
	live := map[string]bool{}
	for _, seen := range s.carrier.Seen() {
		r, ok := byCall[seen.CallID]
		if !ok {
			s.t.Errorf("no record of the INVITE to %s at %s", seen.Number, seen.At)
		}
		for _, v := range seen.Violations {
			if slices.Contains(s.allow, v) || slices.Contains(s.allow, v+" "+seen.Number) {
				continue
			}
			s.t.Errorf("the carrier saw in the call to %s: %s", seen.Number, v)
		}
		if r.Outcome == contactdb.Human && !r.BridgedAt.IsZero() && seen.Truth == lab.IsMachine && r.DetectorVerdict == "machine" && r.DetectedAt.Before(r.BridgedAt) {
			s.t.Errorf("a recognised machine was bridged: %+v", r)
		}
		delete(live, seen.Number)
	}
	return records
}

// heard holds the detector to what the callees were.
func (s *shift) heard(records []contactdb.Record) string {
	truth := map[string]lab.Seen{}
	for _, seen := range s.carrier.Seen() {
		truth[seen.CallID] = seen
	}
	n := map[string]int{}
	for _, r := range records {
		if r.DetectorVerdict != "" && !r.AnsweredAt.IsZero() {
			n[fmt.Sprintf("%s (%s) taken for %s", truth[r.SIPCallID].Kind, truth[r.SIPCallID].Truth, r.DetectorVerdict)]++
		}
	}
	return fmt.Sprint("the detector: ", n)
}

func count(records []contactdb.Record) map[string]int {
	n := map[string]int{}
	for _, r := range records {
		n[r.Outcome]++
	}
	return n
}

func TestAShiftOfEightHoursKeepsEveryInvariantAtEveryEvent(t *testing.T) {
	t.Parallel()
	operators, hours, contacts := 40, 8, 3000
	if raceEnabled || testing.Short() {
		operators, hours, contacts = 8, 1, 300
	}
	real := time.Now()
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: operators, contacts: contacts, channels: 4 * operators, cps: 20,
			population: lab.PopulationConfig{Seed: 7, Talk: lab.Law{Mean: 5 * time.Minute, Spread: .8, Least: 10 * time.Second}},
			campaign:   "pacing: {mode: power, ratio: 1.5}\nrecord: false\n"})
		time.Sleep(time.Duration(hours) * time.Hour)
		st, err := s.svc.CampaignStatus("spring", false)
		if err != nil {
			t.Fatal(err)
		}
		records := s.end()
		n := count(records)
		t.Logf("%d operators, %d hours: %d calls %v, occupancy %.1f %%, abandoned %.2f %% of live answers", operators, hours, len(records), n, 100*st.Occupancy, 100*st.AbandonmentRate)
		if n[contactdb.Human] < contacts/6 {
			t.Errorf("too few conversations: %v", n)
		}
		t.Log(s.heard(records))
		sent, lost := s.net.Sent()
		t.Logf("%d packets, %d lost", sent, lost)
	})
	t.Log("in", time.Since(real).Round(time.Millisecond))
}

// TestTheSameSeedGivesTheSameRecords plays some minutes twice. The hash chain is
// left out: calls that end at one instant may be settled in either order.
func TestTheSameSeedGivesTheSameRecords(t *testing.T) {
	t.Parallel()
	minutes := 20
	if raceEnabled || testing.Short() {
		minutes = 10
	}
	play := func() (records []contactdb.Record) {
		synctest.Test(t, func(t *testing.T) {
			s := newShift(t, shiftConfig{operators: 5, contacts: 400, channels: 20, cps: 10,
				population: lab.PopulationConfig{Seed: 11}, campaign: "pacing: progressive\nrecord: false\n"})
			time.Sleep(time.Duration(minutes) * time.Minute)
			records = s.end()
		})
		for i := range records {
			records[i].ID, records[i].PrevHash, records[i].Hash, records[i].SIPCallID = "", "", "", ""
		}
		slices.SortFunc(records, func(a, b contactdb.Record) int {
			return cmp.Or(a.PlacedAt.Compare(b.PlacedAt), strings.Compare(a.Phone, b.Phone))
		})
		return records
	}
	first, second := play(), play()
	if d := gocmp.Diff(first, second); d != "" {
		t.Errorf("the second time was another (-first +second):\n%.4000s", d)
	}
	if len(first) < 50 {
		t.Errorf("only %d records", len(first))
	}
}
