package dialer_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sipp is one carrier that follows a scenario for a number of calls.
type sipp struct {
	t       *testing.T
	name    string
	port    int
	cmd     *exec.Cmd
	out     bytes.Buffer
	dir     string
	over    chan struct{}
	outcome error // of the process; read after over
}

// startSipp has sipp wait for calls, as many as given, and follow a scenario of
// testdata/sipp in each, filled in with what the test gives. If the test fails,
// what sipp saw is printed.
func startSipp(t *testing.T, file string, calls int, with any, args ...string) *sipp {
	t.Helper()
	path := needPeer(t, "sipp", "sip-tester")
	p := &sipp{t: t, name: file, port: freePort(t), dir: t.TempDir(), over: make(chan struct{})}
	media := freePort(t)
	fill(t, peerFile(t, "sipp", file), p.file(file), with)
	p.cmd = exec.Command(path, append([]string{"-sf", p.file(file), "-i", "127.0.0.1", "-p", strconv.Itoa(p.port),
		"-bind_local", "-mi", "127.0.0.1", "-mp", strconv.Itoa(media),
		"-m", strconv.Itoa(calls), "-timeout", "40s", "-timeout_error", "-recv_timeout", "20000", "-nostdin",
		"-trace_msg", "-message_file", p.file("messages.log"), "-trace_err", "-error_file", p.file("errors.log")}, args...)...)
	p.cmd.Dir = p.dir
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.outcome = p.cmd.Wait()
		close(p.over)
	}()
	t.Cleanup(p.stop)
	p.listens(args)
	return p
}

func (p *sipp) file(name string) string { return filepath.Join(p.dir, name) }

// addr is what a trunk's Host is.
func (p *sipp) addr() string { return fmt.Sprintf("127.0.0.1:%d", p.port) }

// listens waits until the kernel's table has sipp's socket.
func (p *sipp) listens(args []string) {
	p.t.Helper()
	table := "/proc/net/udp"
	if strings.Contains(strings.Join(args, " "), "-t t") {
		table = "/proc/net/tcp"
	}
	want := fmt.Sprintf("0100007F:%04X ", p.port)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		b, err := os.ReadFile(table)
		if err != nil || strings.Contains(string(b), want) { // without the table: SIP sends again what is lost
			return
		}
		select {
		case <-p.over:
			p.t.Fatalf("sipp %s did not start: %v\n%s", p.name, p.outcome, p.out.String())
		default:
		}
	}
	p.t.Fatalf("sipp %s does not listen on port %d", p.name, p.port)
}

// done waits until sipp has gone through all its calls and wants each to have
// followed the scenario to its end.
func (p *sipp) done() {
	p.t.Helper()
	select {
	case <-p.over:
	case <-time.After(patience):
		p.t.Fatalf("sipp %s has not ended", p.name)
	}
	if p.outcome != nil {
		p.t.Errorf("a call left the scenario %s: sipp ended with %v", p.name, p.outcome)
	}
}

// messages is what sipp sent and received.
func (p *sipp) messages() string {
	p.t.Helper()
	b, err := os.ReadFile(p.file("messages.log"))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// stop ends sipp, and tells its story if the test has failed.
func (p *sipp) stop() {
	select {
	case <-p.over:
	default:
		if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
			p.t.Errorf("sipp cannot be ended: %v", err)
		}
		<-p.over
	}
	if !p.t.Failed() {
		return
	}
	for _, name := range []string{"messages.log", "errors.log"} {
		if b, err := os.ReadFile(p.file(name)); err == nil {
			p.t.Logf("sipp %s, %s:\n%s", p.name, name, b)
		}
	}
}
