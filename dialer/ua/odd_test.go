package ua

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"apel/dialer/lab"
	"apel/media"

	"github.com/emiago/sipgo/sip"
)

// odd is a far end that answers each request as a test says.
type odd struct {
	conn net.PacketConn
	mu   sync.Mutex // guards got
	got  []*sip.Request
}

// reply is one response; Body is SDP.
type reply struct {
	status  int
	headers []string
	body    string
}

const oddSDP = "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"

// withOdd runs f in a bubble with a UA whose trunk is an odd far end; answer is
// given each request and how many of its method came before it.
func withOdd(t *testing.T, trunk Trunk, answer func(req *sip.Request, before int) []reply, f func(*UA, *odd)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := lab.NewNet(lab.NetConfig{Delay: 10 * time.Millisecond})
		conn, err := n.ListenPacket(context.Background(), "udp", "10.0.0.2:5060")
		if err != nil {
			t.Fatal(err)
		}
		o := &odd{conn: conn}
		var wg sync.WaitGroup
		wg.Go(func() { o.serve(answer) })
		ports, err := media.NewPorts(media.PortsConfig{Network: n, Host: "10.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		trunk.Name, trunk.Host, trunk.Options, trunk.Channels, trunk.CallsPerSecond = "acme", "10.0.0.2:5060", -1, 10, 10
		u, err := New(Config{Network: n, Listen: "10.0.0.1:5060", Ports: ports, Trunks: []Trunk{trunk}})
		if err != nil {
			t.Fatal(err)
		}
		f(u, o)
		time.Sleep(time.Minute)
		if s := u.Trunks()[0]; s.InUse != 0 {
			t.Errorf("%d channels are still taken", s.InUse)
		}
		if err := u.Close(); err != nil {
			t.Error(err)
		}
		conn.Close()
		wg.Wait()
		time.Sleep(time.Minute) // whatever still runs would be found by the bubble
	})
}

func (o *odd) serve(answer func(*sip.Request, int) []reply) {
	buf := make([]byte, 4096)
	for {
		n, from, err := o.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		msg, err := sip.ParseMessage(append([]byte(nil), buf[:n]...))
		req, ok := msg.(*sip.Request)
		if err != nil || !ok {
			continue
		}
		before := len(o.all(req.Method))
		o.mu.Lock()
		o.got = append(o.got, req)
		o.mu.Unlock()
		for _, r := range answer(req, before) {
			time.Sleep(10 * time.Millisecond) // two responses of one instant may change places
			o.conn.WriteTo([]byte(r.text(req)), from)
		}
	}
}

func (r reply) text(req *sip.Request) string {
	to := req.To().Value()
	if r.status != 100 && !strings.Contains(to, "tag=") {
		to += ";tag=odd"
	}
	lines := []string{fmt.Sprintf("SIP/2.0 %d Odd", r.status), "Via: " + req.Via().Value(), "From: " + req.From().Value(), "To: " + to,
		"Call-ID: " + req.CallID().Value(), "CSeq: " + req.CSeq().Value(), "Contact: <sip:odd@10.0.0.2:5060>"}
	lines = append(lines, r.headers...)
	if r.body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	return strings.Join(append(lines, fmt.Sprint("Content-Length: ", len(r.body)), "", r.body), "\r\n")
}

// all are the requests of a method so far.
func (o *odd) all(m sip.RequestMethod) (reqs []*sip.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.got {
		if r.Method == m {
			reqs = append(reqs, r)
		}
	}
	return reqs
}

func (o *odd) call(t *testing.T, u *UA) *Call {
	t.Helper()
	c, err := u.Dial(context.Background(), Request{Trunk: "acme", Number: "+40722123456", CallerID: "+40312345678", CallID: "odd-1"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// plainly answers a BYE or whatever else with 200.
func plainly(req *sip.Request) []reply {
	if req.Method == sip.ACK {
		return nil
	}
	return []reply{{status: 200}}
}

func TestAnAnswerWithoutUsableSoundIsAnAnswerThatWeEnd(t *testing.T) {
	for name, answer := range map[string][]reply{
		"no description":               {{status: 180}, {status: 200}},
		"a description that is none":   {{status: 200, body: "hello"}},
		"the stream is refused":        {{status: 200, body: strings.Replace(oddSDP, "audio 4000", "audio 0", 1)}},
		"no law that we know":          {{status: 200, body: strings.Replace(oddSDP, "RTP/AVP 8", "RTP/AVP 18", 1)}},
		"a description before, broken": {{status: 183, body: "hello"}, {status: 200}},
	} {
		t.Run(name, func(t *testing.T) {
			withOdd(t, Trunk{}, func(req *sip.Request, _ int) []reply {
				if req.Method == sip.INVITE {
					return answer
				}
				return plainly(req)
			}, func(u *UA, o *odd) {
				_, e := steps(o.call(t, u), 20*time.Second)
				if !e.Answered || e.By != Dialer || e.Status != 200 || e.At.Sub(o.call0()) > time.Second {
					t.Errorf("ending %+v", e)
				}
				time.Sleep(time.Second)
				if len(o.all(sip.ACK)) == 0 || len(o.all(sip.BYE)) != 1 {
					t.Errorf("%d ACK, %d BYE", len(o.all(sip.ACK)), len(o.all(sip.BYE)))
				}
			})
		})
	}
}

// call0 is a time before every test's call: bubbles begin at the millennium.
func (o *odd) call0() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

func TestTheDescriptionOfA183HoldsForAnAnswerWithoutOne(t *testing.T) {
	withOdd(t, Trunk{}, func(req *sip.Request, _ int) []reply {
		if req.Method == sip.INVITE {
			return []reply{{status: 183, body: oddSDP}, {status: 200}}
		}
		return plainly(req)
	}, func(u *UA, o *odd) {
		got, e := steps(o.call(t, u), 20*time.Second)
		if got != "early answered" || e.By != Dialer || !e.Answered {
			t.Errorf("steps %q, ending %+v", got, e)
		}
	})
}

func TestAnAnswerThatCannotBeReadLeavesNothingBehind(t *testing.T) {
	withOdd(t, Trunk{}, func(req *sip.Request, _ int) []reply {
		if req.Method == sip.INVITE { // sent again and again: it gets no ACK
			bad := reply{status: 200, body: oddSDP, headers: []string{"Record-Route: <sip:\"x\"@10.0.0.2;lr>"}}
			return []reply{bad, bad, bad}
		}
		return plainly(req)
	}, func(u *UA, o *odd) {
		if _, e := steps(o.call(t, u), 0); !e.Answered || e.By != Dialer {
			t.Errorf("ending %+v", e)
		}
	})
}

func challengeOf(status int) reply {
	name := map[int]string{401: "WWW-Authenticate", 407: "Proxy-Authenticate"}[status]
	return reply{status: status, headers: []string{name + `: Digest realm="odd", nonce="n` + fmt.Sprint(status) + `", algorithm=MD5, qop="auth"`}}
}

func TestAProxyAndTheServerBehindItMayBothAskForThePassword(t *testing.T) {
	withOdd(t, Trunk{Username: "apel", Password: "secret"}, func(req *sip.Request, _ int) []reply {
		switch {
		case req.Method != sip.INVITE:
			return plainly(req)
		case req.GetHeader("Proxy-Authorization") == nil:
			return []reply{challengeOf(407)}
		case req.GetHeader("Authorization") == nil:
			return []reply{challengeOf(401)}
		}
		return []reply{{status: 200, body: oddSDP}}
	}, func(u *UA, o *odd) {
		got, e := steps(o.call(t, u), 5*time.Second)
		if got != "answered" {
			t.Fatalf("steps %q, ending %+v", got, e)
		}
		acks := o.all(sip.ACK)
		if last := acks[len(acks)-1]; last.GetHeader("Proxy-Authorization") == nil || last.GetHeader("Authorization") == nil {
			t.Error("the ACK does not have the INVITE's credentials")
		}
	})
}

func TestATrunkThatAsksForThePasswordAtTheEndGetsIt(t *testing.T) {
	withOdd(t, Trunk{Username: "apel", Password: "secret"}, func(req *sip.Request, _ int) []reply {
		switch {
		case req.Method == sip.INVITE:
			return []reply{{status: 200, body: oddSDP}}
		case req.Method == sip.BYE && req.GetHeader("Proxy-Authorization") == nil:
			return []reply{challengeOf(407)}
		}
		return plainly(req)
	}, func(u *UA, o *odd) {
		steps(o.call(t, u), 5*time.Second)
		time.Sleep(time.Second)
		byes := o.all(sip.BYE)
		if len(byes) != 2 || byes[1].GetHeader("Proxy-Authorization") == nil || byes[1].CSeq().SeqNo <= byes[0].CSeq().SeqNo {
			t.Errorf("%d BYEs: the call is still up there", len(byes))
		}
	})
}

func TestASessionRefreshThatIsNeverAnsweredHoldsNobodyUp(t *testing.T) {
	refreshing := func(req *sip.Request, _ int) []reply {
		switch {
		case req.Method == sip.INVITE && tag(req.To().Params) == "":
			return []reply{{status: 200, body: oddSDP, headers: []string{"Session-Expires: 90;refresher=uac", "Require: timer"}}}
		case req.Method == sip.INVITE:
			return []reply{{status: 100}}
		}
		return plainly(req)
	}
	for name, c := range map[string]struct {
		hangUp, within time.Duration
		by             Party
	}{
		"we hang up":      {50 * time.Second, 51 * time.Second, Dialer},
		"nobody hangs up": {0, 90 * time.Second, Network},
	} {
		t.Run(name, func(t *testing.T) {
			withOdd(t, Trunk{}, refreshing, func(u *UA, o *odd) {
				call := o.call(t, u)
				if c.hangUp == 0 { // the bubble's limit, should nothing end it
					time.AfterFunc(10*time.Minute, call.Hangup)
				}
				_, e := steps(call, c.hangUp)
				if e.By != c.by || e.At.Sub(o.call0()) > c.within {
					t.Errorf("ending %+v", e)
				}
				time.Sleep(time.Second)
				if len(o.all(sip.BYE)) != 1 {
					t.Errorf("%d BYEs", len(o.all(sip.BYE)))
				}
			})
		})
	}
}
