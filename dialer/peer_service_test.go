package dialer_test

// Peers: the service against SIP stacks that are not ours, over real sockets
// on the loopback. sipp plays the carrier by the scenarios in testdata/sipp,
// baresip is the operator's phone. A test reads as one call: a scenario, and
// the call record that must come of it.

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"apel/contactdb"
	"apel/dialer"

	"go.uber.org/zap/zaptest"
)

// patience is how long a peer may take for any one step; only a failed test waits so long.
const patience = 15 * time.Second

// needPeer finds a peer's program. Without it the test is skipped, in CI it fails.
func needPeer(t *testing.T, name, pkg string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("peers are left out of a short run")
	}
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed and CI must have it: apt-get install %s", name, pkg)
	}
	t.Skipf("%s is not installed; to run this test: apt-get install %s", name, pkg)
	return ""
}

// freePort is a port of the loopback that was free for UDP and TCP a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		c, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port))
		l.Close()
		if err == nil {
			c.Close()
			return port
		}
	}
	t.Fatal("no port of the loopback is free for both UDP and TCP")
	return 0
}

// office is a running service with one trunk, "carrier", and one operator, "ana".
type office struct {
	t      *testing.T
	s      *dialer.Service
	data   string
	events <-chan dialer.Event
	seen   []dialer.Event
}

const password = "Parolă-8"

// openOffice starts a service; at the end of the test it is shut down, and the
// store must be sound.
func openOffice(t *testing.T, trunk dialer.TrunkConfig) *office {
	t.Helper()
	trunk.Name = "carrier"
	if trunk.CallsPerSecond == 0 {
		trunk.CallsPerSecond = 50
	}
	o := &office{t: t, data: t.TempDir()}
	s, err := dialer.Open(dialer.Config{Data: o.data, SIP: dialer.SIPConfig{Listen: "127.0.0.1:0", TCP: true},
		Trunks: []dialer.TrunkConfig{trunk}, Log: zaptest.NewLogger(t)})
	if err != nil {
		t.Fatal(err)
	}
	o.s = s
	events, cancelEvents := s.Subscribe()
	o.events = events
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- s.Run(ctx, time.Second) }()
	t.Cleanup(func() {
		stop()
		o.closed(over)
		cancelEvents()
	})
	select {
	case <-s.Ready():
	case err := <-over:
		over <- err
		t.Fatalf("the service did not come up: %v", err)
	case <-time.After(patience):
		t.Fatal("the service did not come up")
	}
	o.hire("ana")
	return o
}

// closed waits for the service's end and looks the store over.
func (o *office) closed(over <-chan error) {
	select {
	case err := <-over:
		if err != nil {
			o.t.Errorf("the service ended with: %v", err)
		}
	case <-time.After(patience):
		o.t.Error("the service does not end")
		return
	}
	if err := o.s.Store().Check(); err != nil {
		o.t.Errorf("the store is not sound: %v", err)
	}
	if v, err := o.s.Store().Verify(context.Background()); err != nil || !v.OK {
		o.t.Errorf("call records do not verify: %+v, %v", v, err)
	}
	if live, err := o.s.Store().Live(); err != nil || len(live) > 0 {
		o.t.Errorf("%d attempts have no record: %v", len(live), err)
	}
	if err := o.s.Close(); err != nil {
		o.t.Error(err)
	}
}

func (o *office) hire(name string) {
	o.t.Helper()
	op := contactdb.Operator{Name: name, Team: "north", CreatedAt: time.Now()}
	dialer.SetPassword(&op, password)
	if err := o.s.Store().PutOperator(op); err != nil {
		o.t.Fatal(err)
	}
}

// status is how an operator stands.
func (o *office) status(name string) dialer.OperatorStatus {
	o.t.Helper()
	all, err := o.s.Status()
	if err != nil {
		o.t.Fatal(err)
	}
	for _, st := range all.Operators {
		if st.Name == name {
			return st
		}
	}
	o.t.Fatalf("no operator %s", name)
	return dialer.OperatorStatus{}
}

// await reads events until one is what is waited for.
func (o *office) await(what string, is func(dialer.Event) bool) dialer.Event {
	o.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		select {
		case e, ok := <-o.events:
			if !ok {
				o.t.Fatalf("events broke off while waiting for %s", what)
			}
			o.seen = append(o.seen, e)
			if is(e) {
				return e
			}
		case <-deadline.C:
			o.t.Fatalf("no %s within %s; events so far:\n%s", what, patience, o.story())
		}
	}
}

func (o *office) awaitKind(kind, state string) dialer.Event {
	o.t.Helper()
	return o.await(strings.TrimSpace(kind+" "+state), func(e dialer.Event) bool {
		return e.Kind == kind && (state == "" || e.State == state)
	})
}

// count is how many events of a kind were seen.
func (o *office) count(kind string) int {
	n := 0
	for _, e := range o.seen {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func (o *office) story() string {
	var b strings.Builder
	for _, e := range o.seen {
		fmt.Fprintf(&b, "%s %s %s %s\n", e.At.Format("15:04:05.000"), e.Kind, e.State, e.Detail)
	}
	return b.String()
}

// campaignYAML calls each contact once; rest has further settings.
func campaignYAML(rest string) []byte {
	return []byte(`name: spring
trunks: [carrier]
caller-id: "+40312345678"
windows: {daily: 00:00-24:00}
ring-time: 5s
attempts: {max: 1}
pacing: progressive
wrap-up: 10s
` + rest + "\n")
}

// noDetector has every answer taken for a person at once.
const noDetector = "detector: {off: true}"

// numberOf is the n-th contact's number.
func numberOf(n int) string { return fmt.Sprintf("+4021312%04d", 3300+n) }

// start imports contacts and starts the campaign that calls them.
func (o *office) start(contacts int, settings string) {
	o.t.Helper()
	var file strings.Builder
	file.WriteString("phone,name\n")
	for n := range contacts {
		fmt.Fprintf(&file, "%s,Contact %d\n", numberOf(n), n)
	}
	in, err := o.s.ImportList(context.Background(), "spring", strings.NewReader(file.String()), dialer.ImportOptions{Country: "RO"})
	if err != nil || in.Imported != contacts {
		o.t.Fatalf("imported %d of %d contacts: %v", in.Imported, contacts, err)
	}
	if _, _, err := o.s.ApplyCampaign(campaignYAML(settings)); err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.s.StartCampaign("spring"); err != nil {
		o.t.Fatal(err)
	}
}

// records waits until n calls have ended and gives their records.
func (o *office) records(n int) []contactdb.Record {
	o.t.Helper()
	for o.count("call.ended") < n {
		o.awaitKind("call.ended", "")
	}
	var all []contactdb.Record
	for r, err := range o.s.Store().Records(contactdb.RecordFilter{}) {
		if err != nil {
			o.t.Fatal(err)
		}
		all = append(all, r)
	}
	if len(all) != n {
		o.t.Fatalf("%d records for %d calls", len(all), n)
	}
	for _, r := range all {
		o.orderly(r)
	}
	return all
}

// orderly checks what must be true of every record: it was placed, it ended,
// and the steps in between came in their order.
func (o *office) orderly(r contactdb.Record) {
	o.t.Helper()
	steps := []struct {
		name string
		at   time.Time
	}{{"placed", r.PlacedAt}, {"ringing", r.RingingAt}, {"answered", r.AnsweredAt}, {"detected", r.DetectedAt}, {"bridged", r.BridgedAt}, {"ended", r.EndedAt}}
	if r.PlacedAt.IsZero() || r.EndedAt.IsZero() || r.SIPCallID == "" || r.Trunk != "carrier" || r.CallerID != "+40312345678" {
		o.t.Errorf("the record is incomplete: %+v", r)
	}
	last := steps[0]
	for _, s := range steps[1:] {
		if s.at.IsZero() {
			continue
		}
		if s.at.Before(last.at) {
			o.t.Errorf("%s at %s is before %s at %s", s.name, s.at, last.name, last.at)
		}
		last = s
	}
}

// peerFile is the path of one of the files that drive a peer.
func peerFile(t *testing.T, peer, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "testdata", peer, name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// fill writes a peer's file with the blanks filled in.
func fill(t *testing.T, from, to string, with any) {
	t.Helper()
	tmpl, err := template.ParseFiles(from)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, with); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
