package floor

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"apel/contactdb"
	"apel/pacing"

	"pgregory.net/rapid"
)

var t0 = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func progressive() Settings {
	return Settings{Pacing: pacing.Settings{Mode: pacing.Progressive, MaxAbandonment: 0.03}, Within: 2 * time.Second, WrapUp: 30 * time.Second}
}

func newFloor() *Floor {
	s := progressive()
	return New(s, pacing.New(s.Pacing), contactdb.Running)
}

// play gives a floor inputs at seconds since t0 and collects what it wants done.
type play struct {
	t *testing.T
	f *Floor
}

func (p play) at(seconds float64, in Input) []Action {
	p.t.Helper()
	in.At, in.Lines = t0.Add(time.Duration(seconds*float64(time.Second))), 10
	var kept []Action
	for _, a := range p.f.Step(in) {
		if a.Kind != DoDecision && a.Kind != DoOperator {
			kept = append(kept, a)
		}
	}
	if err := p.f.Check(); err != nil {
		p.t.Error(err)
	}
	return kept
}

func (p play) want(got []Action, want ...Action) {
	p.t.Helper()
	if len(want) == 0 {
		want = nil
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		p.t.Errorf("actions %v, want %v", got, want)
	}
}

func TestAPersonIsGivenToTheOperatorWhoHasWaitedLongest(t *testing.T) {
	p := play{t, newFloor()}
	p.want(p.at(0, Input{Kind: InOperator, Operator: "bob", Present: true, Ready: true}), Action{Kind: DoLease, N: 1})
	p.want(p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}}}))
	p.want(p.at(1, Input{Kind: InOperator, Operator: "ann", Present: true, Ready: true}), Action{Kind: DoLease, N: 1})
	p.want(p.at(1, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "2"}}}))
	p.at(5, Input{Kind: InRinging, Call: "2"})
	p.at(9, Input{Kind: InAnswered, Call: "2"})
	p.want(p.at(10, Input{Kind: InHuman, Call: "2", Since: t0.Add(9 * time.Second)}), Action{Kind: DoConnect, Call: "2", Operator: "bob"})
	p.at(10, Input{Kind: InBridged, Call: "2", Operator: "bob"})
	p.at(11, Input{Kind: InAnswered, Call: "1"})
	p.want(p.at(12, Input{Kind: InHuman, Call: "1", Since: t0.Add(12 * time.Second)}), Action{Kind: DoConnect, Call: "1", Operator: "ann"})
}

func TestAPersonForWhomNobodyIsFreeHearsTheMessageAtTheLimit(t *testing.T) {
	p := play{t, newFloor()}
	p.at(0, Input{Kind: InOperator, Operator: "bob", Present: true, Ready: true})
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}}})
	p.at(5, Input{Kind: InAnswered, Call: "1"})
	p.at(5, Input{Kind: InOperator, Operator: "bob", Present: true, Ready: false, Reason: "break"})
	p.want(p.at(6, Input{Kind: InHuman, Call: "1", Since: t0.Add(5800 * time.Millisecond)}))
	if next, want := p.f.Next(), t0.Add(7800*time.Millisecond); !next.Equal(want) {
		t.Errorf("the floor wants a tick at %s, want %s", next, want)
	}
	p.want(p.at(7.7, Input{Kind: InTick}))
	p.want(p.at(7.8, Input{Kind: InTick}), Action{Kind: DoRelease, Call: "1"})
	p.at(15, Input{Kind: InSettled, Call: "1", Outcome: contactdb.Abandoned})
	if p.f.live != 1 || p.f.abandoned != 1 {
		t.Errorf("counted %d of %d abandoned, want 1 of 1", p.f.abandoned, p.f.live)
	}
}

func TestARecountOfTheWindowKeepsThosePeopleWhoHaveNoRecordYet(t *testing.T) {
	p := play{t, newFloor()}
	count := func(when string, abandoned, live int) {
		t.Helper()
		if p.f.abandoned != abandoned || p.f.live != live {
			t.Errorf("%s: %d of %d abandoned, want %d of %d", when, p.f.abandoned, p.f.live, abandoned, live)
		}
	}
	ready(p, 0, "ann", "bob")
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}, {ID: "2"}, {ID: "3"}}})
	p.at(5, Input{Kind: InAnswered, Call: "1"})
	p.at(5, Input{Kind: InAnswered, Call: "2"})
	p.at(6, Input{Kind: InHuman, Call: "1", Since: t0.Add(6 * time.Second)})
	p.at(6, Input{Kind: InBridged, Call: "1", Operator: "ann"})
	p.at(7, Input{Kind: InOperator, Operator: "bob", Present: true, Reason: "break"})
	p.at(8, Input{Kind: InHuman, Call: "2", Since: t0.Add(8 * time.Second)})
	p.want(p.at(10, Input{Kind: InTick}), Action{Kind: DoRelease, Call: "2"})
	count("the message has only begun", 1, 2)
	p.at(11, Input{Kind: InWindow, Live: 40, Abandoned: 1})
	count("one talks, one hears the message, one rings", 2, 42)
	p.at(15, Input{Kind: InSettled, Call: "2", Outcome: contactdb.Abandoned})
	p.at(60, Input{Kind: InSettled, Call: "1", Outcome: contactdb.Machine})
	count("one has heard the message, and who talked was a machine", 2, 41)
	p.at(61, Input{Kind: InWindow, Live: 41, Abandoned: 2})
	count("all of it in records", 2, 41)
}

func TestWhoWasReleasedAndIsNoPersonIsNotAbandoned(t *testing.T) {
	p := play{t, newFloor()}
	ready(p, 0, "bob")
	p.at(0, lease("1"))
	p.at(1, Input{Kind: InOperator, Operator: "bob", Present: true, Reason: "break"})
	p.at(5, Input{Kind: InAnswered, Call: "1"})
	p.at(6, Input{Kind: InHuman, Call: "1", Since: t0.Add(6 * time.Second)})
	p.want(p.at(8, Input{Kind: InTick}), Action{Kind: DoRelease, Call: "1"})
	p.at(12, Input{Kind: InSettled, Call: "1", Outcome: contactdb.Machine})
	if p.f.abandoned != 0 || p.f.live != 0 {
		t.Errorf("%d of %d abandoned, want nobody", p.f.abandoned, p.f.live)
	}
}

func TestAnOperatorWhoComesInTimeTakesThePersonWhoWaits(t *testing.T) {
	p := play{t, newFloor()}
	p.at(0, Input{Kind: InOperator, Operator: "bob", Present: true, Ready: true})
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}}})
	p.at(5, Input{Kind: InAnswered, Call: "1"})
	p.at(5, Input{Kind: InOperator, Operator: "bob", Present: true, Ready: false, Reason: "break"})
	p.at(6, Input{Kind: InHuman, Call: "1", Since: t0.Add(6 * time.Second)})
	p.want(p.at(7, Input{Kind: InOperator, Operator: "bob", Present: true, Ready: true}), Action{Kind: DoConnect, Call: "1", Operator: "bob"})
}

func TestACustomerWhoseOperatorIsLostGoesToTheNext(t *testing.T) {
	p := play{t, newFloor()}
	p.at(0, Input{Kind: InOperator, Operator: "ann", Present: true, Ready: true})
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}}})
	p.at(1, Input{Kind: InAnswered, Call: "1"})
	p.at(2, Input{Kind: InHuman, Call: "1", Since: t0})
	p.at(2, Input{Kind: InBridged, Call: "1", Operator: "ann"})
	p.want(p.at(3, Input{Kind: InOperator, Operator: "bob", Present: true, Ready: true}), Action{Kind: DoLease, N: 1})
	p.at(3, Input{Kind: InLeased, NextAt: t0.Add(time.Hour)})
	p.want(p.at(30, Input{Kind: InOperator, Operator: "ann"}), Action{Kind: DoConnect, Call: "1", Operator: "bob"})
}

func TestKeysEndTheTalkAndSayItsResult(t *testing.T) {
	p := play{t, newFloor()}
	p.at(0, Input{Kind: InOperator, Operator: "ann", Present: true, Ready: true})
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}}})
	p.want(p.at(0, Input{Kind: InKey, Operator: "ann", Key: '1'}))
	p.at(1, Input{Kind: InAnswered, Call: "1"})
	p.at(2, Input{Kind: InHuman, Call: "1", Since: t0})
	p.at(2, Input{Kind: InBridged, Call: "1", Operator: "ann"})
	p.want(p.at(20, Input{Kind: InKey, Operator: "ann", Key: '#'}), Action{Kind: DoHangup, Call: "1", Operator: "ann"})
	p.at(21, Input{Kind: InTalkEnded, Call: "1", Operator: "ann"})
	p.want(p.at(25, Input{Kind: InKey, Operator: "ann", Key: '3'}), Action{Kind: DoDispose, Call: "1", Operator: "ann", Key: '3'})
	p.want(p.at(25, Input{Kind: InSettled, Call: "1", Outcome: contactdb.Human}), Action{Kind: DoLease, N: 1})
}

func TestAWrapUpEndsAtItsLimitAndABreakBeginsAfterIt(t *testing.T) {
	p := play{t, newFloor()}
	p.at(0, Input{Kind: InOperator, Operator: "ann", Present: true, Ready: true})
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}}})
	p.at(1, Input{Kind: InAnswered, Call: "1"})
	p.at(2, Input{Kind: InHuman, Call: "1", Since: t0})
	p.at(2, Input{Kind: InBridged, Call: "1", Operator: "ann"})
	p.at(3, Input{Kind: InOperator, Operator: "ann", Present: true, Ready: false, Reason: "lunch"})
	p.at(20, Input{Kind: InTalkEnded, Call: "1", Operator: "ann"})
	p.want(p.at(50, Input{Kind: InTick}), Action{Kind: DoEndWrap, Call: "1", Operator: "ann"})
	p.want(p.at(50, Input{Kind: InSettled, Call: "1", Outcome: contactdb.Human}))
	if s := p.f.operators["ann"].state; s != pacing.NotReady {
		t.Errorf("after the break was asked for the operator is %s", s.String())
	}
}

func TestStopEndsWhatNobodyTalksOnAndDrainWaits(t *testing.T) {
	for _, c := range []struct {
		to   contactdb.CampaignState
		want []Action
	}{
		{contactdb.Done, []Action{{Kind: DoHangup, Call: "2"}}},
		{contactdb.Draining, nil},
		{contactdb.Paused, nil},
	} {
		t.Run(string(c.to), func(t *testing.T) {
			p := play{t, newFloor()}
			p.at(0, Input{Kind: InOperator, Operator: "ann", Present: true, Ready: true})
			p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}, {ID: "2"}}})
			p.at(1, Input{Kind: InAnswered, Call: "1"})
			p.at(2, Input{Kind: InHuman, Call: "1", Since: t0})
			p.at(2, Input{Kind: InBridged, Call: "1", Operator: "ann"})
			p.want(p.at(3, Input{Kind: InState, State: c.to}), c.want...)
			p.at(30, Input{Kind: InTalkEnded, Call: "1", Operator: "ann"})
			p.at(31, Input{Kind: InSettled, Call: "1", Outcome: contactdb.Human})
			got := p.at(32, Input{Kind: InSettled, Call: "2", Outcome: contactdb.Cancelled})
			finished := len(got) == 1 && got[0].Kind == DoFinished
			if finished != (c.to != contactdb.Paused) {
				t.Errorf("after the last call: %v", got)
			}
		})
	}
}

func TestWhoAnswersAndIsGoneBeforeAnybodyKnowsIsALiveAnswer(t *testing.T) {
	p := play{t, newFloor()}
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}, {ID: "2"}}})
	p.at(1, Input{Kind: InSettled, Call: "1", Outcome: contactdb.Human})
	p.at(1, Input{Kind: InAnswered, Call: "2"})
	p.at(2, Input{Kind: InHuman, Call: "2", Since: t0})
	p.at(3, Input{Kind: InSettled, Call: "2", Outcome: contactdb.Human})
	if p.f.live != 2 || p.f.abandoned != 0 {
		t.Errorf("%d live answers, %d abandoned", p.f.live, p.f.abandoned)
	}
}

func TestACampaignWithoutContactsIsDone(t *testing.T) {
	p := play{t, newFloor()}
	p.want(p.at(0, Input{Kind: InOperator, Operator: "ann", Present: true, Ready: true}), Action{Kind: DoLease, N: 1})
	got := p.at(0, Input{Kind: InLeased, Exhausted: true})
	if len(got) != 1 || got[0].Kind != DoFinished {
		t.Errorf("actions %v, want the end", got)
	}
}

func TestEveryMoveOfTheTableLeadsOnAndEveryPhaseIsReached(t *testing.T) {
	reached := map[Phase]bool{PhasePreview: true}
	for from, to := range transitions {
		for _, p := range to {
			handedOver := from == PhaseBridged && p == PhaseReserved
			if p <= from && p != PhaseQueued && !handedOver {
				t.Errorf("a call may go back from %s to %s", from, p)
			}
			reached[p] = true
		}
	}
	for p := range phaseNames {
		if !reached[Phase(p)] {
			t.Errorf("no move leads to %s", Phase(p))
		}
		if _, ok := transitions[Phase(p)]; !ok {
			t.Errorf("%s is not in the table", Phase(p))
		}
	}
}

// TestNoOrderOfEventsBreaksAFloor throws inputs of every kind at a floor, in
// any order, also those that make no sense, and holds it to its invariants.
func TestNoOrderOfEventsBreaksAFloor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := progressive()
		set.Pacing.Mode = rapid.SampledFrom([]pacing.Mode{pacing.Preview, pacing.Progressive, pacing.Power, pacing.Predictive}).Draw(t, "mode")
		set.Pacing.Ratio, set.Pacing.MaxLines = 2, 7
		f := New(set, pacing.New(set.Pacing), contactdb.Running)
		now, next, orders := t0, 0, map[string]int{}
		var personal []string // operators whose callbacks were asked for
		var dialed []string   // ... and whose typed-in numbers were
		asked, waited := 0, map[*operator]time.Duration{}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "ms")) * time.Millisecond)
			in := Input{At: now, Kind: InputKind(rapid.IntRange(0, int(InAhead)).Filter(func(k int) bool { return InputKind(k) != InStop }).Draw(t, "kind")), Lines: rapid.IntRange(0, 20).Draw(t, "lines"),
				Call: fmt.Sprintf("%03d", rapid.IntRange(0, 12).Draw(t, "call")), Operator: rapid.SampledFrom([]string{"ann", "bob", "eve"}).Draw(t, "operator"),
				Present: rapid.IntRange(0, 5).Draw(t, "present") > 0, Ready: rapid.Bool().Draw(t, "ready"), Since: now.Add(-time.Second),
				Key: rapid.SampledFrom([]byte("#123")).Draw(t, "key"), Outcome: contactdb.Human, Settings: set,
				State: rapid.SampledFrom([]contactdb.CampaignState{contactdb.Running, contactdb.Running, contactdb.Paused, contactdb.Draining}).Draw(t, "state")}
			if rapid.IntRange(0, 7).Draw(t, "promises") == 0 {
				in.Kind, in.Promises = InPromises, map[string]time.Time{in.Operator: now.Add(time.Duration(rapid.IntRange(-5, 30).Draw(t, "due")) * time.Second)}
			}
			if len(personal) > 0 && rapid.IntRange(0, 2).Draw(t, "callback") == 0 {
				in.Kind, in.Operator, personal = InLeased, personal[0], personal[1:]
				if rapid.Bool().Draw(t, "one") {
					in.Calls = []LeasedCall{{ID: fmt.Sprintf("%03d", next), For: in.Operator}}
					next++
				}
			} else if in.Operator = map[bool]string{true: "", false: in.Operator}[in.Kind == InLeased]; in.Kind == InLeased {
				if asked == 0 {
					continue // nobody leases without being asked
				}
				for range min(asked, 3) {
					in.Calls = append(in.Calls, LeasedCall{ID: fmt.Sprintf("%03d", next), Preview: next%3 == 0})
					next++
				}
				asked = 0
			}
			if rapid.IntRange(0, 5).Draw(t, "transfers") == 0 {
				in.Kind, in.Named, in.Calls = rapid.SampledFrom([]InputKind{InConsult, InConsult, InConsultOver, InHandedOver, InDial}).Draw(t, "transfer"), rapid.Bool().Draw(t, "named"), nil
				for _, c := range f.line { // else it would hardly ever be one that somebody talks on
					if c.phase == PhaseBridged && rapid.Bool().Draw(t, "this") {
						in.Call, in.Operator = c.id, c.operator
						if in.Kind == InHandedOver && c.second != "" {
							in.Operator = c.second
						}
					}
				}
			}
			if in.Contact = 7; len(dialed) > 0 && in.Kind != InLeased && rapid.IntRange(0, 2).Draw(t, "dialed") == 0 {
				in.Kind, in.Manual, in.Operator, dialed = InLeased, true, dialed[0], dialed[1:]
				if in.Calls = nil; rapid.Bool().Draw(t, "given") {
					in.Calls = []LeasedCall{{ID: fmt.Sprintf("%03d", next)}}
					next++
				}
			}
			if c := f.calls[in.Call]; in.Kind == InBridged && c != nil {
				in.Operator = c.operator
			}
			finished := false
			for _, o := range f.staff {
				if (o.state == pacing.Ready || o.state == pacing.Reserved) && (o.call == "" || f.calls[o.call].phase != PhasePreview) {
					waited[o] += now.Sub(f.now)
				}
			}
			for _, a := range f.Step(in) {
				switch a.Kind {
				case DoConnect:
					orders[a.Operator]++
				case DoLease:
					if a.Operator != "" {
						if a.N != 1 || slices.Contains(personal, a.Operator) {
							t.Fatalf("%d callbacks of %s were asked for, and %v are on their way", a.N, a.Operator, personal)
						}
						personal = append(personal, a.Operator)
						continue
					}
					if asked > 0 {
						t.Fatal("a lease was asked for while one was on its way")
					}
					if a.N > in.Lines {
						t.Fatalf("%d calls were asked for with %d lines", a.N, in.Lines)
					}
					asked = a.N
				case DoDial:
					if a.Contact != 0 {
						dialed = append(dialed, a.Operator)
					}
				case DoFinished:
					finished = true
				}
			}
			if err := f.Check(); err != nil {
				t.Fatal(err)
			}
			if next := f.Next(); f.state != contactdb.Running && !next.IsZero() && !next.After(now) {
				t.Fatalf("a floor that is %s wants to be asked at once, and again", f.state)
			}
			sum := time.Duration(0)
			for o, d := range waited {
				if sum += d; o.waits.Total() != d {
					t.Fatalf("%s waited %s, and the causes of it add up to %s: %v", o.name, d, o.waits.Total(), o.waits)
				}
			}
			if f.waited.Total() != sum {
				t.Fatalf("all waited %s, and the causes of it add up to %s: %v", sum, f.waited.Total(), f.waited)
			}
			if finished {
				break
			}
		}
	})
}

// bridged is a floor on which ann talks to a customer, and bob and eve are ready.
func bridgedFloor(t *testing.T) play {
	p := play{t, newFloor()}
	p.at(0, Input{Kind: InOperator, Operator: "ann", Present: true, Ready: true})
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}}})
	p.at(1, Input{Kind: InAnswered, Call: "1"})
	p.at(2, Input{Kind: InHuman, Call: "1", Since: t0})
	p.at(2, Input{Kind: InBridged, Call: "1", Operator: "ann"})
	p.at(3, Input{Kind: InOperator, Operator: "bob", Present: true, Ready: true})
	p.at(3, Input{Kind: InLeased, NextAt: t0.Add(time.Hour)})
	p.at(4, Input{Kind: InOperator, Operator: "eve", Present: true, Ready: true})
	return p
}

func TestACustomerHandedToAColleagueWhoIsLostInThatMomentComesBack(t *testing.T) {
	p := bridgedFloor(t)
	p.want(p.at(5, Input{Kind: InConsult, Call: "1", Operator: "ann"}), Action{Kind: DoConsult, Call: "1", Operator: "bob"})
	p.want(p.at(9, Input{Kind: InOperator, Operator: "bob"}), Action{Kind: DoConsult, Call: "1"})
	p.want(p.at(9, Input{Kind: InHandedOver, Call: "1", Operator: "bob"}), Action{Kind: DoConnect, Call: "1", Operator: "ann"})
}

func TestAnOperatorWhoHandsOverAndIsLostInThatMomentLeavesTheCustomerWithTheColleague(t *testing.T) {
	p := bridgedFloor(t)
	p.at(5, Input{Kind: InConsult, Call: "1", Operator: "ann", Among: []string{"eve"}})
	p.want(p.at(9, Input{Kind: InOperator, Operator: "ann"}), Action{Kind: DoConnect, Call: "1", Operator: "eve"})
	p.want(p.at(9, Input{Kind: InHandedOver, Call: "1", Operator: "eve"}))
	p.at(9, Input{Kind: InBridged, Call: "1", Operator: "eve"})
	p.at(20, Input{Kind: InTalkEnded, Call: "1", Operator: "eve"})
	if o := p.f.operators["eve"]; o.state != pacing.WrapUp {
		t.Errorf("eve is %s", o.state.String())
	}
}

func TestOnlyWhoIsFreeIsAskedAndOnABreakOnlyByName(t *testing.T) {
	p := bridgedFloor(t)
	p.at(5, Input{Kind: InOperator, Operator: "bob", Present: true, Reason: "break"})
	p.at(5, Input{Kind: InOperator, Operator: "eve", Present: true, Deaf: true})
	p.want(p.at(6, Input{Kind: InConsult, Call: "1", Operator: "ann"}), Action{Kind: DoConsult, Call: "1"})
	p.want(p.at(6, Input{Kind: InConsult, Call: "1", Operator: "ann", Named: true, Among: []string{"eve"}}), Action{Kind: DoConsult, Call: "1"})
	p.want(p.at(6, Input{Kind: InConsult, Call: "1", Operator: "ann", Named: true, Among: []string{"ann"}}), Action{Kind: DoConsult, Call: "1"})
	p.want(p.at(6, Input{Kind: InConsult, Call: "1", Operator: "ann", Named: true, Among: []string{"bob"}}), Action{Kind: DoConsult, Call: "1", Operator: "bob"})
	p.want(p.at(7, Input{Kind: InConsult, Call: "1", Operator: "ann", Named: true, Among: []string{"bob"}}), Action{Kind: DoConsult, Call: "1"})
	p.want(p.at(8, Input{Kind: InKey, Operator: "bob", Key: '#'}), Action{Kind: DoPart, Call: "1", Operator: "bob"})
	p.at(8, Input{Kind: InConsultOver, Call: "1"})
	if o := p.f.operators["bob"]; o.state != pacing.NotReady {
		t.Errorf("bob, who was on a break, is %s", o.state.String())
	}
}

func TestACustomerHandedOutsideAsTheOperatorIsLostKeepsNobodyElse(t *testing.T) {
	p := bridgedFloor(t)
	p.want(p.at(9, Input{Kind: InOperator, Operator: "ann"}), Action{Kind: DoConnect, Call: "1", Operator: "bob"})
	p.at(9, Input{Kind: InTalkEnded, Call: "1", Operator: "ann", Away: true})
	if o := p.f.operators["bob"]; o.state != pacing.Ready {
		t.Errorf("bob, whom nobody needs, is %s", o.state.String())
	}
	p.want(p.at(20, Input{Kind: InState, State: contactdb.Done})) // the two talk on
}
