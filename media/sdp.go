package media

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/pion/sdp/v3"
)

// Description is what one side says of its sound in SDP (RFC 4566, RFC 3264).
type Description struct {
	Addr      netip.AddrPort // where it wants RTP; port 0: the stream is refused; address 0.0.0.0: held (RFC 3264 §8.4)
	Codecs    []Codec        // in order of preference
	DTMF      uint8          // payload type of telephone-event (RFC 4733), 0: none
	RTCP      uint16         // port at which it takes reports (RFC 3605); 0: none are sent
	Mux       bool           // ... that of RTP, and it says so (RFC 5761)
	Direction string         // sendrecv (default), sendonly, recvonly, inactive
	SessionID uint64
	Version   uint64 // grows with each new description of the same session (RFC 3264 §8)
}

const (
	sendRecv = "sendrecv"
	sendOnly = "sendonly"
	recvOnly = "recvonly"
	inactive = "inactive"
)

// sends and receives read a direction from the describing side's view.
func (d Description) sends() bool    { return d.Direction != recvOnly && d.Direction != inactive }
func (d Description) receives() bool { return d.Direction != sendOnly && d.Direction != inactive }

// direction is the name for sending and receiving.
func direction(sends, receives bool) string {
	switch {
	case sends && receives:
		return sendRecv
	case sends:
		return sendOnly
	case receives:
		return recvOnly
	}
	return inactive
}

// Marshal writes the description as SDP.
func (d Description) Marshal() []byte {
	addr, kind := d.Addr.Addr().Unmap(), "IP4"
	if addr.Is6() {
		kind = "IP6"
	}
	if !addr.IsValid() {
		addr = netip.IPv4Unspecified()
	}
	s := sdp.SessionDescription{
		Origin: sdp.Origin{
			Username: "-", SessionID: d.SessionID, SessionVersion: d.Version,
			NetworkType: "IN", AddressType: kind, UnicastAddress: addr.String(),
		},
		SessionName: "-",
		ConnectionInformation: &sdp.ConnectionInformation{
			NetworkType: "IN", AddressType: kind, Address: &sdp.Address{Address: addr.String()},
		},
		TimeDescriptions:  []sdp.TimeDescription{{}},
		MediaDescriptions: []*sdp.MediaDescription{d.stream()},
	}
	b, err := s.Marshal()
	if err != nil {
		panic(fmt.Sprintf("media: SDP of plain values: %v", err)) // can't: nothing in it can fail to print
	}
	return b
}

// stream is the m= line with its attributes.
func (d Description) stream() *sdp.MediaDescription {
	m := &sdp.MediaDescription{MediaName: sdp.MediaName{
		Media: "audio", Port: sdp.RangedPort{Value: int(d.Addr.Port())}, Protos: []string{"RTP", "AVP"},
	}}
	for _, c := range d.Codecs {
		pt := strconv.Itoa(int(c))
		m.MediaName.Formats = append(m.MediaName.Formats, pt)
		m.WithValueAttribute("rtpmap", fmt.Sprintf("%s %s/8000", pt, c))
	}
	if d.DTMF != 0 {
		pt := strconv.Itoa(int(d.DTMF))
		m.MediaName.Formats = append(m.MediaName.Formats, pt)
		m.WithValueAttribute("rtpmap", pt+" telephone-event/8000")
		m.WithValueAttribute("fmtp", pt+" 0-15")
	}
	if len(m.MediaName.Formats) == 0 {
		m.MediaName.Formats = []string{"0"} // a refused stream still names a format (RFC 3264 §6)
	}
	m.WithValueAttribute("ptime", "20")
	if d.RTCP != 0 && d.Addr.Port() != 0 {
		m.WithValueAttribute("rtcp", strconv.Itoa(int(d.RTCP)))
		if d.Mux {
			m.WithPropertyAttribute("rtcp-mux")
		}
	}
	m.WithPropertyAttribute(direction(d.sends(), d.receives()))
	return m
}

// Answer chooses from an offer what local can do (RFC 3264 §6): the codecs of
// both in the offer's order, the offer's payload type for telephone-event, the
// direction that suits both. A refused stream (port 0) is answered with port 0.
// Negotiate a session with the offer as Agreed gives it.
func Answer(offer, local Description) (Description, error) {
	agreed := offer.Agreed(local)
	answer := local
	answer.Codecs, answer.DTMF = agreed.Codecs, agreed.DTMF
	answer.Mux = local.Mux && offer.Mux
	answer.Direction = direction(local.sends() && offer.receives(), local.receives() && offer.sends())
	if offer.Addr.Port() == 0 {
		answer.Addr = netip.AddrPortFrom(local.Addr.Addr(), 0)
		return answer, nil
	}
	if len(answer.Codecs) == 0 {
		return Description{}, fmt.Errorf("no codec in common: offered %v, spoken here %v", offer.Codecs, local.Codecs)
	}
	return answer, nil
}

// Agreed is a far end's description without what local doesn't speak.
func (d Description) Agreed(local Description) Description {
	var codecs []Codec
	for _, c := range d.Codecs {
		if slices.Contains(local.Codecs, c) {
			codecs = append(codecs, c)
		}
	}
	d.Codecs = codecs
	if local.DTMF == 0 {
		d.DTMF = 0
	}
	return d
}
