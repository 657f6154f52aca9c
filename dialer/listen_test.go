package dialer_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/lab"
	"apel/media"
	"apel/media/amd"
)

// corrections counts the events that tell an operator of a machine.
func corrections(s *shift) func() map[string]int {
	all := map[string]int{}
	events, cancel := s.svc.Subscribe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range events {
			all[e.Kind]++
		}
	}()
	return func() map[string]int { cancel(); <-done; return all }
}

func TestAnOperatorIsToldOfAMachineThatSaidHelloAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 2, contacts: 6, channels: 5, cps: 5, carrier: answers(lab.MachineHello), campaign: "pacing: progressive\ndispositions: [machine, sale]\n",
			phone: func(_ int, p *lab.PhoneConfig) { p.Talk = lab.Law{Mean: 10 * time.Minute} }})
		events := corrections(s)
		time.Sleep(8 * time.Minute)
		told := events()["call.corrected"]
		examples, err := s.svc.LabelledCalls()
		if err != nil {
			t.Fatal(err)
		}
		learnt := 0
		for _, e := range examples {
			if e.Machine && e.Why == "the operator said so" {
				learnt++
			}
		}
		if learnt == 0 {
			t.Errorf("operators said \"machine\", and nothing is learned from it: %+v", examples)
		}
		corrected := 0
		for _, r := range s.end() {
			if r.BridgedAt.IsZero() {
				continue
			}
			if r.Outcome == contactdb.Machine {
				corrected++
			}
			if r.EndedBy != "customer" && r.EndedBy != "operator" {
				t.Errorf("the operator's call was ended by %q: %+v", r.EndedBy, r)
			}
		}
		if corrected == 0 || told != corrected {
			t.Errorf("%d bridged machines were recorded as such, operators were told of %d", corrected, told)
		}
	})
}

func TestNobodyWhoTalksWithAnOperatorIsCalledAMachine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 4, contacts: 24, channels: 10, cps: 5, campaign: "pacing: progressive\n", chatty: true,
			population: lab.PopulationConfig{Seed: 11, Kinds: map[lab.Kind]float64{lab.Hello: 3, lab.Phrase: 2, lab.Silent: 1}}})
		events := corrections(s)
		people := 10
		if raceEnabled || testing.Short() {
			people = 5
		}
		time.Sleep(time.Duration(people) * 72 * time.Second)
		if told := events()["call.corrected"]; told > 0 {
			t.Errorf("%d people were called machines", told)
		}
		bridged := 0
		for _, r := range s.end() {
			if !r.BridgedAt.IsZero() {
				bridged++
			}
		}
		if bridged < people {
			t.Errorf("only %d people were bridged", bridged)
		}
	})
}

func TestTheEvidenceGivesTheSameVerdictAsTheRecordingDoesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 3, contacts: 12, channels: 5, cps: 5, campaign: "pacing: progressive\n",
			population: lab.PopulationConfig{Seed: 4, Kinds: map[lab.Kind]float64{lab.Hello: 2, lab.Phrase: 2, lab.MachineShort: 1}}})
		time.Sleep(10 * time.Minute)
		kept, heard, until := map[string][]byte{}, 0, time.Now()
		for j, err := range s.svc.Store().Judged() {
			if err != nil {
				t.Fatal(err)
			}
			kept[j.Record.ID] = j.Evidence
		}
		for _, r := range s.end() {
			evidence := kept[r.ID]
			if r.DetectorVerdict != "" && r.EndedAt.Before(until.Add(-2*time.Minute)) && evidence == nil {
				t.Errorf("no evidence of %s at %v", r.DetectorVerdict, r.DetectedAt)
			}
			if r.Recording == "" || evidence == nil {
				continue
			}
			heard++
			channels, err := media.ReadWAV(filepath.Join(s.cfg.Data, r.Recording))
			if err != nil {
				t.Fatal(err)
			}
			account, err := amd.ParseEvidence(evidence)
			if err != nil {
				t.Fatal(err)
			}
			first, d := account.Verdicts[0], amd.New(account.Settings)
			for pcm := channels[0]; len(pcm) >= media.FrameSamples; pcm = pcm[media.FrameSamples:] {
				if v, ok := d.Feed(pcm[:media.FrameSamples]); ok {
					if v.Kind != first.Kind || v.At != first.At {
						t.Errorf("the call heard %s at %v, its recording %s at %v", first.Kind, first.At, v.Kind, v.At)
					}
					break
				}
			}
		}
		if heard < 4 {
			t.Errorf("only %d calls have a recording", heard)
		}
	})
}

// early is a callee who is heard before any answer, and gives none.
func early(sounds ...lab.Sound) lab.CarrierConfig {
	return lab.CarrierConfig{Persona: func(string, int) lab.Persona {
		return lab.Persona{Kind: lab.NoAnswer, Lang: "en", Progress: 183, Delay: 500 * time.Millisecond, Early: sounds}
	}}
}

func TestWhatIsHeardBeforeTheAnswerEndsTheAttemptAndStartsNoConversation(t *testing.T) {
	busy := []lab.Sound{lab.Tone(500*time.Millisecond, 425), lab.Pause(500 * time.Millisecond)}
	ringing := []lab.Sound{lab.Tone(time.Second, 425), lab.Pause(4 * time.Second)}
	for name, c := range map[string]struct {
		heard []lab.Sound
		want  string
	}{
		"busy tone":         {busy, contactdb.Busy},
		"an announcement":   {[]lab.Sound{lab.Pause(300 * time.Millisecond), lab.Say("en-announce-slt"), lab.Say("en-announce-slt"), lab.Pause(time.Minute)}, contactdb.Intercepted},
		"ringing":           {ringing, contactdb.NoAnswer},
		"please hold, ring": {append([]lab.Sound{lab.Say("en-announce-slt")}, append(ringing, append(ringing, append(ringing, append(ringing, ringing...)...)...)...)...), contactdb.NoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShift(t, shiftConfig{operators: 1, contacts: 1, channels: 5, cps: 5, carrier: early(c.heard...), campaign: "pacing: progressive\nring-time: 30s\n"})
				time.Sleep(2 * time.Minute)
				records := s.end()
				if len(records) != 1 || records[0].Outcome != c.want || !records[0].BridgedAt.IsZero() || !records[0].AnsweredAt.IsZero() {
					t.Errorf("want %s: %+v", c.want, records)
				}
			})
		})
	}
}

// dropped is a campaign that leaves a message of two minutes on machines.
func dropped(t *testing.T, lines string) shiftConfig {
	t.Helper()
	drop := filepath.Join(t.TempDir(), "drop.wav")
	if err := media.WriteWAV(drop, media.Tone(700, 2*time.Minute, -12)); err != nil {
		t.Fatal(err)
	}
	return shiftConfig{operators: 1, contacts: 1, channels: 10, cps: 5, population: lab.PopulationConfig{Seed: 2, Kinds: map[lab.Kind]float64{lab.MachineLong: 1}},
		campaign: "record: false\nattempts: {max: 1}\nvoice-drop: {message: " + drop + ", consent: test}\n" + lines}
}

// watched is a shift with its events from the start.
func watched(t *testing.T, c shiftConfig) (events <-chan dialer.Event, s *shift) {
	c.before = func(s *shift) {
		var cancel func()
		events, cancel = s.svc.Subscribe()
		t.Cleanup(cancel)
	}
	s = newShift(t, c)
	return events, s
}

// until waits for an event, for ten minutes at most.
func until(t *testing.T, events <-chan dialer.Event, kind, state string) {
	t.Helper()
	late := time.After(10 * time.Minute)
	for {
		select {
		case e, more := <-events:
			if !more {
				t.Fatal("the subscriber was dropped")
			}
			if e.Kind == kind && (state == "" || e.State == state) {
				return
			}
		case <-late:
			t.Fatalf("no %s %s", kind, state)
		}
	}
}

func TestAMessageThatIsBeingLeftIsCutOffByAStop(t *testing.T) {
	for name, stop := range map[string]func(*shift) error{
		"of the campaign": func(s *shift) error { _, err := s.svc.StopCampaign("spring", ""); return err },
		"of the service":  func(s *shift) error { s.stop(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				events, s := watched(t, dropped(t, "pacing: progressive\n"))
				until(t, events, "call.verdict", "machine")
				time.Sleep(20 * time.Second)
				if err := stop(s); err != nil {
					t.Fatal(err)
				}
				stopped := time.Now()
				until(t, events, "call.ended", "")
				if d := time.Since(stopped); d > 2*time.Second {
					t.Errorf("the call ended %s after the stop", d)
				}
				if r := s.end(); len(r) != 1 || r[0].Outcome != contactdb.Machine || !strings.HasPrefix(r[0].Note, "voice drop: ") {
					t.Errorf("records %+v", r)
				}
			})
		})
	}
}

func TestWhoSawAContactInPreviewGoesOnWhileAMessageIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, s := watched(t, dropped(t, "pacing: {mode: preview, countdown: 10m}\n"))
		until(t, events, "operator.preview", "")
		if _, err := s.svc.AcceptPreview("op00", ""); err != nil {
			t.Fatal(err)
		}
		until(t, events, "call.verdict", "machine")
		time.Sleep(20 * time.Second)
		st, err := s.svc.Status()
		if err != nil || st.Operators[0].State != "ready" || st.Campaigns[0].Lines != 1 {
			t.Errorf("the operator is %s with %d calls in the air, %v", st.Operators[0].State, st.Campaigns[0].Lines, err)
		}
		s.end()
	})
}

func TestAMessageIsLeftOnAMachineAfterItsBeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drop := filepath.Join(t.TempDir(), "drop.wav")
		if err := media.WriteWAV(drop, media.Tone(700, 5*time.Second, -12)); err != nil {
			t.Fatal(err)
		}
		s := newShift(t, shiftConfig{operators: 2, contacts: 12, channels: 10, cps: 5,
			population: lab.PopulationConfig{Seed: 2, Kinds: map[lab.Kind]float64{lab.MachineLong: 3, lab.Hello: 1}},
			campaign:   "pacing: progressive\nrecord: false\nattempts: {max: 1}\nvoice-drop: {message: " + drop + ", consent: test}\n"})
		time.Sleep(10 * time.Minute)
		left, after := 0, map[bool]int{}
		seen := map[string]lab.Seen{}
		for _, v := range s.carrier.Seen() {
			seen[v.CallID] = v
		}
		for _, r := range s.end() {
			if r.Outcome != contactdb.Machine || !r.BridgedAt.IsZero() {
				if strings.Contains(r.Note, "voice drop") && r.Outcome != contactdb.Machine {
					t.Errorf("a message was left on %+v", r)
				}
				continue
			}
			left++
			after[strings.HasSuffix(r.Note, "after the beep")]++
			if !strings.HasPrefix(r.Note, "voice drop: 5s of ") || r.EndedBy != "dialer" {
				t.Errorf("%s machine: note %q, ended by %s", seen[r.SIPCallID].Kind, r.Note, r.EndedBy)
			}
		}
		if left < 4 || after[true] < left*3/4 {
			t.Errorf("%d messages left, %v after the beep", left, after)
		}
	})
}

func TestAShareOfTheCallsTakenForMachinesIsRecordedToBeHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 1, contacts: 6, channels: 6, cps: 5, carrier: answers(lab.MachineLong),
			campaign: "pacing: progressive\nrecord: false\nattempts: {max: 1}\ndetector: {sample: 100%}\n"})
		time.Sleep(3 * time.Minute)
		samples, err := s.svc.SampledCalls()
		if err != nil {
			t.Fatal(err)
		}
		machines := 0
		for _, r := range s.end() {
			if r.Outcome != contactdb.Machine || !r.BridgedAt.IsZero() {
				continue
			}
			machines++
			channels, err := media.ReadWAV(filepath.Join(s.cfg.Data, r.Recording))
			if err != nil || len(channels) == 0 || len(channels[0]) < media.SampleRate {
				t.Errorf("%s: %d channels, %v", r.Recording, len(channels), err)
			}
		}
		if machines == 0 || len(samples) != machines {
			t.Errorf("%d machines, %d to be heard", machines, len(samples))
		}
	})
}

// A phone company's tone that is none of the known ones, steady or in pulses.
func TestAToneThatNeverEndsReachesNoOperatorAndIsNoAbandonedCall(t *testing.T) {
	t.Parallel()
	for name, voice := range map[string][]lab.Sound{
		"steady": {lab.Tone(40*time.Second, 440)},
		"pulsed": slices.Repeat([]lab.Sound{lab.Tone(300*time.Millisecond, 440), lab.Pause(60 * time.Millisecond)}, 110),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := lab.NewPopulation(lab.PopulationConfig{Seed: 5, Kinds: map[lab.Kind]float64{lab.MachineLong: 1}})
				s := newShift(t, shiftConfig{operators: 2, contacts: 4, channels: 5, cps: 5, campaign: "pacing: progressive\n",
					carrier: lab.CarrierConfig{Persona: func(number string, attempt int) lab.Persona {
						who := p.Persona(number, attempt)
						who.Voice = voice
						return who
					}}})
				time.Sleep(3 * time.Minute)
				records := s.end()
				if len(records) == 0 {
					t.Fatal("nobody was called")
				}
				for _, r := range records {
					if late := (amd.Settings{ListenOn: 4 * time.Second}).Latest().Milliseconds() + 200; r.Outcome != contactdb.Machine || !r.BridgedAt.IsZero() || r.DetectorMS > late {
						t.Errorf("%s, %s after %d ms, bridged at %v", r.Outcome, r.DetectorVerdict, r.DetectorMS, r.BridgedAt)
					}
				}
			})
		})
	}
}
