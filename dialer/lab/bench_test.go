package lab

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"apel/media"

	"github.com/emiago/sipgo/sip"
)

// lean is a client that costs little: an end of the lab's own, and no sound.
type lean struct {
	end *end
	to  peer
}

func (l *lean) call(i int) int {
	callID := fmt.Sprintf("bench-%d", i)
	number := fmt.Sprint(40720000000 + i)
	build := func(method sip.RequestMethod, seq uint32, to *sip.ToHeader) *sip.Request {
		req := sip.NewRequest(method, sip.Uri{User: number, Host: "10.0.0.2", Port: 5060})
		req.AppendHeader(via(l.end, fmt.Sprintf("%s-%s-%s", sip.RFC3261BranchMagicCookie, callID, method)))
		req.AppendHeader(&sip.FromHeader{Address: sip.Uri{User: "1", Host: "10.0.0.1"}, Params: sip.HeaderParams{{K: "tag", V: "x"}}})
		req.AppendHeader(to)
		id := sip.CallIDHeader(callID)
		req.AppendHeader(&id)
		req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
		req.AppendHeader(sip.NewHeader("Contact", "<sip:1@10.0.0.1:5060>"))
		return req
	}
	invite := build(sip.INVITE, 1, &sip.ToHeader{Address: sip.Uri{User: number, Host: "10.0.0.2"}})
	invite.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	invite.SetBody(writeSDP(netip.MustParseAddrPort("10.0.0.1:4000"), []media.Codec{media.PCMU}, 101, "sendrecv", 1))
	res, err := l.end.request(nil, l.to, invite)
	if err != nil {
		return 0
	}
	ack := build(sip.ACK, 1, res.To())
	if res.StatusCode >= 300 {
		ack.ReplaceHeader(invite.Via())
	}
	ack.SetBody(nil)
	l.to.send([]byte(ack.String()))
	if res.StatusCode < 300 {
		time.Sleep(3 * time.Second)
		bye := build(sip.BYE, 2, res.To())
		bye.SetBody(nil)
		l.end.request(nil, l.to, bye)
	}
	return res.StatusCode
}

// BenchmarkCarrier places calls to an ordinary population, 200 a second in
// virtual time; those answered last three seconds, with the callee's sound.
func BenchmarkCarrier(b *testing.B) {
	b.ReportAllocs()
	answered := 0
	runInBubble(b, func() {
		n := NewNet(NetConfig{Delay: 5 * time.Millisecond})
		pop := NewPopulation(PopulationConfig{Seed: 1, NoAnswer: 0, People: .4, Machines: .4, Failed: .2})
		carrier, err := StartCarrier(context.Background(), CarrierConfig{Network: n, Addr: "10.0.0.2:5060", Population: pop})
		if err != nil {
			b.Fatal(err)
		}
		e, err := open(context.Background(), n, "udp", "10.0.0.1:5060", nil)
		if err != nil {
			b.Fatal(err)
		}
		caller := &lean{end: e, to: peer{end: e, addr: carrier.Addr()}}
		e.start(func(req *sip.Request, from peer) { answerTo(from, req, 200, "OK", "x") })
		var wg sync.WaitGroup
		var mu sync.Mutex
		for i := range b.N {
			wg.Go(func() {
				if caller.call(i) == 200 {
					mu.Lock()
					answered++
					mu.Unlock()
				}
			})
			time.Sleep(5 * time.Millisecond)
		}
		wg.Wait()
		carrier.Close()
		e.close()
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64(answered)/float64(b.N), "answered/call")
}

// runInBubble runs f in a synctest bubble, through a test, because a benchmark
// cannot enter one. The benchmark's own clock stays outside, and real.
func runInBubble(b *testing.B, f func()) {
	ok := testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: b.Name(), F: func(t *testing.T) { synctest.Test(t, func(*testing.T) { f() }) },
	}})
	if !ok {
		b.Fatal("the bubble failed")
	}
}
