package media

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

const (
	maxSDP     = 8 << 10 // bytes
	maxStreams = 16      // m= lines
	maxFormats = 64      // on an m= line
)

// ParseSDP reads SDP from a far end, strictly: sizes are limited and only what
// apel can use is kept, of the first audio stream over plain RTP. An error says
// what is missing. The old way to hold a call, c=0.0.0.0, is kept as address
// 0.0.0.0 and a direction that doesn't receive.
func ParseSDP(b []byte) (Description, error) {
	if len(b) > maxSDP {
		return Description{}, fmt.Errorf("SDP of %d bytes is longer than the %d that are read", len(b), maxSDP)
	}
	var s sdp.SessionDescription
	if err := s.Unmarshal(b); err != nil {
		return Description{}, fmt.Errorf("SDP can't be read: %w", err)
	}
	m, err := audioStream(s.MediaDescriptions)
	if err != nil {
		return Description{}, err
	}
	addr, err := address(m, &s)
	if err != nil {
		return Description{}, err
	}
	d := Description{
		Addr:      netip.AddrPortFrom(addr, uint16(m.MediaName.Port.Value)),
		Direction: directionOf(m, &s),
		SessionID: s.Origin.SessionID,
		Version:   s.Origin.SessionVersion,
	}
	if addr.IsUnspecified() {
		d.Direction = direction(d.sends(), false)
	}
	d.RTCP, d.Mux = reportsTo(m, d.Addr.Port())
	if err := d.readFormats(m); err != nil {
		return Description{}, err
	}
	if len(d.Codecs) == 0 && d.Addr.Port() != 0 {
		return Description{}, fmt.Errorf("SDP offers neither PCMA nor PCMU, only %s", strings.Join(m.MediaName.Formats, " "))
	}
	return d, nil
}

// audioStream finds the first m=audio over RTP/AVP; the reason for passing over others is told.
func audioStream(streams []*sdp.MediaDescription) (*sdp.MediaDescription, error) {
	if len(streams) > maxStreams {
		return nil, fmt.Errorf("SDP has %d m= lines, more than the %d that are read", len(streams), maxStreams)
	}
	err := errors.New("SDP has no audio stream")
	for _, m := range streams {
		if m.MediaName.Media != "audio" {
			continue
		}
		proto := strings.Join(m.MediaName.Protos, "/")
		switch {
		case proto != "RTP/AVP":
			err = fmt.Errorf("SDP offers audio only over %s; plain RTP/AVP is needed", proto)
		case m.MediaName.Port.Value < 0 || m.MediaName.Port.Value > 65535:
			err = fmt.Errorf("SDP names port %d", m.MediaName.Port.Value)
		case len(m.MediaName.Formats) > maxFormats:
			err = fmt.Errorf("SDP lists %d formats, more than the %d that are read", len(m.MediaName.Formats), maxFormats)
		default:
			return m, nil
		}
	}
	return nil, err
}

// address is c= of the stream, or else of the session. Names are refused: a
// far end that makes us ask DNS would hold up the call.
func address(m *sdp.MediaDescription, s *sdp.SessionDescription) (netip.Addr, error) {
	c := m.ConnectionInformation
	if c == nil {
		c = s.ConnectionInformation
	}
	if c == nil || c.Address == nil {
		if m.MediaName.Port.Value == 0 {
			return netip.IPv4Unspecified(), nil
		}
		return netip.Addr{}, errors.New("SDP has no c= line with an address")
	}
	addr, err := netip.ParseAddr(c.Address.Address)
	switch {
	case err != nil || addr.Zone() != "":
		return netip.Addr{}, fmt.Errorf("SDP's c= line has %q, not an IP address", c.Address.Address)
	case addr.IsMulticast():
		return netip.Addr{}, fmt.Errorf("SDP's c= line has the multicast address %s", addr)
	}
	return addr.Unmap(), nil
}

// directionOf is the stream's direction attribute, or the session's.
func directionOf(m *sdp.MediaDescription, s *sdp.SessionDescription) string {
	for _, attributes := range [][]sdp.Attribute{m.Attributes, s.Attributes} {
		for _, a := range attributes {
			switch a.Key {
			case sendRecv, sendOnly, recvOnly, inactive:
				return a.Key
			}
		}
	}
	return sendRecv
}

// reportsTo is where a stream takes RTCP: beside RTP at its own port, at one
// that is named, or at the next one (RFC 3550 §11).
func reportsTo(m *sdp.MediaDescription, rtp uint16) (port uint16, mux bool) {
	if rtp == 0 {
		return 0, false
	}
	if rtp < 65535 {
		port = rtp + 1
	}
	for _, a := range m.Attributes {
		switch a.Key {
		case "rtcp-mux":
			return rtp, true
		case "rtcp":
			named, _, _ := strings.Cut(a.Value, " ") // an address behind it is not believed
			if n, err := strconv.ParseUint(named, 10, 16); err == nil && n > 0 {
				port = uint16(n)
			}
		}
	}
	return port, false
}

// readFormats keeps the two laws and telephone-event. A static type needs no
// rtpmap; one that maps it to something else is believed, and the type is not ours.
func (d *Description) readFormats(m *sdp.MediaDescription) error {
	names := rtpmaps(m)
	for _, f := range m.MediaName.Formats {
		pt, err := strconv.ParseUint(f, 10, 8)
		if err != nil || pt > 127 {
			return fmt.Errorf("SDP's m= line has the format %q, not a payload type", f)
		}
		name, mapped := names[f]
		switch c := Codec(pt); {
		case (c == PCMU || c == PCMA) && (!mapped || name == strings.ToLower(c.String())+"/8000"):
			if !slices.Contains(d.Codecs, c) {
				d.Codecs = append(d.Codecs, c)
			}
		case name == "telephone-event/8000" && d.DTMF == 0 && pt >= 96:
			d.DTMF = uint8(pt)
		}
	}
	return nil
}

// rtpmaps are the encodings by payload type, in lower case, without the count of channels if it is one.
func rtpmaps(m *sdp.MediaDescription) map[string]string {
	names := map[string]string{}
	for _, a := range m.Attributes {
		if pt, name, ok := strings.Cut(a.Value, " "); ok && a.Key == "rtpmap" {
			names[pt] = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(name)), "/1")
		}
	}
	return names
}
