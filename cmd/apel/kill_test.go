package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/lab"
)

const (
	killTimes    = 11
	killPhones   = 8
	killRetry    = 3 * time.Minute // of every outcome: longer than the test
	killContacts = 400
)

// TestAServiceThatIsKilledGoesOnAndDialsNobodyTwice kills the real process at
// random moments of a running campaign. The carrier, which outlives it, is the
// witness: every INVITE that it saw has exactly one record, and no number was
// called again within its retry delay.
func TestAServiceThatIsKilledGoesOnAndDialsNobodyTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes most of a minute; run without -short")
	}
	carrier, err := lab.StartCarrier(t.Context(), lab.CarrierConfig{Addr: "127.0.0.1:0", Population: lab.NewPopulation(lab.PopulationConfig{
		Seed: 3, Ring: lab.Law{Mean: time.Second, Spread: .4, Least: 200 * time.Millisecond}, Talk: lab.Law{Mean: 4 * time.Second, Spread: .3}, Scale: .3})})
	if err != nil {
		t.Fatal(err)
	}
	defer carrier.Close()
	k := newKilled(t, carrier.Addr())
	for i := range killPhones {
		p, err := lab.StartPhone(t.Context(), lab.PhoneConfig{Addr: "127.0.0.1:0", User: fmt.Sprintf("op%d", i), Password: "secret-word", Registrar: k.sip, Seed: uint64(i),
			Talk: lab.Law{Mean: 3 * time.Second, Spread: .3, Least: time.Second}, Wrap: lab.Law{Mean: time.Second, Spread: .3}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range killTimes {
		k.serve()
		if i == 0 {
			k.apel("campaign", "start", "spring")
		}
		time.Sleep(time.Duration(800+rng.IntN(4000)) * time.Millisecond) // the moment is what is drawn; nothing is awaited
		k.kill()
	}
	k.serve()
	k.apel("campaign", "stop", "spring")
	k.apel("campaign", "status", "spring", "--wait", "done", "--timeout", "40s")
	k.stop()
	k.proven(carrier.Seen())
}

// killed is a data directory whose service dies again and again.
type killed struct {
	t    *testing.T
	dir  string
	data string
	sip  netip.AddrPort
	cmd  *exec.Cmd
	log  bytes.Buffer
}

func newKilled(t *testing.T, trunk netip.AddrPort) *killed {
	t.Helper()
	dir := t.TempDir()
	k := &killed{t: t, dir: dir, data: filepath.Join(dir, "d"), sip: freeUDP(t)}
	t.Cleanup(func() {
		if k.cmd != nil {
			k.cmd.Process.Kill()
			k.cmd.Wait()
		}
		if t.Failed() {
			t.Logf("the service said:\n%s", k.log.String())
		}
	})
	k.write("apel.yaml", fmt.Sprintf("sip: {listen: %s}\nrtp: {ports: 0-0}\ntrunks:\n  - {name: lab, host: %s, channels: 30, calls-per-second: 20, options: 1s}\nlog: {level: warn}\n", k.sip, trunk))
	k.write("spring.yaml", fmt.Sprintf("name: spring\nlists: [leads]\ntrunks: [lab]\ncaller-id: \"+40312345678\"\nwindows: {daily: 00:00-24:00}\nring-time: 5s\nwrap-up: 5s\npacing: {mode: power, ratio: 3}\nabandonment: {limit: 50%%, retry: %[1]s}\n"+
		"attempts: {max: 3, per-day: 3, retry: {human: %[1]s, machine: %[1]s, fax: %[1]s, busy: %[1]s, no-answer: %[1]s, rejected: %[1]s, invalid-number: %[1]s, intercepted: %[1]s, congested: %[1]s, failed: %[1]s, cancelled: %[1]s, interrupted: %[1]s}}\n", "3m"))
	var list bytes.Buffer
	list.WriteString("phone,name\n")
	for i := range killContacts {
		fmt.Fprintf(&list, "+4070000%04d,Contact %d\n", i, i)
	}
	k.write("leads.csv", list.String())
	k.apel("list", "import", filepath.Join(dir, "leads.csv"), "--name", "leads")
	k.apel("campaign", "apply", filepath.Join(dir, "spring.yaml"))
	for i := range killPhones {
		k.apel("operator", "add", fmt.Sprintf("op%d", i), "--password", "secret-word")
	}
	return k
}

func freeUDP(t *testing.T) netip.AddrPort {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func (k *killed) write(name, text string) {
	k.t.Helper()
	if err := os.WriteFile(filepath.Join(k.dir, name), []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

// process is this test binary as the program: TestMain runs main under that name.
func (k *killed) process(args ...string) *exec.Cmd {
	path := filepath.Join(k.dir, "apel")
	if _, err := os.Lstat(path); err != nil {
		self, err := os.Executable()
		if err == nil {
			err = os.Symlink(self, path)
		}
		if err != nil {
			k.t.Fatal(err)
		}
	}
	cmd := exec.Command(path, append(args, "--data", k.data, "--config", filepath.Join(k.dir, "apel.yaml"))...)
	cmd.Dir = k.dir
	return cmd
}

func (k *killed) apel(args ...string) {
	k.t.Helper()
	if out, err := k.process(args...).CombinedOutput(); err != nil {
		k.t.Fatalf("apel %v: %v\n%s", args, err, out)
	}
}

// serve starts the service and waits until it answers.
func (k *killed) serve() {
	k.t.Helper()
	k.cmd = k.process("serve")
	k.cmd.Stdout, k.cmd.Stderr = &k.log, &k.log
	if err := k.cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if k.process("status").Run() == nil {
			return
		}
	}
	k.t.Fatalf("the service did not come up:\n%s", k.log.String())
}

func (k *killed) kill() {
	k.cmd.Process.Kill()
	k.cmd.Wait()
	k.cmd = nil
}

func (k *killed) stop() {
	k.cmd.Process.Signal(os.Interrupt)
	if err := k.cmd.Wait(); err != nil {
		k.t.Logf("the service ended with %v", err)
	}
	k.cmd = nil
}

// proven holds the records to what the carrier saw.
func (k *killed) proven(seen []lab.Seen) {
	t := k.t
	svc, err := dialer.Open(dialer.Config{Data: k.data})
	if err != nil {
		t.Fatal(err)
	}
	defer svc.Close()
	if err := svc.Store().Check(); err != nil {
		t.Errorf("store: %v", err)
	}
	if live, err := svc.Store().Live(); err != nil || len(live) > 0 {
		t.Errorf("%d attempts are still live (%v)", len(live), err)
	}
	v, err := svc.Store().Verify(context.Background())
	if err != nil || !v.OK {
		t.Errorf("chain: %+v %v", v, err)
	}
	records, outcomes := map[string]int{}, map[string]int{}
	for r, err := range svc.Store().Records(contactdb.RecordFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		records[r.SIPCallID]++
		outcomes[r.Outcome]++
	}
	last := map[string]time.Time{}
	for _, s := range seen {
		if n := records[s.CallID]; n != 1 {
			t.Errorf("the INVITE to %s at %s has %d records", s.Number, s.At.Format("15:04:05.000"), n)
		}
		if before, ok := last[s.Number]; ok && s.At.Sub(before) < killRetry {
			t.Errorf("%s was called again after %s", s.Number, s.At.Sub(before))
		}
		last[s.Number] = s.At
	}
	t.Logf("%d kills, %d INVITEs, %d records %v", killTimes, len(seen), len(records), outcomes)
	if len(seen) < 3*killTimes || outcomes[contactdb.Interrupted] == 0 {
		t.Errorf("the kills hit next to nothing: %d INVITEs, outcomes %v", len(seen), outcomes)
	}
}
