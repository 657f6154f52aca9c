package media

import "github.com/zaf/g711"

// Codec is a G.711 law by its static RTP payload type (RFC 3551 §6).
type Codec uint8

const (
	PCMU Codec = 0
	PCMA Codec = 8
)

// comfortNoise is the static payload type of RFC 3389; it carries no sound.
const comfortNoise = 13

// String is the codec's name in SDP.
func (c Codec) String() string {
	if c == PCMA {
		return "PCMA"
	}
	return "PCMU"
}

// law is a codec's tables, made once from zaf/g711: a lookup costs less than
// its arithmetic, and converting a bridge's packet is one pass over a table.
type law struct {
	decode [256]int16
	encode [65536]byte // by the sample's two's complement
	other  [256]byte   // the same sound in the other law
}

var muLaw, aLaw = buildLaws()

func buildLaws() (mu, a *law) {
	mu, a = new(law), new(law)
	for i := range 256 {
		b := uint8(i)
		mu.decode[i], mu.other[i] = g711.DecodeUlawFrame(b), g711.Ulaw2AlawFrame(b)
		a.decode[i], a.other[i] = g711.DecodeAlawFrame(b), g711.Alaw2UlawFrame(b)
	}
	for i := range 65536 {
		s := int16(uint16(i))
		mu.encode[i], a.encode[i] = g711.EncodeUlawFrame(s), g711.EncodeAlawFrame(s)
	}
	return mu, a
}

func (c Codec) law() *law {
	if c == PCMA {
		return aLaw
	}
	return muLaw
}

// Encode appends samples to dst in the codec's law, a byte each.
func (c Codec) Encode(dst []byte, samples []int16) []byte {
	l := c.law()
	for _, s := range samples {
		dst = append(dst, l.encode[uint16(s)])
	}
	return dst
}

// Decode appends the samples of a payload in the codec's law to dst.
func (c Codec) Decode(dst []int16, payload []byte) []int16 {
	l := c.law()
	for _, b := range payload {
		dst = append(dst, l.decode[b])
	}
	return dst
}

// convert appends a payload to dst in law to.
func (c Codec) convert(dst []byte, payload []byte, to Codec) []byte {
	if c == to {
		return append(dst, payload...)
	}
	l := c.law()
	for _, b := range payload {
		dst = append(dst, l.other[b])
	}
	return dst
}
