package dialer_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/lab"
)

// TestAPreviewedContactIsCalledOnlyWhenTheOperatorSaysSo goes over SIP: one
// contact is skipped, one called by a key, one is not decided on.
func TestAPreviewedContactIsCalledOnlyWhenTheOperatorSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 1, contacts: 3, channels: 5, cps: 5, carrier: answers(lab.Hello),
			campaign: "pacing: {mode: preview, countdown: 30s}\nrecord: false\n", phone: func(_ int, p *lab.PhoneConfig) { p.Talk = lab.Law{Mean: 20 * time.Second} }})
		time.Sleep(5 * time.Second)
		first, err := s.svc.Preview("op00")
		if err != nil || first.Contact.Name != "Contact 0" || len(s.carrier.Seen()) != 0 {
			t.Fatalf("shown: %+v %v; %d calls", first, err, len(s.carrier.Seen()))
		}
		if _, err := s.svc.SkipPreview("op00", first.Attempt, ""); err == nil {
			t.Error("a skip without a reason was taken")
		}
		if _, err := s.svc.SkipPreview("op00", first.Attempt, "is a customer already"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		second, err := s.svc.Preview("op00")
		if err != nil || second.Attempt == first.Attempt {
			t.Fatalf("shown next: %+v %v", second, err)
		}
		if _, err := s.svc.AcceptPreview("op00", first.Attempt); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("a contact was accepted that is not shown any more: %v", err)
		}
		if err := s.phones[0].Press('0'); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Minute) // the call, its wrap-up, and a countdown that nobody heeds
		st, err := s.svc.Status()
		if err != nil || st.Operators[0].State != "not-ready" || st.Operators[0].Reason != "no decision in time" {
			t.Errorf("the operator is %+v, %v", st.Operators[0], err)
		}
		records := s.end()
		if len(records) != 3 {
			t.Fatalf("records %+v", records)
		}
		skipped, called, late := records[0], records[1], records[2]
		if skipped.ID != first.Attempt || !skipped.PlacedAt.IsZero() || skipped.Note != "not called: is a customer already" || skipped.EndedBy != "operator" {
			t.Errorf("skipped: %+v", skipped)
		}
		if called.ID != second.Attempt || called.Operator != "op00" || called.BridgedAt.IsZero() {
			t.Errorf("called: %+v", called)
		}
		if !late.PlacedAt.IsZero() || late.Note != "not called: no decision in time" {
			t.Errorf("not decided on: %+v", late)
		}
		if n := len(s.carrier.Seen()); n != 1 {
			t.Errorf("%d INVITEs, want the one that was accepted", n)
		}
	})
}

// While an accepted contact rings, the desk answers its operator, who may give
// the call up or have the contact corrected.
func TestTheDeskAnswersWhileAnAcceptedContactRings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 1, contacts: 1, channels: 5, cps: 5, carrier: answers(lab.NoAnswer),
			campaign: "pacing: {mode: preview, countdown: 30s}\nrecord: false\n"})
		time.Sleep(5 * time.Second)
		shown, err := s.svc.AcceptPreview("op00", "")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Second)
		from := time.Now()
		d, err := s.svc.Desktop("op00")
		if waited := time.Since(from); err != nil || waited != 0 || d.Call == nil || d.Call.Attempt != shown.Attempt {
			t.Errorf("after %s the desk shows %+v, %v", waited, d.Call, err)
		}
		if _, _, err := s.svc.EditContact("op00", shown.Attempt, func(c *contactdb.Contact) { c.Name = "Corrected" }); err != nil {
			t.Error(err)
		}
		if d, err = s.svc.Desktop("op00"); err != nil || d.Call == nil || d.Call.Contact.Name != "Corrected" {
			t.Errorf("after the correction the desk shows %+v, %v", d.Call, err)
		}
		if err := s.svc.HangUp("op00", shown.Attempt, ""); err != nil || time.Since(from) != 0 {
			t.Errorf("given up after %s: %v", time.Since(from), err)
		}
		time.Sleep(time.Second)
		if st, err := s.svc.Status(); err != nil || st.Operators[0].State != "ready" {
			t.Errorf("the operator is %+v, %v", st.Operators[0], err)
		}
		if records := s.end(); len(records) != 1 || records[0].Outcome != contactdb.Cancelled || records[0].EndedBy != "operator" {
			t.Errorf("records %+v", records)
		}
	})
}

// A promised call that its operator does not make now is owed still, and what
// is changed while a contact is shown counts.
func TestASkippedCallbackIsOwedAndAWithdrawnConsentForbidsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 1, contacts: 1, channels: 5, cps: 5, carrier: answers(lab.Hello),
			campaign: "pacing: {mode: preview, countdown: 30s}\nrecord: false\nattempts: {max: 9, per-day: 9}\n"})
		time.Sleep(5 * time.Second)
		shown, err := s.svc.SkipPreview("op00", "", "calls back by himself")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		at := time.Now().Add(time.Minute)
		if _, err := s.svc.PromiseCallback(dialer.NewCallback{Campaign: "spring", Phone: shown.Contact.Phone, At: at}, "dan"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute + 10*time.Second)
		if _, err := s.svc.SkipPreview("op00", "", "not now"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if all, err := s.svc.Store().Callbacks("spring", "", time.Time{}); err != nil || len(all) != 1 || !all[0].At.Equal(at) || !all[0].Due.After(time.Now().Add(50*time.Minute)) {
			t.Errorf("owed after the skip: %+v, %v", all, err)
		}
		time.Sleep(time.Hour)
		shown, err = s.svc.Preview("op00")
		if err != nil {
			t.Fatal(err)
		}
		shown.Contact.Consent = &contactdb.Consent{Kind: "withdrawn"}
		if _, err := s.svc.Store().PutContact(shown.Contact, time.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.svc.AcceptPreview("op00", shown.Attempt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		s.end()
		if n := len(s.carrier.Seen()); n != 0 {
			t.Errorf("%d calls to somebody who was not to be called", n)
		}
	})
}
