package ua

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"apel/dialer/lab"
	"apel/media"

	"github.com/emiago/sipgo/sip"
)

// answered is a server transaction that keeps what it is answered with.
type answered struct {
	sip.ServerTransaction
	status []int
}

func (a *answered) Respond(res *sip.Response) error {
	a.status = append(a.status, res.StatusCode)
	_ = res.String() // it can be written
	return nil
}

// listening is a UA on a network in memory that nobody else is on.
func listening(t testing.TB) *UA {
	t.Helper()
	net := lab.NewNet(lab.NetConfig{})
	ports, err := media.NewPorts(media.PortsConfig{Network: net, Host: "10.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := New(Config{Network: net, Listen: "10.0.0.1:5060", Ports: ports, Trunks: []Trunk{{Name: "acme", Host: "10.0.0.2:5060", Options: -1}},
		Account: func(user string) (string, string, bool) {
			return "0123456789abcdef0123456789abcdef", strings.Repeat("0123456789abcdef", 4), user == "ann"
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Close() })
	return u
}

// handlers of the UA by method, as they are given to sipgo.
func (u *UA) incoming(req *sip.Request, tx sip.ServerTransaction) {
	switch {
	case req.Method == sip.REGISTER:
		u.guarded(u.register)(req, tx)
	default:
		u.guarded(u.toCall)(req, tx)
	}
}

func request(method sip.RequestMethod, headers ...string) []byte {
	all := []string{string(method) + " sip:apel@10.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKx", "From: <sip:a@10.0.0.2>;tag=1",
		"To: <sip:ann@10.0.0.1>", "Call-ID: c1", "CSeq: 1 " + string(method), "Max-Forwards: 70"}
	for _, h := range headers {
		name, _, _ := strings.Cut(h, ":")
		for i := range all {
			if strings.HasPrefix(all[i], name+":") {
				all[i] = h
				h = ""
			}
		}
		if h != "" {
			all = append(all, h)
		}
	}
	return []byte(strings.Join(all, "\r\n") + "\r\nContent-Length: 0\r\n\r\n")
}

func TestNobodyMayStartACallWithUs(t *testing.T) {
	u := listening(t)
	for _, c := range []struct {
		name   string
		msg    []byte
		status int
	}{
		{"a call", request(sip.INVITE), 403},
		{"a BYE in no dialog", request(sip.BYE, "To: <sip:apel@10.0.0.1>;tag=x"), 481},
		{"a BYE without a tag", request(sip.BYE), 405},
		{"a CSeq of another method", request(sip.BYE, "CSeq: 1 INVITE"), 400},
		{"no tag of theirs", request(sip.INVITE, "From: <sip:a@10.0.0.2>"), 400},
		{"a tag that splits a header", request(sip.INVITE, `From: <sip:a@10.0.0.2>;tag="x y"`), 400},
		{"a registration without a password", request(sip.REGISTER, "Contact: <sip:ann@10.0.0.9>"), 401},
		{"a registration of nobody", request(sip.REGISTER, "To: <sip:nobody@10.0.0.1>", "Contact: <sip:x@10.0.0.9>"), 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			msg, err := sip.ParseMessage(c.msg)
			if err != nil {
				t.Fatal(err)
			}
			req := msg.(*sip.Request)
			req.SetSource("10.0.0.2:5060")
			tx := &answered{}
			u.incoming(req, tx)
			if len(tx.status) != 1 || tx.status[0] != c.status {
				t.Errorf("answered with %v, want %d", tx.status, c.status)
			}
		})
	}
}

func TestStrangersMayOnlyRegisterAndTooManyAreDropped(t *testing.T) {
	u := listening(t)
	pass := func(from string, data []byte) bool {
		addr := netip.MustParseAddrPort(from)
		out, err := u.filter(sip.TransportReadProps{Transport: "UDP", RemoteAddr: netAddr{addr}}, data)
		return err == nil && len(out) > 0
	}
	if !pass("10.0.0.2:5060", request(sip.INVITE)) || !pass("10.0.0.2:9999", request(sip.BYE)) {
		t.Error("the trunk is not heard")
	}
	if pass("10.9.9.9:5060", request(sip.INVITE)) || pass("10.9.9.9:5060", request(sip.BYE)) || !pass("10.9.9.9:5060", request(sip.REGISTER)) {
		t.Error("a stranger may do other than register, or not that")
	}
	if pass("10.9.9.9:5060", append(request(sip.REGISTER), make([]byte, maxMessage)...)) {
		t.Error("a message of any size is read")
	}
	heard := 0
	for range 1000 {
		if pass("10.9.9.8:5060", request(sip.REGISTER)) {
			heard++
		}
	}
	if heard > 100 {
		t.Errorf("of 1000 registrations at once %d were read", heard)
	}
}

type netAddr struct{ netip.AddrPort }

func (netAddr) Network() string { return "udp" }

// torture finds the messages of RFC 4475 in sipgo's module.
func torture(t testing.TB, kind string) []string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/emiago/sipgo").Output()
	if err != nil {
		t.Skipf("the messages of RFC 4475 are not found: go list: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "sip", "testdata", "torture", kind, "*"))
	if err != nil || len(files) == 0 {
		t.Skipf("sipgo's module holds no torture messages of kind %s", kind)
	}
	return files
}

// refusedHere are the invalid messages of RFC 4475 that sipgo's parser takes
// and our check must not.
var refusedHere = []string{"insuf", "mismatch01", "mismatch02", "multi01", "badvers"}

func TestTheTortureMessagesOfRFC4475HarmNobody(t *testing.T) {
	u := listening(t)
	for _, kind := range []string{"valid", "invalid"} {
		for _, file := range torture(t, kind) {
			name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
			t.Run(kind+"/"+name, func(t *testing.T) {
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				msg, err := sip.ParseMessage(data)
				if err != nil {
					return // refused by the parser
				}
				switch m := msg.(type) {
				case *sip.Request:
					m.SetSource("10.0.0.2:5060")
					tx := &answered{}
					u.incoming(m, tx)
					for _, bad := range refusedHere {
						if kind == "invalid" && name == bad && (len(tx.status) != 1 || tx.status[0] != 400) {
							t.Errorf("answered with %v, want 400", tx.status)
						}
					}
				case *sip.Response:
					m.SetSource("10.0.0.2:5060")
					u.strayResponse(m)
				}
			})
		}
	}
}

func FuzzIncomingSIP(f *testing.F) {
	for _, kind := range []string{"valid", "invalid"} {
		for _, file := range torture(f, kind) {
			if data, err := os.ReadFile(file); err == nil {
				f.Add(data)
			}
		}
	}
	f.Add(request(sip.INVITE))
	f.Add(request(sip.REGISTER, "Contact: <sip:ann@10.0.0.9>;expires=60", `Authorization: Digest username="ann", realm="apel", nonce="x", uri="sip:10.0.0.1", response="y"`))
	f.Add([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKx\r\nFrom: <sip:1@10.0.0.1>;tag=" + localTag("c1") +
		"\r\nTo: <sip:2@10.0.0.2>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\nContact: <sip:2@10.0.0.2>\r\nRecord-Route: <sip:10.0.0.2;lr>\r\nContent-Length: 0\r\n\r\n"))
	u := listening(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		msg, err := sip.ParseMessage(data)
		if err != nil {
			return
		}
		switch m := msg.(type) {
		case *sip.Request:
			m.SetSource("10.0.0.2:5060")
			tx := &answered{}
			u.incoming(m, tx)
			if m.Method == sip.ACK && len(tx.status) > 0 || len(tx.status) > 1 {
				t.Errorf("%s is answered with %v", m.Method, tx.status)
			}
		case *sip.Response:
			m.SetSource("10.0.0.2:5060")
			q850(m)
			granted(m, 0)
			d := &dialog{callID: "c1", localTag: "1", transport: "UDP", destination: "10.0.0.2:5060"}
			if d.learn(m) != nil {
				return
			}
			again := u.request(d, sip.BYE, 2).String()
			back, err := sip.ParseMessage([]byte(again))
			if err != nil {
				t.Fatalf("a BYE made from the far end's answer cannot be read: %v\n%s", err, again)
			}
			if got := len(back.(*sip.Request).Headers()); got != len(u.request(d, sip.BYE, 2).Headers()) {
				t.Errorf("the far end's answer has put a header into our BYE:\n%s", again)
			}
		}
	})
}
