package browser

import (
	"math"
	"sync"
	"time"

	"apel/media"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// Quality is how a leg stands: what the browser sent until now, and what it
// says of what we send.
type Quality struct {
	HeardAt time.Time     // last packet of sound; zero: none yet
	Level   float64       // of the microphone over the last second, in dBFS; -127: silence
	Peak    float64       // the highest Level of a packet in the last second
	Lost    float64       // share of the browser's packets missing in the last second
	FarLost float64       // share of ours that the browser missed, by its last report
	Trip    time.Duration // round trip, by its last report; 0: not known
	Jitter  time.Duration // of ours at the browser, by its last report
}

// silentLevel is what digital silence is shown as.
const silentLevel = -127

// meter measures the browser's sound as it arrives, in slices of a tenth of a
// second, of which the last ten count.
type meter struct {
	mu     sync.Mutex // guards the fields below
	slices [10]slice
	tick   int64 // number of the newest slice
	heard  time.Time
	far    Quality // FarLost, Trip and Jitter of it
	buf    []int16

	seq     uint16
	started bool
}

type slice struct {
	power   float64
	peak    float64 // power of the loudest packet, a sample
	samples int
	got     int
	missing int
}

const sliceTime = 100 * time.Millisecond

// advance makes the slice of an instant the newest. The caller holds mu.
func (m *meter) advance(now time.Time) *slice {
	tick := now.UnixNano() / int64(sliceTime)
	if tick-m.tick > int64(len(m.slices)) {
		m.slices, m.tick = [10]slice{}, tick
	}
	for m.tick < tick {
		m.tick++
		m.slices[m.tick%int64(len(m.slices))] = slice{}
	}
	return &m.slices[m.tick%int64(len(m.slices))]
}

// packet takes in a packet of the browser.
func (m *meter) packet(p *rtp.Packet, now time.Time) {
	if p.PayloadType != uint8(media.PCMU) && p.PayloadType != uint8(media.PCMA) || len(p.Payload) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.advance(now)
	m.heard = now
	m.buf = media.Codec(p.PayloadType).Decode(m.buf[:0], p.Payload)
	power := 0.0
	for _, v := range m.buf {
		power += float64(v) * float64(v)
	}
	s.power += power
	s.samples += len(m.buf)
	s.peak = max(s.peak, power/float64(len(m.buf)))
	s.got++
	if step := int16(p.SequenceNumber - m.seq); m.started && step > 1 && step < 500 {
		s.missing += int(step) - 1
	} else if m.started && step <= 0 && s.missing > 0 {
		s.missing-- // it was only late
	}
	m.seq, m.started = p.SequenceNumber, true
}

// report takes in what the browser says of what we send (RFC 3550 §6.4).
func (m *meter) report(packets []rtcp.Packet, now time.Time) {
	for _, p := range packets {
		var reports []rtcp.ReceptionReport
		switch p := p.(type) {
		case *rtcp.ReceiverReport:
			reports = p.Reports
		case *rtcp.SenderReport:
			reports = p.Reports
		}
		for _, r := range reports {
			m.mu.Lock()
			m.far.FarLost = float64(r.FractionLost) / 256
			m.far.Jitter = time.Duration(r.Jitter) * time.Second / media.SampleRate
			if r.LastSenderReport != 0 {
				m.far.Trip = tripOf(r, now)
			}
			m.mu.Unlock()
		}
	}
}

// tripOf is the time of the report less the delay at the browser less the time
// of our report that it answers, all in 1/65536 s (RFC 3550 §6.4.1).
func tripOf(r rtcp.ReceptionReport, now time.Time) time.Duration {
	const toUnix = 2208988800 // seconds from 1900 to 1970
	secs := uint64(now.Unix()+toUnix)<<16 | uint64(now.Nanosecond())<<16/1e9
	units := int32(uint32(secs) - r.LastSenderReport - r.Delay)
	return max(time.Duration(units)*time.Second/65536, 0)
}

// quality is how things stand.
func (m *meter) quality(now time.Time) Quality {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance(now)
	var sum slice
	for _, s := range m.slices {
		sum.power += s.power
		sum.samples += s.samples
		sum.got += s.got
		sum.missing += s.missing
		sum.peak = max(sum.peak, s.peak)
	}
	q := m.far
	q.HeardAt, q.Level, q.Peak = m.heard, silentLevel, silentLevel
	if sum.samples > 0 {
		q.Level, q.Peak = decibels(sum.power/float64(sum.samples)), decibels(sum.peak)
	}
	if all := sum.got + sum.missing; all > 0 {
		q.Lost = float64(sum.missing) / float64(all)
	}
	return q
}

// decibels is a mean power against that of the loudest sine, as in media.Tone.
func decibels(power float64) float64 {
	const full = math.MaxInt16 * math.MaxInt16 / 2
	if power <= 0 {
		return silentLevel
	}
	return max(10*math.Log10(power/full), silentLevel)
}
