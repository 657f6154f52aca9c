package dialer_test

import (
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer/lab"
)

func TestNoContactIsUsedUpForWantOfATurnOfItsTrunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 20, contacts: 2000, channels: 100, cps: 1, carrier: answers(lab.Busy), campaign: "pacing: progressive\nrecord: false\n"})
		time.Sleep(2 * time.Minute)
		n := count(s.end())
		// Those that waited when the service ended are cancelled, no other.
		if n[contactdb.Cancelled] > 10 || n[contactdb.Busy] < 100 {
			t.Errorf("in two minutes at one call a second: %v", n)
		}
	})
}

func TestACampaignIsNotDoneWhileALastCallMayBringItsContactBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Two operators and one contact: the second asks in vain while the contact is being called.
		s := newShift(t, shiftConfig{operators: 2, contacts: 1, channels: 5, cps: 5, carrier: answers(lab.NoAnswer), campaign: "pacing: progressive\nattempts: {max: 2, per-day: 2, retry: {no-answer: 10m}}\n"})
		time.Sleep(15 * time.Minute)
		if n := len(s.end()); n != 2 {
			t.Errorf("%d attempts were made, the campaign allows 2", n)
		}
	})
}

func TestAPersonOnWhomAStopHangsUpIsAbandoned(t *testing.T) {
	for name, after := range map[string]time.Duration{"while the detector listens": 300 * time.Millisecond, "in the queue": 2700 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := lab.CarrierConfig{Persona: func(string, int) lab.Persona {
					return lab.Persona{Kind: lab.Silent, Progress: 180, Ring: 5 * time.Second, Status: 200}
				}}
				s := newShift(t, shiftConfig{operators: 1, contacts: 1, channels: 5, cps: 5, carrier: cfg, campaign: "pacing: progressive\nabandonment: {within: 5s}\n"})
				events, cancel := s.svc.Subscribe()
				defer cancel()
				for e := range events {
					if e.Kind == "call.ringing" { // nobody will be free
						s.svc.SetOperatorReady("op00", false, "break")
					}
					if e.Kind == "call.answered" {
						break
					}
				}
				time.Sleep(after)
				if _, err := s.svc.StopCampaign("spring", ""); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Second)
				r := s.end()
				if len(r) != 1 || r[0].Outcome != contactdb.Abandoned || r[0].EndedBy != "dialer" || r[0].AnsweredAt.IsZero() {
					t.Errorf("records %+v", r)
				}
			})
		})
	}
}

func TestACustomerWhoHangsUpDuringTheToneIsNotJoinedToAnybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The detector decides after 2.5 s; each hangs up a little later than the one before.
		cfg := lab.CarrierConfig{Persona: func(number string, _ int) lab.Persona {
			n, _ := strconv.Atoi(number[len(number)-2:])
			return lab.Persona{Kind: lab.Silent, Progress: 180, Ring: time.Second, Status: 200, HangUpAt: 2450*time.Millisecond + time.Duration(n)*10*time.Millisecond}
		}}
		s := newShift(t, shiftConfig{operators: 10, contacts: 20, channels: 20, cps: 1, carrier: cfg, campaign: "pacing: progressive\nwrap-up: 5s\n",
			phone: func(_ int, p *lab.PhoneConfig) { p.Wrap = lab.Law{Mean: time.Second} }})
		time.Sleep(2 * time.Minute)
		for _, r := range s.end() {
			if !r.BridgedAt.IsZero() && r.BridgedAt.After(r.EndedAt) || r.TalkMS < 0 {
				t.Errorf("bridged at %s, ended at %s, talked for %d ms", r.BridgedAt, r.EndedAt, r.TalkMS)
			}
		}
	})
}

func TestNoInviteLeavesAfterAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 20, contacts: 100, channels: 50, cps: 1, carrier: answers(lab.NoAnswer), campaign: "pacing: progressive\n"})
		time.Sleep(3 * time.Second)
		if _, err := s.svc.StopCampaign("spring", ""); err != nil {
			t.Fatal(err)
		}
		stopped := time.Now()
		time.Sleep(20 * time.Second)
		s.end()
		for _, seen := range s.carrier.Seen() {
			if seen.At.After(stopped.Add(travel)) {
				t.Errorf("an INVITE arrived %s after the stop", seen.At.Sub(stopped))
			}
		}
	})
}

func TestAKeyThatNamesNoResultIsASlip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 1, contacts: 1, channels: 5, cps: 5, carrier: answers(lab.Hello), campaign: "pacing: progressive\nwrap-up: 30s\n",
			phone: func(_ int, p *lab.PhoneConfig) {
				p.Talk, p.Wrap, p.Dispositions = lab.Law{Mean: 20 * time.Second}, lab.Law{Mean: time.Second}, map[byte]float64{'9': 1}
			}})
		time.Sleep(2 * time.Minute)
		r := s.end()
		if len(r) != 1 || r[0].WrapMS < 30_000 {
			t.Errorf("the operator was not given the time to correct it: %+v", r)
		}
	})
}

// alone runs the test in a process of its own, whose files may be limited; true there.
func alone(t *testing.T) bool {
	t.Helper()
	const here = "APEL_DIALER_ALONE"
	if os.Getenv(here) != "" {
		return true
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=2m")
	child.Env = append(os.Environ(), here+"=1")
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// fillDisk has every write to a file refused until the returned function is called.
func fillDisk(t *testing.T) (empty func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	empty = func() { syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old) }
	t.Cleanup(empty)
	return empty
}

func TestAFullDiskPausesCampaignsAndLosesNoRecord(t *testing.T) {
	if !alone(t) {
		return
	}
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 3, contacts: 500, channels: 20, cps: 10, carrier: answers(lab.Busy), campaign: "pacing: progressive\nrecord: false\n"})
		time.Sleep(30 * time.Second)
		empty := fillDisk(t)
		time.Sleep(time.Minute)
		n := len(s.carrier.Seen())
		time.Sleep(5 * time.Minute)
		if got := len(s.carrier.Seen()); got != n {
			t.Errorf("%d calls were made without a record", got-n)
		}
		st, err := s.svc.CampaignStatus("spring", false)
		if err != nil || st.State != contactdb.Paused || !strings.Contains(st.Reason, "no space") {
			t.Errorf("the status says %s, %q, %v", st.State, st.Reason, err)
		}
		empty()
		time.Sleep(5 * time.Second)
		if c, err := s.svc.ResumeCampaign("spring"); err != nil || c.State != contactdb.Running {
			t.Errorf("resume: %+v %v", c, err)
		}
		time.Sleep(time.Minute)
		if len(s.carrier.Seen()) == n {
			t.Error("after the resume nothing is dialed")
		}
		if n := count(s.end()); n[contactdb.Interrupted] > 0 {
			t.Errorf("what became of a call was lost: %v", n)
		}
	})
}

func TestAServiceEndsAlthoughTheDiskIsFull(t *testing.T) {
	if !alone(t) {
		return
	}
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 3, contacts: 500, channels: 20, cps: 10, campaign: "pacing: progressive\nrecord: false\n"})
		time.Sleep(time.Minute)
		empty := fillDisk(t)
		s.stop()
		select {
		case err := <-s.ran:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Minute):
			t.Fatal("the service does not end")
		}
		empty()
		if err := s.svc.Close(); err != nil {
			t.Fatal(err)
		}
		s.open()
		s.run()
		s.end()
	})
}

func TestACampaignDialsOnlyWithinItsSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The bubble begins at the midnight before the first of January 2000.
		s := newShift(t, shiftConfig{operators: 2, contacts: 900, channels: 20, cps: 5, carrier: answers(lab.Busy),
			campaign: "pacing: progressive\nrecord: false\nschedule: {start: 2000-01-01T00:10:00Z, end: 2000-01-01T00:12:00Z}\n"})
		time.Sleep(20 * time.Minute)
		c, err := s.svc.Store().Campaign("spring")
		if err != nil || c.State != contactdb.Done || c.Reason != "its schedule has ended" {
			t.Errorf("after its schedule the campaign is %s, %q, %v", c.State, c.Reason, err)
		}
		s.end()
		start := time.Date(2000, 1, 1, 0, 10, 0, 0, time.UTC)
		for _, seen := range s.carrier.Seen() {
			if seen.At.Before(start) || seen.At.After(start.Add(2*time.Minute+travel)) {
				t.Errorf("an INVITE arrived at %s", seen.At)
			}
		}
		if n := len(s.carrier.Seen()); n < 20 {
			t.Errorf("%d calls within the schedule", n)
		}
	})
}

func TestACallThatIsGivenUpHasItsRecordInTimeWhateverItsCancelMeets(t *testing.T) {
	t.Parallel()
	manners := []struct {
		persona lab.Persona
		outcome string
		after   time.Duration // of the ring time, when the record must be there
	}{
		{lab.Persona{Progress: 180}, contactdb.NoAnswer, 0},
		{lab.Persona{Progress: 180, DeafToCancel: true}, contactdb.NoAnswer, 32 * time.Second},
		{lab.Persona{Progress: 180, HeedsNoCancel: true}, contactdb.NoAnswer, 32 * time.Second},
		{lab.Persona{Progress: 180, DeafToCancel: true, Ring: 30 * time.Second, Status: 200}, contactdb.Abandoned, 10 * time.Second},
		{lab.Persona{Progress: 180, HeedsNoCancel: true, Ring: 30 * time.Second, Status: 200}, contactdb.Abandoned, 10 * time.Second},
		{lab.Persona{Progress: 180, DeafToCancel: true, Ring: 30 * time.Second, Status: 486}, contactdb.Busy, 10 * time.Second},
		{lab.Persona{Progress: 180, DeafToCancel: true, Ring: 80 * time.Second, Status: 200}, contactdb.NoAnswer, 32 * time.Second}, // a ghost by then: ended, nobody hears anything of it
	}
	of := func(number string) int { return int(number[len(number)-1] - '0') }
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: len(manners), contacts: len(manners), channels: len(manners), cps: 10,
			carrier:  lab.CarrierConfig{Persona: func(number string, _ int) lab.Persona { return manners[of(number)].persona }},
			campaign: "pacing: progressive\nring-time: 20s\nattempts: {max: 1, per-day: 1}\n"})
		time.Sleep(2 * time.Minute)
		if st, err := s.svc.Status(); err != nil || len(st.Trunks) != 1 || st.Trunks[0].InUse != 0 {
			t.Errorf("two minutes later the trunk is %+v, %v", st.Trunks, err)
		}
		records := s.end()
		if len(records) != len(manners) {
			t.Errorf("%d records", len(records))
		}
		for _, r := range records {
			want := manners[of(r.Phone)]
			if took := r.EndedAt.Sub(r.PlacedAt) - 20*time.Second - want.after; r.Outcome != want.outcome || took < 0 || took > time.Second {
				t.Errorf("%+v: %s after %s", want.persona, r.Outcome, r.EndedAt.Sub(r.PlacedAt))
			}
			if said := strings.HasPrefix(r.Note, "answered as the call was given up"); said != (want.outcome == contactdb.Abandoned) {
				t.Errorf("%+v: %s with the note %q", want.persona, r.Outcome, r.Note)
			}
		}
	})
}
