// Package headset is an operator's browser in a box, for tests: it makes the
// offer, takes the answer, and from then on speaks and hears as a page with a
// headset does. It runs in virtual time when its network does.
package headset

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"apel/media"

	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Config says where the browser is.
type Config struct {
	Network media.Network // nil: the machine's
	Addr    string        // to bind, e.g. "10.0.0.30:0"
	Laws    []media.Codec // offered; default mu-law, then A-law
}

// Headset is a browser with a microphone that sends a packet every 20 ms.
type Headset struct {
	pc    *webrtc.PeerConnection
	addr  netip.AddrPort
	mux   *ice.UDPMuxDefault
	track *webrtc.TrackLocalStaticRTP
	law   media.Codec
	quit  chan struct{}
	work  sync.WaitGroup

	mu      sync.Mutex // guards the fields below
	say     []int16    // still to be said
	tone    []int16    // said over and over when there is nothing else
	at      int
	unplug  bool
	heard   []int16
	heardAt time.Time
}

// New opens a browser; nothing is sent before Offer and Accept.
func New(ctx context.Context, cfg Config) (*Headset, error) {
	if cfg.Network == nil {
		cfg.Network = &net.ListenConfig{}
	}
	if len(cfg.Laws) == 0 {
		cfg.Laws = []media.Codec{media.PCMU, media.PCMA}
	}
	conn, err := cfg.Network.ListenPacket(ctx, "udp", cfg.Addr)
	if err != nil {
		return nil, err
	}
	h := &Headset{addr: netip.MustParseAddrPort(conn.LocalAddr().String()), law: cfg.Laws[0], quit: make(chan struct{})}
	h.mux = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn})
	var set webrtc.SettingEngine
	set.SetICEUDPMux(h.mux)
	set.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	set.SetIncludeLoopbackCandidate(true)
	set.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	set.SetICETimeouts(3*time.Second, time.Minute, time.Second)
	var codecs webrtc.MediaEngine
	for _, law := range cfg.Laws {
		p := webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "audio/" + law.String(), ClockRate: media.SampleRate}, PayloadType: webrtc.PayloadType(law)}
		if err := codecs.RegisterCodec(p, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
	}
	api := webrtc.NewAPI(webrtc.WithSettingEngine(set), webrtc.WithMediaEngine(&codecs))
	if h.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return nil, err
	}
	h.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		h.work.Go(func() {
			for err := error(nil); err == nil; {
				_, _, err = r.ReadRTCP()
			}
		})
		h.hear(t)
	})
	h.track, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: "audio/" + h.law.String(), ClockRate: media.SampleRate}, "mic", "page")
	if err != nil {
		return nil, err
	}
	_, err = h.pc.AddTrack(h.track)
	return h, err
}

// Offer is what the page posts; restart asks for new ICE credentials.
func (h *Headset) Offer(restart bool) (string, error) {
	offer, err := h.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(h.pc)
	if err := h.pc.SetLocalDescription(offer); err != nil {
		return "", err
	}
	<-gathered
	return h.pc.LocalDescription().SDP, nil
}

// Accept takes the answer to the last offer; with the first, the microphone opens.
func (h *Headset) Accept(answer string) error {
	first := h.pc.CurrentRemoteDescription() == nil
	if err := h.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return fmt.Errorf("the browser refuses the answer: %w", err)
	}
	if first {
		h.work.Go(h.speak)
	}
	return nil
}

// speak sends the microphone.
func (h *Headset) speak() {
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	p := rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(rand.Uint32()), Timestamp: rand.Uint32()}}
	for {
		select {
		case <-tick.C:
		case <-h.quit:
			return
		}
		frame, open := h.frame()
		p.Payload = h.law.Encode(p.Payload[:0], frame)
		if open {
			_ = h.track.WriteRTP(&p) // a network that is gone loses it
			p.SequenceNumber++
		}
		p.Timestamp += media.FrameSamples
	}
}

// frame is the microphone's next; false while it is unplugged.
func (h *Headset) frame() ([]int16, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	frame := make([]int16, media.FrameSamples)
	n := copy(frame, h.say)
	h.say = h.say[n:]
	for ; n < len(frame) && len(h.tone) > 0; n++ {
		frame[n] = h.tone[h.at%len(h.tone)]
		h.at++
	}
	return frame, !h.unplug
}

// Say says something once.
func (h *Headset) Say(samples []int16) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.say = append(h.say, samples...)
}

// Hum says something over and over.
func (h *Headset) Hum(samples []int16) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tone, h.at = samples, 0
}

// Unplug takes the microphone away, or gives it back: a browser without one
// sends nothing.
func (h *Headset) Unplug(yes bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unplug = yes
}

func (h *Headset) hear(t *webrtc.TrackRemote) {
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		h.mu.Lock()
		h.heard = media.Codec(p.PayloadType).Decode(h.heard, p.Payload)
		h.heardAt = time.Now()
		h.mu.Unlock()
	}
}

// Heard takes what was heard since the last call.
func (h *Headset) Heard() []int16 {
	h.mu.Lock()
	defer h.mu.Unlock()
	heard := h.heard
	h.heard = nil
	return heard
}

// Connected says whether ICE and DTLS are through.
func (h *Headset) Connected() bool {
	return h.pc.ConnectionState() == webrtc.PeerConnectionStateConnected
}

// Addr is where the browser is.
func (h *Headset) Addr() netip.AddrPort { return h.addr }

// Close closes the page.
func (h *Headset) Close() {
	close(h.quit)
	_ = h.pc.GracefulClose()
	h.work.Wait()
	_ = h.mux.Close() // and with it the socket
}
