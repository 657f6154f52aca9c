package browser

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"apel/media"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// Leg is one browser's sound.
type Leg struct {
	g         *Gateway
	pc        *webrtc.PeerConnection
	print     string // of the browser's certificate: another connection has another
	pipe      *pipe
	session   *media.Session
	meter     meter
	up        chan struct{} // the first sound has come
	upOnce    sync.Once
	there     chan struct{} // the browser is, with sound or without
	thereOnce sync.Once
	ended     chan struct{}
	wg        sync.WaitGroup

	mu     sync.Mutex // held while an offer is being answered
	ending sync.Mutex // held while the leg ends, or something more is begun
}

// Answer makes a leg from an offer, and the answer to it. The leg is connected
// some moments later, see Up; one that never is ends by itself.
func (g *Gateway) Answer(ctx context.Context, offer string) (*Leg, string, error) {
	far, print, err := readOffer(offer)
	if err != nil {
		return nil, "", err
	}
	pc, err := g.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, "", fmt.Errorf("make a leg for a browser: %w", err)
	}
	l := &Leg{g: g, pc: pc, print: print, up: make(chan struct{}), there: make(chan struct{}), ended: make(chan struct{})}
	answer, err := l.begin(ctx, offer, far)
	if err == nil && !g.enter(l) {
		err = errors.New("the service stops; no browser is taken any more")
	}
	if err != nil {
		l.Close()
		return nil, "", err
	}
	l.run(l.expire)
	return l, answer, nil
}

// readOffer finds what of the sound in an offer a session must know, and the
// fingerprint of the browser's certificate.
func readOffer(offer string) (d media.Description, print string, err error) {
	d.Addr = farEnd
	if len(offer) > maxOffer {
		return d, "", fmt.Errorf("%w: it has %d bytes, more than %d", ErrOffer, len(offer), maxOffer)
	}
	var s sdp.SessionDescription
	if err := s.UnmarshalString(offer); err != nil {
		return d, "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	if len(s.MediaDescriptions) != 1 || s.MediaDescriptions[0].MediaName.Media != "audio" {
		return d, "", fmt.Errorf("%w: it must have one stream, of sound", ErrOffer)
	}
	m := s.MediaDescriptions[0]
	for _, f := range m.MediaName.Formats {
		if f == "0" || f == "8" {
			d.Codecs = append(d.Codecs, media.Codec(f[0]-'0'))
		}
	}
	print, _ = s.Attribute("fingerprint")
	for _, a := range m.Attributes {
		if a.Key == "fingerprint" {
			print = a.Value
		}
		if pt, name, _ := strings.Cut(a.Value, " "); a.Key == "rtpmap" && strings.EqualFold(name, "telephone-event/8000") {
			if n, err := strconv.ParseUint(pt, 10, 7); err == nil {
				d.DTMF = uint8(n)
			}
		}
	}
	if len(d.Codecs) == 0 {
		return d, "", fmt.Errorf("%w: it has neither PCMU nor PCMA, which every browser speaks (RFC 7874 §3)", ErrOffer)
	}
	return d, print, nil
}

// begin makes track and session, and answers.
func (l *Leg) begin(ctx context.Context, offer string, far media.Description) (string, error) {
	mime := webrtc.MimeTypePCMU
	if far.Codecs[0] == media.PCMA {
		mime = webrtc.MimeTypePCMA
	}
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime, ClockRate: media.SampleRate}, "apel", "apel")
	if err != nil {
		return "", fmt.Errorf("make a leg for a browser: %w", err)
	}
	sender, err := l.pc.AddTrack(track)
	if err != nil {
		return "", fmt.Errorf("make a leg for a browser: %w", err)
	}
	l.pipe = newPipe(track)
	l.session = media.NewSession(l.pipe)
	if err := l.session.Negotiate(far); err != nil {
		return "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	l.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		l.run(func() { // its reports must be read, for ours to answer them
			for err := error(nil); err == nil; {
				_, _, err = r.ReadRTCP()
			}
		})
		l.run(func() { l.hear(t) })
	})
	l.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			l.thereOnce.Do(func() { close(l.there) })
		}
		if s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateClosed {
			l.end()
		}
	})
	l.run(func() {
		for {
			packets, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			l.meter.report(packets, time.Now())
		}
	})
	return l.answer(ctx, offer)
}

// answer answers an offer, the first or a later one.
func (l *Leg) answer(ctx context.Context, offer string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	answer, err := l.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	gathered := webrtc.GatheringCompletePromise(l.pc)
	if err := l.pc.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	select {
	case <-gathered: // our own addresses: at once
	case <-ctx.Done():
		return "", ctx.Err()
	}
	return l.pc.LocalDescription().SDP, nil
}

// Restart answers a further offer of the same browser, with new ICE credentials
// after its network was lost or has changed (RFC 8445 §9). The session goes on.
// ErrOther if it is that of another connection, as of the page before a reload,
// whose offer was on its way: it would cut this one off.
func (l *Leg) Restart(ctx context.Context, offer string) (string, error) {
	switch _, print, err := readOffer(offer); {
	case err != nil:
		return "", err
	case print != l.print:
		return "", ErrOther
	}
	return l.answer(ctx, offer)
}

// hear reads the browser's track until it ends.
func (l *Leg) hear(t *webrtc.TrackRemote) {
	buf := make([]byte, 2048)
	var p rtp.Packet
	for {
		n, _, err := t.Read(buf)
		if err != nil {
			return
		}
		if p.Unmarshal(buf[:n]) != nil {
			continue
		}
		l.meter.packet(&p, time.Now())
		l.pipe.put(buf[:n])
		l.upOnce.Do(func() { close(l.up) })
	}
}

// expire ends a leg that never connects.
func (l *Leg) expire() {
	t := time.NewTimer(connectWithin)
	defer t.Stop()
	select {
	case <-l.there:
	case <-t.C:
		l.end()
	case <-l.ended:
	}
}

// Connected says whether the browser is there, with sound or without: it
// answers and asks (RFC 7675).
func (l *Leg) Connected() bool {
	return l.pc.ConnectionState() == webrtc.PeerConnectionStateConnected
}

// Media is the leg's sound.
func (l *Leg) Media() *media.Session { return l.session }

// Up is closed when the first packet of the browser has come.
func (l *Leg) Up() <-chan struct{} { return l.up }

// Ended is closed when the leg is over: closed, never connected, or its browser
// gone for half a minute. One that sends no sound is not gone. Close it then.
func (l *Leg) Ended() <-chan struct{} { return l.ended }

// Quality says how the leg stands now.
func (l *Leg) Quality() Quality { return l.meter.quality(time.Now()) }

// End says that the leg is over; its owner hears of it by Ended and closes it.
func (l *Leg) End() { l.end() }

func (l *Leg) end() {
	l.ending.Lock()
	defer l.ending.Unlock()
	if !l.over() {
		close(l.ended)
	}
}

func (l *Leg) over() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// run runs f until Close waits for it, or not at all if the leg is over: a track
// may come while it is being closed.
func (l *Leg) run(f func()) {
	l.ending.Lock()
	defer l.ending.Unlock()
	if !l.over() {
		l.wg.Go(f)
	}
}

// Close ends the leg and returns when nothing of it runs any more.
func (l *Leg) Close() {
	l.end()
	_ = l.pc.GracefulClose() // there is nothing to do about a browser that cannot be told
	if l.session != nil {
		_ = l.session.Close()
	}
	l.wg.Wait()
	l.g.leave(l)
}
