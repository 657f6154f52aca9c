package dialer_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"apel/media"
)

// baresip is an operator's SIP phone: it registers, answers by itself, speaks
// a tone, and keeps what it hears.
type baresip struct {
	t       *testing.T
	port    int // SIP
	dir     string
	cmd     *exec.Cmd
	over    chan struct{}
	outcome error
	conn    net.Conn

	mu  sync.Mutex   // guards log
	log bytes.Buffer // its output, and what its ctrl_tcp module tells
}

// voiceHz is the tone that the phone speaks, all the time.
const voiceHz = 700

// startBaresip starts a phone that registers as user at the office.
func startBaresip(t *testing.T, o *office, user, pass string) *baresip {
	t.Helper()
	path := needPeer(t, "baresip", "baresip-core")
	p := &baresip{t: t, port: freePort(t), dir: t.TempDir(), over: make(chan struct{})}
	control := freePort(t)
	if err := media.WriteWAV(p.file("voice.wav"), media.Tone(voiceHz, time.Minute, -15)); err != nil {
		t.Fatal(err)
	}
	fill(t, peerFile(t, "baresip", "config"), p.file("config"), map[string]any{"Dir": p.dir, "Port": p.port, "Control": control})
	fill(t, peerFile(t, "baresip", "accounts"), p.file("accounts"), map[string]any{"User": user, "Password": pass, "Registrar": o.s.SIPAddr()})
	p.cmd = exec.Command(path, "-f", p.dir, "-t", "60")
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.dir, p, p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.outcome = p.cmd.Wait()
		close(p.over)
	}()
	t.Cleanup(p.stop)
	p.connect(control)
	return p
}

func (p *baresip) file(name string) string { return filepath.Join(p.dir, name) }

// connect opens the phone's control connection.
func (p *baresip) connect(port int) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			p.conn = c
			go p.listen(c)
			return
		}
		select {
		case <-p.over:
			p.t.Fatalf("baresip did not start: %v\n%s", p.outcome, p.story())
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("baresip cannot be spoken to: %v", err)
		}
	}
}

// listen keeps what the phone tells until it is gone.
func (p *baresip) listen(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		b, err := netstring(in)
		if err != nil {
			return
		}
		fmt.Fprintf(p, "%s\n", b)
	}
}

// Write takes in what the phone says.
func (p *baresip) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

// story is all that the phone has said.
func (p *baresip) story() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return meter.ReplaceAllString(p.log.String(), "")
}

// says waits until the phone has said something.
func (p *baresip) says(what string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(p.story(), what); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("the phone does not say %q", what)
		}
	}
}

// kill ends the phone without a word on the wire.
func (p *baresip) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		p.t.Fatal(err)
	}
	<-p.over
}

// netstring reads `5:hello,`.
func netstring(in *bufio.Reader) ([]byte, error) {
	size, err := in.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(size, ":"))
	if err != nil {
		return nil, err
	}
	b := make([]byte, n+1) // and the comma
	for i := range b {
		if b[i], err = in.ReadByte(); err != nil {
			return nil, err
		}
	}
	return b[:n], nil
}

// press presses keys.
func (p *baresip) press(keys string) { p.command("sndcode", keys) }

func (p *baresip) command(name, params string) {
	p.t.Helper()
	b, err := json.Marshal(map[string]string{"command": name, "params": params})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(p.conn, "%d:%s,", len(b), b); err != nil {
		p.t.Fatalf("the phone does not take %s: %v", name, err)
	}
}

// quit has the phone end by itself, its recording complete.
func (p *baresip) quit() {
	p.t.Helper()
	p.command("quit", "")
	select {
	case <-p.over:
	case <-time.After(patience):
		p.t.Fatal("baresip does not quit")
	}
}

// heard is what the phone has recorded, of one leg.
func (p *baresip) heard() []int16 {
	p.t.Helper()
	files, err := filepath.Glob(p.file("dump-*-dec.wav"))
	if err != nil || len(files) != 1 {
		p.t.Fatalf("the phone was called once, and has recorded %d legs: %v", len(files), err)
	}
	channels, err := media.ReadWAV(files[0])
	if err != nil {
		p.t.Fatal(err)
	}
	return channels[0]
}

// meter is the line that baresip writes again and again while a call is up.
var meter = regexp.MustCompile(`(?:\[\d+:\d\d:\d\d\])[^\n]*?\(bit/s\)\s*`)

// stop ends the phone, and tells its story if the test has failed.
func (p *baresip) stop() {
	if p.conn != nil {
		p.conn.Close()
	}
	select {
	case <-p.over:
	default:
		if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
			p.t.Errorf("baresip cannot be ended: %v", err)
		}
		<-p.over
	}
	if !p.t.Failed() {
		return
	}
	p.t.Logf("baresip:\n%s", p.story())
}
