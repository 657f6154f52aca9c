package lab

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"apel/media"

	"github.com/pion/sdp/v3"
)

// offer is what the lab reads from a session description: the one audio stream.
type offer struct {
	addr      netip.AddrPort
	laws      []media.Codec
	dtmf      uint8
	direction string
}

// readSDP reads the first audio stream of a description.
func readSDP(body []byte) (offer, error) {
	var d sdp.SessionDescription
	if err := d.Unmarshal(body); err != nil {
		return offer{}, fmt.Errorf("session description: %w", err)
	}
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Media != "audio" {
			continue
		}
		o := offer{direction: "sendrecv"}
		c := cmpOr(m.ConnectionInformation, d.ConnectionInformation)
		if c == nil || c.Address == nil {
			return offer{}, fmt.Errorf("session description: no address")
		}
		ip, err := netip.ParseAddr(c.Address.Address)
		if err != nil {
			return offer{}, fmt.Errorf("session description: %w", err)
		}
		o.addr = netip.AddrPortFrom(ip, uint16(m.MediaName.Port.Value))
		o.readFormats(m)
		o.readDirection(append(slices.Clone(d.Attributes), m.Attributes...))
		return o, nil
	}
	return offer{}, fmt.Errorf("session description: no audio")
}

func cmpOr(a, b *sdp.ConnectionInformation) *sdp.ConnectionInformation {
	if a != nil {
		return a
	}
	return b
}

func (o *offer) readFormats(m *sdp.MediaDescription) {
	for _, f := range m.MediaName.Formats {
		switch f {
		case "0":
			o.laws = append(o.laws, media.PCMU)
		case "8":
			o.laws = append(o.laws, media.PCMA)
		}
	}
	for _, a := range m.Attributes {
		pt, name, ok := strings.Cut(a.Value, " ")
		if a.Key == "rtpmap" && ok && strings.EqualFold(name, "telephone-event/8000") {
			n, _ := strconv.ParseUint(pt, 10, 7) // not a number: 0, none
			o.dtmf = uint8(n)
		}
	}
}

func (o *offer) readDirection(attributes []sdp.Attribute) {
	for _, a := range attributes {
		switch a.Key {
		case "sendrecv", "sendonly", "recvonly", "inactive":
			o.direction = a.Key
		}
	}
}

// mirror is the answer to a direction (RFC 3264 §6.1).
func mirror(direction string) string {
	switch direction {
	case "sendonly":
		return "recvonly"
	case "recvonly":
		return "sendonly"
	case "inactive":
		return "inactive"
	}
	return "sendrecv"
}

// writeSDP describes one audio stream; the origin's session id is the port.
func writeSDP(at netip.AddrPort, laws []media.Codec, dtmf uint8, direction string, version int) []byte {
	var b strings.Builder
	family := "IP4"
	if at.Addr().Is6() {
		family = "IP6"
	}
	fmt.Fprintf(&b, "v=0\r\no=- %d %d IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\nm=audio %d RTP/AVP",
		at.Port(), version, family, at.Addr(), family, at.Addr(), at.Port())
	for _, l := range laws {
		fmt.Fprintf(&b, " %d", l)
	}
	if dtmf != 0 {
		fmt.Fprintf(&b, " %d", dtmf)
	}
	b.WriteString("\r\n")
	for _, l := range laws {
		fmt.Fprintf(&b, "a=rtpmap:%d %s/8000\r\n", l, [...]string{0: "PCMU", 8: "PCMA"}[l])
	}
	if dtmf != 0 {
		fmt.Fprintf(&b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", dtmf, dtmf)
	}
	fmt.Fprintf(&b, "a=ptime:20\r\na=%s\r\n", direction)
	return []byte(b.String())
}

// choose takes the first of the far end's laws that we speak.
func choose(theirs, ours []media.Codec) (media.Codec, bool) {
	for _, l := range theirs {
		if slices.Contains(ours, l) {
			return l, true
		}
	}
	return 0, false
}
