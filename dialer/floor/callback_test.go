package floor

import (
	"testing"
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// promised is a floor with ana and bob ready at 0 s and two calls in the air,
// and a callback for ana at 60 s.
func promised(t *testing.T) play {
	p := play{t, newFloor()}
	p.at(0, Input{Kind: InOperator, Operator: "ana", Present: true, Ready: true})
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}}})
	p.at(0, Input{Kind: InPromises, Promises: map[string]time.Time{"ana": t0.Add(time.Minute)}})
	return p
}

func TestACallbackIsPlacedWhenItsOperatorIsFreeAndJoinedWithThatOperator(t *testing.T) {
	p := promised(t)
	p.want(p.at(30, Input{Kind: InSettled, Call: "1", Outcome: contactdb.NoAnswer}), Action{Kind: DoLease, N: 1})
	p.want(p.at(30, Input{Kind: InLeased, NextAt: t0.Add(time.Hour)}))
	if next := p.f.Next(); next.After(t0.Add(time.Minute)) {
		t.Errorf("the floor wants a tick at %s, want one when the callback is due", next)
	}
	p.want(p.at(60, Input{Kind: InTick}), Action{Kind: DoLease, N: 1, Operator: "ana"})
	p.want(p.at(60, Input{Kind: InLeased, Operator: "ana", Calls: []LeasedCall{{ID: "2", For: "ana"}}}))
	// Bob comes and has waited longer by the time the contact answers; it is ana's all the same.
	p.at(61, Input{Kind: InOperator, Operator: "bob", Present: true, Ready: true})
	p.at(65, Input{Kind: InAnswered, Call: "2"})
	p.want(p.at(66, Input{Kind: InHuman, Call: "2", Since: t0.Add(66 * time.Second)}), Action{Kind: DoConnect, Call: "2", Operator: "ana"})
	p.at(66, Input{Kind: InBridged, Call: "2", Operator: "ana"})
	p.at(90, Input{Kind: InTalkEnded, Call: "2", Operator: "ana"})
	p.at(95, Input{Kind: InSettled, Call: "2", Outcome: contactdb.Human})
	if o := p.f.operators["ana"]; o.state != pacing.Ready || o.call != "" {
		t.Errorf("ana is %v with call %q", o.state, o.call)
	}
}

func TestAnOperatorWhoseCallbackIsDueIsGivenNoOtherCall(t *testing.T) {
	p := promised(t)
	p.at(55, Input{Kind: InRinging, Call: "1"})
	p.want(p.at(60, Input{Kind: InTick}), Action{Kind: DoLease, N: 1, Operator: "ana"})
	p.at(61, Input{Kind: InAnswered, Call: "1"})
	p.want(p.at(61.5, Input{Kind: InHuman, Call: "1", Since: t0.Add(61500 * time.Millisecond)}))
	// There was no callback after all: ana takes who waits.
	p.want(p.at(62, Input{Kind: InLeased, Operator: "ana"}), Action{Kind: DoConnect, Call: "1", Operator: "ana"})
}

func TestACallbackOfALostOperatorIsTakenByAnother(t *testing.T) {
	p := promised(t)
	p.at(30, Input{Kind: InSettled, Call: "1", Outcome: contactdb.NoAnswer})
	p.at(30, Input{Kind: InLeased, NextAt: t0.Add(time.Hour)})
	p.at(60, Input{Kind: InTick})
	p.at(60, Input{Kind: InLeased, Operator: "ana", Calls: []LeasedCall{{ID: "2", For: "ana"}}})
	p.at(61, Input{Kind: InOperator, Operator: "ana"})
	p.at(61, Input{Kind: InOperator, Operator: "bob", Present: true, Ready: true})
	p.at(65, Input{Kind: InAnswered, Call: "2"})
	p.want(p.at(66, Input{Kind: InHuman, Call: "2", Since: t0.Add(66 * time.Second)}), Action{Kind: DoConnect, Call: "2", Operator: "bob"})
}

func TestACallbackThatNobodyAnswersGivesItsOperatorBack(t *testing.T) {
	p := promised(t)
	p.at(30, Input{Kind: InSettled, Call: "1", Outcome: contactdb.NoAnswer})
	p.at(30, Input{Kind: InLeased, NextAt: t0.Add(time.Hour)})
	p.at(60, Input{Kind: InTick})
	p.at(60, Input{Kind: InLeased, Operator: "ana", Calls: []LeasedCall{{ID: "2", For: "ana"}}})
	p.at(85, Input{Kind: InSettled, Call: "2", Outcome: contactdb.NoAnswer})
	if o := p.f.operators["ana"]; o.state != pacing.Ready || o.aside {
		t.Errorf("ana is %v, aside %v", o.state, o.aside)
	}
}

func TestADueCallbackKeepsACampaignFromEnding(t *testing.T) {
	p := promised(t)
	p.at(30, Input{Kind: InSettled, Call: "1", Outcome: contactdb.NoAnswer})
	p.at(60, Input{Kind: InTick})
	for _, a := range p.at(60, Input{Kind: InLeased, Exhausted: true}) {
		if a.Kind == DoFinished {
			t.Error("the floor ended while a callback was being asked for")
		}
	}
}

func TestWhoIsNotHeardWhenTheContactAnswersIsJoinedOnceHeard(t *testing.T) {
	p := promised(t)
	p.at(30, Input{Kind: InSettled, Call: "1", Outcome: contactdb.NoAnswer})
	p.at(30, Input{Kind: InLeased, NextAt: t0.Add(time.Hour)})
	p.at(60, Input{Kind: InTick})
	p.at(60, Input{Kind: InLeased, Operator: "ana", Calls: []LeasedCall{{ID: "2", For: "ana"}}})
	p.at(65, Input{Kind: InOperator, Operator: "ana", Present: true, Deaf: true}) // the page is reloaded
	p.at(65, Input{Kind: InAnswered, Call: "2"})
	p.want(p.at(66, Input{Kind: InHuman, Call: "2", Since: t0.Add(66 * time.Second)}))
	p.want(p.at(67, Input{Kind: InOperator, Operator: "ana", Present: true, Ready: true}), Action{Kind: DoConnect, Call: "2", Operator: "ana"})
}

func TestSomebodyElseTakesTheContactOfOneWhoIsNotHeard(t *testing.T) {
	p := promised(t)
	p.at(30, Input{Kind: InSettled, Call: "1", Outcome: contactdb.NoAnswer})
	p.at(30, Input{Kind: InLeased, NextAt: t0.Add(time.Hour)})
	p.at(60, Input{Kind: InTick})
	p.at(60, Input{Kind: InLeased, Operator: "ana", Calls: []LeasedCall{{ID: "2", For: "ana"}}})
	p.at(61, Input{Kind: InOperator, Operator: "bob", Present: true, Ready: true})
	p.at(65, Input{Kind: InOperator, Operator: "ana", Present: true, Deaf: true})
	p.at(65, Input{Kind: InAnswered, Call: "2"})
	p.want(p.at(66, Input{Kind: InHuman, Call: "2", Since: t0.Add(66 * time.Second)}), Action{Kind: DoConnect, Call: "2", Operator: "bob"})
	p.at(67, Input{Kind: InOperator, Operator: "ana", Present: true, Ready: true})
	if o := p.f.operators["ana"]; o.state != pacing.Ready {
		t.Errorf("ana is %s", o.state.String())
	}
}

func TestACallbackIsNotPlacedOnceItsOperatorHasGoneAndNobodyElseIsThere(t *testing.T) {
	p := promised(t)
	p.at(30, Input{Kind: InSettled, Call: "1", Outcome: contactdb.NoAnswer})
	p.at(30, Input{Kind: InLeased, NextAt: t0.Add(time.Hour)})
	p.want(p.at(60, Input{Kind: InTick}), Action{Kind: DoLease, N: 1, Operator: "ana"})
	p.at(60, Input{Kind: InOperator, Operator: "ana", Present: true, Reason: "break"})
	p.want(p.at(60, Input{Kind: InLeased, Operator: "ana", Calls: []LeasedCall{{ID: "2", For: "ana"}}}), Action{Kind: DoHangup, Call: "2"})
}
