package dialer_test

import (
	"path/filepath"
	"testing"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/media"
)

// TestBaresipWithAWrongPasswordIsNotCalled: it is refused, and stays unknown.
func TestBaresipWithAWrongPasswordIsNotCalled(t *testing.T) {
	t.Parallel()
	needPeer(t, "baresip", "baresip-core")
	o := openOffice(t, dialer.TrunkConfig{Host: "127.0.0.1:9", Options: -1})
	phone := startBaresip(t, o, "ana", "no "+password)
	phone.says("403 Forbidden")
	if st := o.status("ana"); st.Phone != "none" || st.State != "offline" {
		t.Errorf("the operator is %s, the phone %s", st.State, st.Phone)
	}
}

// TestACustomerWhoseOperatorsPhoneGoesIsTold plays the two ways in which
// baresip goes in the middle of a talk. There is nobody else: the customer
// hears the recorded message and the call ends, as a talk that was.
func TestACustomerWhoseOperatorsPhoneGoesIsTold(t *testing.T) {
	needPeer(t, "baresip", "baresip-core")
	cases := []struct {
		name string
		goes func(*baresip)
	}{
		{"hangs up", func(p *baresip) { p.command("hangup", "") }},
		{"loses power", (*baresip).kill},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			carrier := startSipp(t, "answer.xml", 1, nil)
			o := openOffice(t, dialer.TrunkConfig{Host: carrier.addr(), Options: -1})
			phone := startBaresip(t, o, "ana", password)
			o.awaitKind("operator.state", "not-ready")
			if err := media.WriteWAV(filepath.Join(o.data, "sorry.wav"), media.Tone(440, 300*time.Millisecond, -15)); err != nil {
				t.Fatal(err)
			}
			o.start(1, noDetector+"\nabandonment: {message: sorry.wav}")
			o.asks(phone)
			o.awaitKind("call.bridged", "")
			tc.goes(phone)
			gone := time.Now()
			if offline := o.awaitKind("operator.state", "offline"); offline.At.Sub(gone) > 8*time.Second {
				t.Errorf("it took %s to notice", offline.At.Sub(gone))
			}
			r := o.records(1)[0]
			if r.Outcome != contactdb.Human || r.EndedBy != "dialer" || r.Operator != "ana" || r.BridgedAt.IsZero() {
				t.Errorf("the record: %+v", r)
			}
			carrier.done()
		})
	}
}

// TestBaresipIsCalledAnewWhenItComesBack: the leg is called anew
// when the phone comes back from another port.
func TestBaresipIsCalledAnewWhenItComesBack(t *testing.T) {
	t.Parallel()
	needPeer(t, "baresip", "baresip-core")
	o := openOffice(t, dialer.TrunkConfig{Host: "127.0.0.1:9", Options: -1})
	first := startBaresip(t, o, "ana", password)
	o.awaitKind("operator.state", "not-ready")
	first.kill()
	startBaresip(t, o, "ana", password)
	o.awaitKind("operator.state", "offline")
	o.awaitKind("operator.state", "not-ready")
	if st := o.status("ana"); st.Phone != "leg-up" {
		t.Errorf("the phone is %s", st.Phone)
	}
}
