package dialer_test

import (
	"context"
	"net/netip"
	"testing"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/lab"

	"github.com/google/go-cmp/cmp"
)

// result is what a record says of how a call went.
type result struct {
	Outcome  string
	Status   int // SIP
	Cause    int // Q.850
	EndedBy  string
	Rang     bool
	Answered bool
	Bridged  bool
	Disposed string
}

func resultOf(r contactdb.Record) result {
	return result{r.Outcome, r.SIPStatus, r.Q850Cause, r.EndedBy, !r.RingingAt.IsZero(), !r.AnsweredAt.IsZero(), !r.BridgedAt.IsZero(), r.Disposition}
}

// presser is a phone with keys.
type presser interface{ press(keys string) }

// deskPhone is the lab's phone: what it hears is of no account here.
type deskPhone struct {
	t     *testing.T
	phone *lab.Phone
}

func (d deskPhone) press(keys string) {
	d.t.Helper()
	for i := range len(keys) {
		if err := d.phone.Press(keys[i]); err != nil {
			d.t.Fatal(err)
		}
	}
}

// deskPhone has ana's phone register and waits until its leg is up.
func (o *office) deskPhone() deskPhone {
	o.t.Helper()
	phone, err := lab.StartPhone(context.Background(), lab.PhoneConfig{Addr: "127.0.0.1:0", User: "ana", Password: password,
		Registrar: netip.MustParseAddrPort(o.s.SIPAddr()), Manual: true, Continuous: true})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { phone.Close() })
	o.awaitKind("operator.state", "not-ready")
	return deskPhone{o.t, phone}
}

// asks has the operator press * and waits until the floor takes it for ready.
func (o *office) asks(phone presser) {
	o.t.Helper()
	phone.press("*")
	o.awaitKind("operator.state", "ready")
}

// TestACallRecordSaysHowSippEndedTheCall plays one call a scenario. What the
// operator does while it lasts: keys pressed once the two are bridged.
func TestACallRecordSaysHowSippEndedTheCall(t *testing.T) {
	needPeer(t, "sipp", "sip-tester")
	cases := []struct {
		name     string
		scenario string
		with     any
		keys     string
		want     result
	}{
		{name: "the operator hangs up", scenario: "answer.xml", keys: "#1",
			want: result{"human", 200, 0, "operator", true, true, true, "sale"}},
		{name: "the callee hangs up", scenario: "answer_bye.xml", keys: "2",
			want: result{"human", 200, 16, "customer", true, true, true, "refused"}},
		{name: "busy", scenario: "refuse.xml", with: refusing{"486", "Busy Here", 17},
			want: result{"busy", 486, 17, "network", false, false, false, ""}},
		{name: "no such number", scenario: "refuse.xml", with: refusing{"404", "Not Found", 1},
			want: result{"invalid-number", 404, 1, "network", false, false, false, ""}},
		{name: "no circuit", scenario: "refuse.xml", with: refusing{"503", "Service Unavailable", 34},
			want: result{"congested", 503, 34, "network", false, false, false, ""}},
		{name: "declined", scenario: "refuse.xml", with: refusing{"603", "Decline", 21},
			want: result{"rejected", 603, 21, "network", false, false, false, ""}},
		{name: "no answer", scenario: "no_answer.xml",
			want: result{"no-answer", 487, 0, "dialer", true, false, false, ""}},
		{name: "early media, then the answer", scenario: "early.xml", keys: "#3",
			want: result{"human", 200, 0, "operator", false, true, true, "callback"}},
		{name: "the answer crosses the CANCEL", scenario: "late.xml",
			want: result{"abandoned", 200, 0, "dialer", true, true, false, ""}},
		{name: "hold and back by re-INVITE", scenario: "reinvite.xml", keys: "1",
			want: result{"human", 200, 0, "customer", true, true, true, "sale"}},
		{name: "session refreshed by UPDATE", scenario: "update.xml", keys: "1",
			want: result{"human", 200, 0, "customer", true, true, true, "sale"}},
		{name: "both hang up at once", scenario: "bye_glare.xml", keys: "#1",
			want: result{"human", 200, 0, "operator", true, true, true, "sale"}},
		{name: "the BYE overtakes the answer", scenario: "bye_overtakes.xml",
			want: result{"human", 200, 0, "customer", true, true, false, ""}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			carrier := startSipp(t, tc.scenario, 1, tc.with)
			o := openOffice(t, dialer.TrunkConfig{Host: carrier.addr(), Options: -1})
			checkCall(t, o, carrier, tc.keys, tc.want)
		})
	}
}

// checkCall plays one call with the detector off and compares its record.
func checkCall(t *testing.T, o *office, carrier *sipp, keys string, want result) {
	t.Helper()
	phone := o.deskPhone()
	o.start(1, noDetector)
	o.asks(phone)
	if keys != "" {
		o.awaitKind("call.bridged", "")
		phone.press(keys)
	}
	r := o.records(1)[0]
	if diff := cmp.Diff(want, resultOf(r)); diff != "" {
		t.Errorf("the record (-want +got):\n%s\n%s", diff, o.story())
	}
	carrier.done()
}

// refusing fills in the scenario refuse.xml.
type refusing struct {
	Status, Text string
	Cause        int // Q.850
}
