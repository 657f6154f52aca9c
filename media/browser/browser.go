// Package browser is an operator's leg that comes from a web page by WebRTC: an
// offer goes in, an answer comes out (as in WHIP, RFC 9725), and from then on
// the leg has a media.Session like any phone's, so that bridge, tones, recorder
// and ear know no difference. It is the only package that knows WebRTC.
//
// All legs share one UDP port. Our side is ICE-lite (RFC 8445 §2.5): we have a
// known address, so the browser does the checking. Sound is G.711 in DTLS-SRTP;
// nothing is transcoded. A packet goes: socket, ICE, SRTP, pipe, media.Session,
// and the same way back.
//
// A leg is watched, because an operator who is not heard must not be given a
// person: Quality says from the packets how it stands, up to the last of them.
// A network that is lost is come back from by Restart, an offer with new ICE
// credentials; the session, and so a bridge that it is in, lives through it.
package browser

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"apel/media"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// ErrOffer: what the browser sent is no offer that can be answered.
var ErrOffer = errors.New("the browser's offer cannot be used")

// ErrOther: an offer to restart is not of the browser that has the leg.
var ErrOther = errors.New("another connection has the leg")

// maxOffer is the longest offer that is looked at, in bytes. Those of browsers
// have some three thousand.
const maxOffer = 64 << 10

const (
	// giveUp is how long a leg may be without any sign of its browser (STUN, RTP
	// or RTCP) before it ends: a page that is reloaded or has lost its network
	// comes back within it.
	giveUp = 30 * time.Second
	// connectWithin is how long a browser may take from the answer until it is there.
	connectWithin = 20 * time.Second
)

// Config says where browsers reach us.
type Config struct {
	Network   media.Network // nil: the machine's
	Listen    string        // host:port for UDP, e.g. "0.0.0.0:8443"; port 0: the system picks
	Advertise []netip.Addr  // addresses that browsers shall use instead of the local ones
}

// Gateway answers browsers on one UDP port.
type Gateway struct {
	conn net.PacketConn
	mux  *ice.UDPMuxDefault
	api  *webrtc.API

	mu     sync.Mutex // guards legs and closed
	legs   map[*Leg]struct{}
	closed bool
}

// Listen opens the port.
func Listen(ctx context.Context, cfg Config) (*Gateway, error) {
	if cfg.Network == nil {
		cfg.Network = &net.ListenConfig{}
	}
	conn, err := cfg.Network.ListenPacket(ctx, "udp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("open the port for browsers' sound: %w", err)
	}
	g := &Gateway{conn: conn, legs: map[*Leg]struct{}{}}
	g.mux = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn, Logger: quiet{}})
	if g.api, err = newAPI(g.mux, cfg.Advertise); err != nil {
		return nil, errors.Join(fmt.Errorf("set up WebRTC: %w", err), g.mux.Close())
	}
	return g, nil
}

// newAPI is WebRTC as far as we use it: sound in G.711, reports of its reception.
func newAPI(mux ice.UDPMux, advertise []netip.Addr) (*webrtc.API, error) {
	var set webrtc.SettingEngine
	set.LoggerFactory = quietFactory{}
	set.SetLite(true)
	set.SetICEUDPMux(mux)
	set.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	set.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	set.SetIncludeLoopbackCandidate(true) // a browser on this machine is a good first try
	set.DisableCloseByDTLS(true)          // a page that is reloaded says goodbye, and comes back
	set.SetICETimeouts(3*time.Second, giveUp, 2*time.Second)
	if len(advertise) > 0 {
		rule := webrtc.ICEAddressRewriteRule{AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteReplace}
		for _, a := range advertise {
			rule.External = append(rule.External, a.String())
		}
		if err := set.SetICEAddressRewriteRules(rule); err != nil {
			return nil, err
		}
	}
	var codecs webrtc.MediaEngine
	for _, c := range []struct {
		mime string
		pt   webrtc.PayloadType
	}{{webrtc.MimeTypePCMA, webrtc.PayloadType(media.PCMA)}, {webrtc.MimeTypePCMU, webrtc.PayloadType(media.PCMU)}, {"audio/telephone-event", media.TelephoneEvent}} {
		p := webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: c.mime, ClockRate: media.SampleRate}, PayloadType: c.pt}
		if err := codecs.RegisterCodec(p, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
	}
	var chain interceptor.Registry
	heard, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, err
	}
	sent, err := report.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	chain.Add(heard)
	chain.Add(sent)
	return webrtc.NewAPI(webrtc.WithSettingEngine(set), webrtc.WithMediaEngine(&codecs), webrtc.WithInterceptorRegistry(&chain)), nil
}

// Addr is the port that browsers send to.
func (g *Gateway) Addr() netip.AddrPort {
	if u, ok := g.conn.LocalAddr().(*net.UDPAddr); ok {
		return u.AddrPort()
	}
	return netip.AddrPort{}
}

// Close ends every leg and the port.
func (g *Gateway) Close() error {
	g.mu.Lock()
	g.closed = true
	legs := make([]*Leg, 0, len(g.legs))
	for l := range g.legs {
		legs = append(legs, l)
	}
	g.mu.Unlock()
	for _, l := range legs {
		l.Close()
	}
	return g.mux.Close() // and with it the port
}

// enter notes a leg; false if the gateway is closed.
func (g *Gateway) enter(l *Leg) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.legs[l] = struct{}{}
	return true
}

func (g *Gateway) leave(l *Leg) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.legs, l)
}

// quiet is a logger of the library that says nothing: what matters of a leg is
// in its Quality and its end, and addresses of operators' homes are nobody's business.
type quiet struct{}

type quietFactory struct{}

func (quietFactory) NewLogger(string) logging.LeveledLogger { return quiet{} }

func (quiet) Trace(string)          {}
func (quiet) Tracef(string, ...any) {}
func (quiet) Debug(string)          {}
func (quiet) Debugf(string, ...any) {}
func (quiet) Info(string)           {}
func (quiet) Infof(string, ...any)  {}
func (quiet) Warn(string)           {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Error(string)          {}
func (quiet) Errorf(string, ...any) {}
