package dialer_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/lab"
	"apel/media"
)

// TestWhatAKilledServiceHasRecordedIsCompletedAndInTheRecord leaves behind what
// a kill leaves: a live attempt, and a recording under its unfinished name.
func TestWhatAKilledServiceHasRecordedIsCompletedAndInTheRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := dialer.Config{Data: t.TempDir(), Network: lab.NewNet(lab.NetConfig{}), SIP: dialer.SIPConfig{Listen: "10.0.0.1:5060"},
			Trunks: []dialer.TrunkConfig{{Name: "acme", Host: "10.0.0.2:5060", Options: -1}}}
		s := &shift{t: t, cfg: cfg, ran: make(chan error, 1)}
		s.open()
		s.contacts(1, nil)
		if _, _, err := s.svc.ApplyCampaign([]byte(campaignHead)); err != nil {
			t.Fatal(err)
		}
		store := s.svc.Store()
		res, err := store.Lease(t.Context(), contactdb.LeaseRequest{Viewpoint: contactdb.Viewpoint{Campaign: "spring", Now: time.Now()}, Version: 1, Lists: []contactdb.Source{{List: "spring"}}, Max: 1, Owner: "apel", TTL: time.Hour,
			Open: func([]string) (bool, time.Time) { return true, time.Time{} },
			Judge: func(contactdb.Candidate) contactdb.Verdict {
				return contactdb.Verdict{Kind: contactdb.Yes, Trunk: "acme", CallerID: "+40312345678"}
			}})
		if err != nil || len(res.Attempts) != 1 {
			t.Fatalf("lease: %+v %v", res, err)
		}
		rel := filepath.Join("recordings", "cut.wav")
		leaveHalf(t, filepath.Join(cfg.Data, rel))
		now := time.Now()
		if err := store.Note(res.Attempts[0].ID, contactdb.Notes{PlacedAt: now, AnsweredAt: now, BridgedAt: now, Operator: "ann", Recording: rel,
			Answers: map[string]string{"transfer:1": "{}"}, Second: `{"Trunk":"acme","Number":"+40312345000","CallerID":"+40312345678","CallID":"outside-1"}`}); err != nil {
			t.Fatal(err)
		}
		if err := s.svc.Close(); err != nil {
			t.Fatal(err)
		}
		s.open()
		s.run()
		s.stop()
		if err := <-s.ran; err != nil {
			t.Fatal(err)
		}
		for r, err := range s.svc.Store().Records(contactdb.RecordFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if r.Outcome != contactdb.Interrupted || r.Recording != rel || len(r.RecordingSHA256) != 64 || r.ScriptAnswers["transfer:1"] == "" {
				t.Errorf("record %+v", r)
			}
		}
		if _, err := media.ReadWAV(filepath.Join(cfg.Data, rel)); err != nil {
			t.Errorf("the recording cannot be heard: %v", err)
		}
		if err := s.svc.Store().Check(); err != nil {
			t.Error(err)
		}
		s.svc.Close()
	})
}

// TestAfterAKillOperatorsLegsAreUpAtOnceHoweverLongItTook: phones hold what the
// killed service has left up, and would be busy; some registrations have run out.
func TestAfterAKillOperatorsLegsAreUpAtOnceHoweverLongItTook(t *testing.T) {
	for _, down := range []time.Duration{time.Second, 50 * time.Second, 3 * time.Minute, 2 * time.Hour} {
		t.Run(down.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShift(t, shiftConfig{operators: 6, campaign: "pacing: progressive\n", abrupt: true})
				here := netip.MustParseAddr("10.0.0.1")
				kept := map[string][]byte{}
				for i := range s.phones {
					for _, what := range []string{"phone/", "leg/"} {
						key := fmt.Sprintf("%sop%02d", what, i)
						var err error
						if kept[key], err = s.svc.Store().Recall(key); err != nil || kept[key] == nil {
							t.Fatalf("%s is not kept: %v", key, err)
						}
					}
				}
				s.net.Cut(here) // a kill says nothing to anybody, and forgets nothing
				s.stop()
				if err := <-s.ran; err != nil {
					t.Fatal(err)
				}
				if err := s.svc.Close(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(down)
				s.net.Mend()
				s.open()
				for key, b := range kept {
					if err := s.svc.Store().Remember(key, b); err != nil {
						t.Fatal(err)
					}
				}
				s.run()
				wait := time.Second
				if down > time.Hour { // where the phones are is not known any more
					wait = 8 * time.Second
				}
				time.Sleep(wait)
				st, err := s.svc.Status()
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range st.Operators {
					if o.Phone != "leg-up" {
						t.Errorf("after %s the phone of %s is %s", wait, o.Name, o.Phone)
					}
				}
				s.end()
			})
		})
	}
}

// leaveHalf makes the file that a killed recorder leaves.
func leaveHalf(t *testing.T, path string) {
	t.Helper()
	other := filepath.Join(filepath.Dir(path), "other.wav")
	r, err := media.NewRecorder(other, nil)
	if err != nil {
		t.Fatal(err)
	}
	half, err := os.ReadFile(other + ".part")
	if err == nil {
		err = os.WriteFile(path+".part", half, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// A phone that is called where it is no more, and registers from elsewhere
// meanwhile, is called there at once.
func TestAPhoneThatMovesWhileItIsCalledIsCalledWhereItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var config lab.PhoneConfig
		s := newShift(t, shiftConfig{operators: 1, contacts: 1, channels: 1, cps: 1, carrier: answers(lab.Busy), campaign: "pacing: progressive\n",
			phone: func(_ int, p *lab.PhoneConfig) { config = *p }})
		s.net.Cut(netip.MustParseAddrPort(config.Addr).Addr())
		time.Sleep(50 * time.Second) // its leg is lost and over: it is called again, and says nothing
		config.Addr = "10.0.9.9:5060"
		moved, err := lab.StartPhone(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer moved.Close()
		time.Sleep(3 * time.Second)
		if st := moved.Stats(); !st.LegUp {
			t.Errorf("three seconds after it came: %+v", st)
		}
		s.end()
	})
}
