package media

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/rtcp"
)

// RTCP (RFC 3550 §6): a far end that says in SDP where it takes reports gets one
// each five seconds in which it is heard, on how it is heard and what was sent
// to it; what it reports of us says how it hears us. There is no timer: a packet
// that comes in after the time is the occasion.

// reportEvery is the least interval of RFC 3550 §6.2. Calls begin when they
// begin, so that theirs need not be drawn.
const reportEvery = 5 * time.Second

// Far is how the far end hears us, by its latest report.
type Far struct {
	At        time.Time     // zero: it has reported nothing
	Lost      float64       // share of our packets since its report before
	Jitter    time.Duration // of their arrival
	RoundTrip time.Duration // to it and back; 0: not known
}

// reports is a session's side of RTCP. The session's mu guards it.
type reports struct {
	port     uint16 // where the far end takes reports; 0: nowhere
	next     time.Time
	expected uint64 // and received, of the flow, at our last report
	received uint64
	sent     uint64 // packets of ours by then
	heard    uint32 // the middle of the NTP time in its last sender report
	heardAt  time.Time
	far      Far
}

// due says whether a report is to be sent now.
func (r *reports) due(now time.Time) bool {
	switch {
	case r.port == 0 || now.Before(r.next):
		return false
	case r.next.IsZero(): // the first packet: there is nothing to say yet
		r.next = now.Add(reportEvery)
		return false
	}
	r.next = now.Add(reportEvery)
	return true
}

// heardBlock is what we say of how the far end is heard.
func (r *reports) heardBlock(f *flow, now time.Time) rtcp.ReceptionReport {
	b := rtcp.ReceptionReport{SSRC: f.ssrc, TotalLost: uint32(min(f.lost(), 1<<23-1)), Jitter: uint32(f.jitter),
		LastSequenceNumber: uint32(f.base) + uint32(f.expected) - 1, LastSenderReport: r.heard}
	if came, got := f.expected-r.expected, f.received-r.received; f.expected > r.expected && came > got {
		b.FractionLost = uint8(min((came-got)<<8/came, 255))
	}
	r.expected, r.received = f.expected, f.received
	if r.heard != 0 {
		b.Delay = uint32(now.Sub(r.heardAt) * 65536 / time.Second)
	}
	return b
}

// report sends what is due.
func (s *Session) report(now time.Time) {
	s.mu.Lock()
	block, port := s.reports.heardBlock(&s.flow, now), s.reports.port
	before := s.reports.sent
	o := s.out
	o.mu.Lock()
	ssrc, sent, octets, to, held := o.ssrc, o.sent, o.octets, o.to, o.held
	ts := o.ts + uint32(samplesIn(now.Sub(o.began)))
	o.mu.Unlock()
	s.reports.sent = sent
	s.mu.Unlock()
	if held || !to.IsValid() {
		return
	}
	blocks := []rtcp.ReceptionReport{block}
	var first rtcp.Packet = &rtcp.ReceiverReport{SSRC: ssrc, Reports: blocks}
	if sent > before {
		first = &rtcp.SenderReport{SSRC: ssrc, NTPTime: ntp(now), RTPTime: ts, PacketCount: uint32(sent), OctetCount: uint32(octets), Reports: blocks}
	}
	b, err := rtcp.Marshal([]rtcp.Packet{first, &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
		Source: ssrc, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: fmt.Sprintf("%08x", ssrc)}}}}}})
	if err != nil {
		return // can't: every field is a number in its range
	}
	_, _ = o.sock.WriteToUDPAddrPort(b, netip.AddrPortFrom(to.Addr(), port)) // a lost report is a lost report
}

// reported takes in RTCP of the far end's host.
func (s *Session) reported(b []byte, from netip.AddrPort, now time.Time) {
	s.out.mu.Lock()
	ours, host := s.out.ssrc, s.out.to.Addr()
	s.out.mu.Unlock()
	if from.Addr() != host {
		return
	}
	all, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range all {
		switch p := p.(type) {
		case *rtcp.SenderReport:
			s.reports.heard, s.reports.heardAt = uint32(p.NTPTime>>16), now
			s.reports.hears(p.Reports, ours, now)
		case *rtcp.ReceiverReport:
			s.reports.hears(p.Reports, ours, now)
		}
	}
}

// hears takes in what the far end says of our stream.
func (r *reports) hears(blocks []rtcp.ReceptionReport, ours uint32, now time.Time) {
	for _, b := range blocks {
		if b.SSRC != ours {
			continue
		}
		r.far.At, r.far.Lost, r.far.Jitter = now, float64(b.FractionLost)/256, timeOf(int64(min(b.Jitter, 10*SampleRate)))
		if b.LastSenderReport == 0 {
			continue
		}
		// In units of 1/65536 s, which go round (RFC 3550 §6.4.1).
		if d := int32(uint32(ntp(now)>>16) - b.LastSenderReport - b.Delay); d >= 0 {
			r.far.RoundTrip = time.Duration(d) * time.Second / 65536
		}
	}
}

// ntp is a time in seconds since 1900, as 32.32 bits (RFC 3550 §4).
func ntp(t time.Time) uint64 {
	const from1900 = 2208988800
	return uint64(t.Unix()+from1900)<<32 | uint64(t.Nanosecond())<<32/1e9
}
