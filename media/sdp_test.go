package media

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var addrs = cmpopts.EquateComparable(netip.AddrPort{})

func TestADescriptionIsWrittenAsSDP(t *testing.T) {
	d := Description{
		Addr: netip.MustParseAddrPort("192.0.2.1:40000"), Codecs: []Codec{PCMA, PCMU},
		DTMF: TelephoneEvent, SessionID: 7, Version: 8,
	}
	want := strings.ReplaceAll(`v=0
o=- 7 8 IN IP4 192.0.2.1
s=-
c=IN IP4 192.0.2.1
t=0 0
m=audio 40000 RTP/AVP 8 0 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=sendrecv
`, "\n", "\r\n")
	if diff := cmp.Diff(want, string(d.Marshal())); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsWrittenIsReadTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Description{
			Addr: netip.AddrPortFrom(rapid.SampledFrom([]netip.Addr{
				netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::5"), netip.MustParseAddr("127.0.0.1"),
			}).Draw(t, "addr"), rapid.Uint16().Draw(t, "port")),
			Codecs:    rapid.SampledFrom([][]Codec{{PCMA}, {PCMU}, {PCMA, PCMU}, {PCMU, PCMA}}).Draw(t, "codecs"),
			DTMF:      rapid.SampledFrom([]uint8{0, 96, 101, 127}).Draw(t, "dtmf"),
			Direction: rapid.SampledFrom([]string{sendRecv, sendOnly, recvOnly, inactive}).Draw(t, "direction"),
			SessionID: rapid.Uint64().Draw(t, "id"),
			Version:   rapid.Uint64().Draw(t, "version"),
		}
		if port := d.Addr.Port(); port != 0 {
			if d.RTCP, d.Mux = rapid.Uint16Min(1).Draw(t, "rtcp"), rapid.Bool().Draw(t, "mux"); d.Mux {
				d.RTCP = port
			}
		}
		got, err := ParseSDP(d.Marshal())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, got, addrs); diff != "" {
			t.Error(diff)
		}
	})
}

// sdpOf is an SDP with a c= line at the session and these lines after t=.
func sdpOf(lines ...string) string {
	return "v=0\r\no=- 1 2 IN IP4 10.0.0.1\r\ns=x\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n" + strings.Join(lines, "\r\n") + "\r\n"
}

func TestSDPOfFarEndsIsRead(t *testing.T) {
	base := Description{
		Addr: netip.MustParseAddrPort("10.0.0.1:4000"), Codecs: []Codec{PCMA},
		RTCP: 4001, Direction: sendRecv, SessionID: 1, Version: 2,
	}
	with := func(change func(*Description)) Description {
		d := base
		change(&d)
		return d
	}
	for _, c := range []struct {
		name, sdp string
		want      Description
	}{
		{"static types need no rtpmap", sdpOf("m=audio 4000 RTP/AVP 8"), base},
		{"other codecs are passed over", sdpOf("m=audio 4000 RTP/AVP 18 9 0 8 13 101", "a=rtpmap:101 telephone-event/8000", "a=rtpmap:9 G722/8000"),
			with(func(d *Description) { d.Codecs, d.DTMF = []Codec{PCMU, PCMA}, 101 })},
		{"names in any case, with channels", sdpOf("m=audio 4000 RTP/AVP 8 96", "a=rtpmap:8 pcma/8000/1", "a=rtpmap:96 Telephone-Event/8000"),
			with(func(d *Description) { d.DTMF = 96 })},
		{"telephone-event at 48 kHz is not ours", sdpOf("m=audio 4000 RTP/AVP 8 110", "a=rtpmap:110 telephone-event/48000"), base},
		{"c= of the stream wins", sdpOf("m=audio 4000 RTP/AVP 8", "c=IN IP4 10.9.9.9"),
			with(func(d *Description) { d.Addr = netip.MustParseAddrPort("10.9.9.9:4000") })},
		{"IPv6", sdpOf("m=audio 4000 RTP/AVP 8", "c=IN IP6 2001:db8::9"),
			with(func(d *Description) { d.Addr = netip.MustParseAddrPort("[2001:db8::9]:4000") })},
		{"the first plain audio of several", sdpOf("m=video 5000 RTP/AVP 31", "m=audio 4002 RTP/SAVP 8", "m=audio 4000 RTP/AVP 8", "m=audio 4004 RTP/AVP 0"), base},
		{"a refused stream", sdpOf("m=audio 0 RTP/AVP 8"),
			with(func(d *Description) { d.Addr, d.RTCP = netip.MustParseAddrPort("10.0.0.1:0"), 0 })},
		{"reports at a port of their own", sdpOf("m=audio 4000 RTP/AVP 8", "a=rtcp:5005 IN IP4 10.0.0.9"), with(func(d *Description) { d.RTCP = 5005 })},
		{"reports beside the sound", sdpOf("m=audio 4000 RTP/AVP 8", "a=rtcp:5005", "a=rtcp-mux"), with(func(d *Description) { d.RTCP, d.Mux = 4000, true })},
		{"hold by direction", sdpOf("m=audio 4000 RTP/AVP 8", "a=sendonly"), with(func(d *Description) { d.Direction = sendOnly })},
		{"hold by the session's direction", sdpOf("a=inactive", "m=audio 4000 RTP/AVP 8"), with(func(d *Description) { d.Direction = inactive })},
		{"the stream's direction wins", sdpOf("a=inactive", "m=audio 4000 RTP/AVP 8", "a=recvonly"), with(func(d *Description) { d.Direction = recvOnly })},
		{"the old hold", sdpOf("m=audio 4000 RTP/AVP 8", "c=IN IP4 0.0.0.0"),
			with(func(d *Description) { d.Addr, d.Direction = netip.MustParseAddrPort("0.0.0.0:4000"), sendOnly })},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseSDP([]byte(c.sdp))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, addrs); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnusableSDPIsRefusedWithTheReason(t *testing.T) {
	noAddress := strings.Replace(sdpOf("m=audio 4000 RTP/AVP 8"), "c=IN IP4 10.0.0.1\r\n", "", 1)
	for _, c := range []struct{ name, sdp, says string }{
		{"empty", "", "no audio"},
		{"binary", "\x00\x01\x02", "can't be read"},
		{"no audio", sdpOf("m=video 4000 RTP/AVP 31"), "no audio"},
		{"encrypted only", sdpOf("m=audio 4000 RTP/SAVP 8"), "RTP/SAVP"},
		{"no codec of ours", sdpOf("m=audio 4000 RTP/AVP 18"), "neither PCMA nor PCMU"},
		{"a law's type that means something else", sdpOf("m=audio 4000 RTP/AVP 8", "a=rtpmap:8 opus/48000/2"), "neither PCMA nor PCMU"},
		{"no address", noAddress, "no c= line"},
		{"a name for an address", sdpOf("m=audio 4000 RTP/AVP 8", "c=IN IP4 evil.example"), "not an IP address"},
		{"multicast", sdpOf("m=audio 4000 RTP/AVP 8", "c=IN IP4 224.0.0.1"), "multicast"},
		{"a port that is none", sdpOf("m=audio 99999 RTP/AVP 8"), ""},
		{"a format that is none", sdpOf("m=audio 4000 RTP/AVP 8 999"), "not a payload type"},
		{"too long", sdpOf("m=audio 4000 RTP/AVP 8", "a="+strings.Repeat("x", maxSDP)), "longer"},
		{"too many streams", sdpOf(strings.Repeat("m=video 0 RTP/AVP 31\r\n", 17) + "m=audio 4000 RTP/AVP 8"), "18 m= lines"},
		{"too many formats", sdpOf("m=audio 4000 RTP/AVP" + strings.Repeat(" 18", 65) + " 8"), "66 formats"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := ParseSDP([]byte(c.sdp))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %+v, %v", d, err)
			}
		})
	}
}

func TestAnAnswerTakesWhatBothCanDo(t *testing.T) {
	local := Description{Addr: netip.MustParseAddrPort("10.0.0.5:6000"), Codecs: []Codec{PCMA, PCMU}, DTMF: 101, SessionID: 3, Version: 4}
	offer := Description{Addr: netip.MustParseAddrPort("10.0.0.1:4000"), Codecs: []Codec{PCMU, PCMA}, DTMF: 96, SessionID: 1, Version: 2}
	for _, c := range []struct {
		name          string
		offer, answer func(*Description) // changes
		local         func(*Description)
	}{
		{name: "the offer's order and payload type", answer: func(d *Description) { d.Codecs, d.DTMF = offer.Codecs, 96 }},
		{name: "one law", local: func(d *Description) { d.Codecs = []Codec{PCMA} }, answer: func(d *Description) { d.Codecs, d.DTMF = []Codec{PCMA}, 96 }},
		{name: "no telephone-event offered", offer: func(d *Description) { d.DTMF = 0 }, answer: func(d *Description) { d.Codecs, d.DTMF = offer.Codecs, 0 }},
		{name: "no telephone-event here", local: func(d *Description) { d.DTMF = 0 }, answer: func(d *Description) { d.Codecs, d.DTMF = offer.Codecs, 0 }},
		{name: "refused", offer: func(d *Description) { d.Addr = netip.MustParseAddrPort("10.0.0.1:0") },
			answer: func(d *Description) {
				d.Addr, d.Codecs, d.DTMF = netip.MustParseAddrPort("10.0.0.5:0"), offer.Codecs, 96
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, l, want := offer, local, local
			want.Direction = sendRecv
			for _, f := range []struct {
				change func(*Description)
				d      *Description
			}{{c.offer, &o}, {c.local, &l}, {c.answer, &want}} {
				if f.change != nil {
					f.change(f.d)
				}
			}
			got, err := Answer(o, l)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, addrs); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := Answer(Description{Addr: offer.Addr, Codecs: []Codec{PCMA}}, Description{Codecs: []Codec{PCMU}}); err == nil {
		t.Error("no codec in common is no error")
	}
}

func TestAnAnswersDirectionSuitsBoth(t *testing.T) {
	for offered, want := range map[string]map[string]string{
		"":       {"": sendRecv, sendOnly: sendOnly, recvOnly: recvOnly, inactive: inactive},
		sendOnly: {"": recvOnly, sendOnly: inactive, recvOnly: recvOnly, inactive: inactive},
		recvOnly: {"": sendOnly, sendOnly: sendOnly, recvOnly: inactive, inactive: inactive},
		inactive: {"": inactive, sendOnly: inactive, recvOnly: inactive, inactive: inactive},
	} {
		for local, direction := range want {
			t.Run(fmt.Sprintf("%s to %s", offered, local), func(t *testing.T) {
				addr := netip.MustParseAddrPort("10.0.0.1:4000")
				got, err := Answer(Description{Addr: addr, Codecs: []Codec{PCMA}, Direction: offered},
					Description{Addr: addr, Codecs: []Codec{PCMA}, Direction: local})
				if err != nil || got.Direction != direction {
					t.Errorf("got %q, %v, want %q", got.Direction, err, direction)
				}
			})
		}
	}
}
