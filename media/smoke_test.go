package media

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// realSession is a session on a loopback socket.
func realSession(t testing.TB, host string) *Session {
	t.Helper()
	ports, err := NewPorts(PortsConfig{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := ports.Open(context.Background())
	if err != nil {
		t.Skipf("no socket on %s: %v", host, err)
	}
	s := NewSession(conn)
	t.Cleanup(func() { s.Close() })
	return s
}

// join joins two real sessions by their descriptions.
func describe(t testing.TB, a, b *Session, c Codec) {
	t.Helper()
	for _, pair := range [][2]*Session{{a, b}, {b, a}} {
		d := Description{Addr: pair[1].Local(), Codecs: []Codec{c}, DTMF: 101}
		got, err := ParseSDP(d.Marshal())
		if err != nil {
			t.Fatal(err)
		}
		if err := pair[0].Negotiate(got); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACallOverRealSockets(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			callee, customer := realSession(t, host), realSession(t, host)
			operator, phone := realSession(t, host), realSession(t, host)
			describe(t, callee, customer, PCMA)
			describe(t, phone, operator, PCMU)
			rec, err := NewRecorder(filepath.Join(t.TempDir(), "call.wav"), nil)
			if err != nil {
				t.Fatal(err)
			}
			bridge := Join(customer, operator, rec)
			said := Tone(440, 300*time.Millisecond, -6)
			if err := callee.Play(t.Context(), said); err != nil {
				t.Fatal(err)
			}
			if err := callee.SendDigit(t.Context(), '5', 60*time.Millisecond); err != nil {
				t.Fatal(err)
			}
			if key := <-customer.Digits(); key != '5' {
				t.Errorf("got the key %q", key)
			}
			for phone.Stats().Received < 15 { // ends with the test's own limit
				time.Sleep(time.Millisecond)
			}
			bridge.Close()
			recording, err := rec.Close()
			if err != nil {
				t.Fatal(err)
			}
			got, err := ReadWAV(recording.Path)
			if err != nil {
				t.Fatal(err)
			}
			want := roundTrip(PCMA, said)
			start := slices.IndexFunc(got[left], func(s int16) bool { return s > 500 })
			from := slices.IndexFunc(want, func(s int16) bool { return s > 500 })
			if start < from || !slices.Equal(got[left][start-from:][:len(want)], want) {
				t.Error("the recording is not what was said")
			}
			if operator.Stats().Sent != 15 {
				t.Errorf("%d packets were forwarded", operator.Stats().Sent)
			}
		})
	}
}

func TestAClosedRealSessionEndsItsListener(t *testing.T) {
	s := realSession(t, "127.0.0.1")
	ear := s.Listen()
	go s.Close()
	for {
		if _, err := ear.Next(t.Context()); err != nil {
			if !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
			return
		}
	}
}
