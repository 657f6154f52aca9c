package lab

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"apel/media"
	"apel/testdata/voices"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"github.com/zaf/g711"
)

func init() { sip.SetDefaultLogger(slog.New(slog.DiscardHandler)) }

// showOnFailure makes a failed call test show its messages.
func showOnFailure(t *testing.T, l *Ladder) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("\n%v", l)
		}
	})
}

// caller is a bare SIP client of sipgo's, with a socket that keeps the sound.
type caller struct {
	t         *testing.T
	net       media.Network
	addr      string
	to        netip.AddrPort
	ua        *sipgo.UserAgent
	client    *sipgo.Client
	pc        net.PacketConn
	byes      chan string // Call-IDs of BYEs from the far end
	contacts  chan string // of REGISTERs accepted
	reinvited []string    // directions offered by the far end within calls
}

func newCaller(t *testing.T, n media.Network, addr string, to netip.AddrPort) *caller {
	t.Helper()
	ua, err := sipgo.NewUA()
	if err != nil {
		t.Fatal(err)
	}
	srv, err := sipgo.NewServer(ua)
	if err != nil {
		t.Fatal(err)
	}
	pc, err := n.ListenPacket(context.Background(), "udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	addr = pc.LocalAddr().String()
	client, err := sipgo.NewClient(ua, sipgo.WithClientConnectionAddr(addr))
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{t: t, net: n, addr: addr, to: to, ua: ua, client: client, pc: pc, byes: make(chan string, 100)}
	srv.OnBye(func(req *sip.Request, tx sip.ServerTransaction) {
		tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil))
		c.byes <- req.CallID().Value()
	})
	srv.OnInvite(func(req *sip.Request, tx sip.ServerTransaction) {
		offer, err := readSDP(req.Body())
		if err != nil {
			t.Error(err)
		}
		res := sip.NewSDPResponseFromRequest(req, writeSDP(offer.addr, offer.laws, 0, mirror(offer.direction), 9))
		res.AppendHeader(sip.NewHeader("Contact", "<sip:dialer@"+addr+">"))
		c.reinvited = append(c.reinvited, offer.direction)
		tx.Respond(res)
	})
	c.registrar(srv, map[string]string{"ana": "secret"})
	go srv.ServeUDP(pc)
	synctest.Wait()
	return c
}

// close waits for the transactions that sipgo keeps for 32 s.
func (c *caller) close() {
	time.Sleep(40 * time.Second)
	c.ua.Close()
	c.pc.Close() // sipgo leaves it open
}

// phoneCall is one call of a caller.
type phoneCall struct {
	c        *caller
	invite   *sip.Request
	tx       sip.ClientTransaction
	start    time.Time
	statuses []int
	at       map[int]time.Duration
	res      *sip.Response      // the final one
	more     chan *sip.Response // 2xx after the first
	rtp      *recordingSocket
}

// recordingSocket keeps the sound it gets, placed by arrival.
type recordingSocket struct {
	stream *stream
	mu     sync.Mutex
	start  time.Time
	pcm    []int16
	pts    map[uint8]int
	from   map[string]int
	keys   []byte
	event  uint32 // timestamp of the latest telephone-event
}

func (c *caller) record() *recordingSocket {
	pc, err := c.net.ListenPacket(context.Background(), "udp", netip.AddrPortFrom(netip.MustParseAddrPort(c.addr).Addr(), 0).String())
	if err != nil {
		c.t.Fatal(err)
	}
	r := &recordingSocket{start: time.Now(), pts: map[uint8]int{}, from: map[string]int{}}
	r.stream = newStream(pc, testRand(), &noise{})
	r.stream.listening.Go(func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			r.mu.Lock()
			r.keep(buf[:n], from.String())
			r.mu.Unlock()
			r.stream.hear(buf[:n])
		}
	})
	return r
}

func (r *recordingSocket) keep(b []byte, from string) {
	pt := b[1] & 0x7f
	r.pts[pt]++
	r.from[from]++
	if pt == 101 {
		if stamp := binary.BigEndian.Uint32(b[4:]); stamp != r.event {
			r.event = stamp
			r.keys = append(r.keys, "0123456789*#"[b[12]])
		}
		return
	}
	at := count(time.Since(r.start))
	for len(r.pcm) < at {
		r.pcm = append(r.pcm, 0)
	}
	for _, x := range b[12:] {
		if pt == 8 {
			r.pcm = append(r.pcm, g711.DecodeAlawFrame(x))
		} else {
			r.pcm = append(r.pcm, g711.DecodeUlawFrame(x))
		}
	}
}

// call sends an INVITE and gives the call once its final response came, or the
// ring time passed and it was cancelled.
func (c *caller) call(number string, ring time.Duration) *phoneCall {
	c.t.Helper()
	p := c.dial(number)
	p.await(ring)
	return p
}

func (c *caller) dial(number string) *phoneCall {
	c.t.Helper()
	req := sip.NewRequest(sip.INVITE, sip.Uri{User: number, Host: c.to.Addr().String(), Port: int(c.to.Port())})
	p := &phoneCall{c: c, invite: req, start: time.Now(), at: map[int]time.Duration{}, rtp: c.record()}
	req.AppendHeader(sip.NewHeader("Contact", "<sip:dialer@"+c.addr+">"))
	req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	req.SetBody(writeSDP(p.rtp.stream.local(), []media.Codec{media.PCMA, media.PCMU}, 101, "sendrecv", 1))
	tx, err := c.client.TransactionRequest(context.Background(), req)
	if err != nil {
		c.t.Fatal(err)
	}
	p.tx, p.more = tx, make(chan *sip.Response, 100)
	tx.OnRetransmission(func(res *sip.Response) { p.more <- res })
	return p
}

func (p *phoneCall) await(ring time.Duration) {
	p.c.t.Helper()
	giveUp := time.After(ring)
	for p.res == nil {
		select {
		case res := <-p.tx.Responses():
			p.statuses = append(p.statuses, res.StatusCode)
			if _, ok := p.at[res.StatusCode]; !ok {
				p.at[res.StatusCode] = time.Since(p.start)
			}
			if res.StatusCode >= 200 {
				p.res = res
			}
		case <-giveUp:
			p.cancel()
		case <-p.tx.Done():
			p.c.t.Fatal("no final response: ", p.tx.Err())
		}
	}
	if p.res.StatusCode < 300 {
		p.ack(p.res)
		if answer, err := readSDP(p.res.Body()); err != nil {
			p.c.t.Error(err)
		} else {
			p.rtp.stream.aim(answer, answer.laws[0])
		}
	}
}

func (p *phoneCall) cancel() {
	c := sip.NewRequest(sip.CANCEL, p.invite.Recipient)
	for _, h := range []sip.Header{p.invite.Via(), p.invite.From(), p.invite.To(), p.invite.CallID()} {
		c.AppendHeader(sip.HeaderClone(h))
	}
	c.AppendHeader(&sip.CSeqHeader{SeqNo: p.invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	c.SetDestination(p.invite.Destination())
	c.Laddr = p.invite.Laddr
	if _, err := p.c.client.Do(context.Background(), c, func(*sipgo.Client, *sip.Request) error { return nil }); err != nil {
		p.c.t.Error(err)
	}
}

// within builds a request within the dialog of a response.
func (p *phoneCall) within(method sip.RequestMethod, res *sip.Response, seq uint32) *sip.Request {
	req := sip.NewRequest(method, res.Contact().Address)
	req.AppendHeader(sip.HeaderClone(p.invite.From()))
	req.AppendHeader(sip.HeaderClone(res.To()))
	req.AppendHeader(sip.HeaderClone(p.invite.CallID()))
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	return req
}

func (p *phoneCall) ack(res *sip.Response) {
	if err := p.c.client.WriteRequest(p.within(sip.ACK, res, p.invite.CSeq().SeqNo)); err != nil {
		p.c.t.Error(err)
	}
}

func (p *phoneCall) bye() *sip.Response {
	p.c.t.Helper()
	res, err := p.c.client.Do(context.Background(), p.within(sip.BYE, p.res, p.invite.CSeq().SeqNo+1))
	if err != nil {
		p.c.t.Fatal(err)
	}
	synctest.Wait()
	return res
}

// heard is the sound from when the call began.
func (p *phoneCall) heard() []int16 {
	p.rtp.mu.Lock()
	defer p.rtp.mu.Unlock()
	return p.rtp.pcm
}

// digits are the keys heard.
func (p *phoneCall) digits() string {
	p.rtp.mu.Lock()
	defer p.rtp.mu.Unlock()
	return string(p.rtp.keys)
}

func encode(pcm []int16) []byte {
	out := make([]byte, len(pcm))
	for i, v := range pcm {
		out[i] = g711.EncodeUlawFrame(v)
	}
	return out
}

func everyClip(t *testing.T) map[string][]int16 {
	all := map[string][]int16{}
	for _, name := range voices.Names() {
		pcm, err := samples(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = pcm
	}
	return all
}
