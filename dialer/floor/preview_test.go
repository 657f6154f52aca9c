package floor

import (
	"testing"
	"time"

	"apel/contactdb"
	"apel/pacing"
)

func previewing(t *testing.T, operators ...string) play {
	s := progressive()
	s.Pacing.Mode = pacing.Preview
	p := play{t, New(s, pacing.New(s.Pacing), contactdb.Running)}
	ready(p, 0, operators...)
	return p
}

func lease(id string) Input { return Input{Kind: InLeased, Calls: []LeasedCall{{ID: id}}} }

func toShow(id string) Input {
	return Input{Kind: InLeased, Calls: []LeasedCall{{ID: id, Preview: true}}}
}

func TestAContactIsShownAndCalledForTheOperatorWhoAcceptsIt(t *testing.T) {
	p := previewing(t, "ann")
	until := t0.Add(time.Minute)
	p.want(p.at(0, toShow("1")), Action{Kind: DoPreview, Call: "1", Operator: "ann", Until: until})
	if next := p.f.Next(); !next.Equal(until) {
		t.Errorf("the floor wants a tick at %s, want the countdown's end", next)
	}
	p.want(ready(p, 10, "bob"), Action{Kind: DoLease, N: 1})
	p.want(p.at(10, Input{Kind: InLeased, NextAt: t0.Add(time.Hour)}))
	p.want(p.at(20, Input{Kind: InAccept, Operator: "ann"}), Action{Kind: DoPlace, Call: "1", Operator: "ann"})
	p.at(22, Input{Kind: InRinging, Call: "1"})
	p.at(30, Input{Kind: InAnswered, Call: "1"})
	p.want(p.at(31, Input{Kind: InHuman, Call: "1", Since: t0.Add(31 * time.Second)}), Action{Kind: DoConnect, Call: "1", Operator: "ann"})
	ann := p.f.operators["ann"]
	if got := ann.worked; got != 20*time.Second {
		t.Errorf("ann worked %s, and looked for 20 s", got)
	}
	if got := ann.waits.Part(pacing.OnRinging); got != 10*time.Second {
		t.Errorf("ann waited %s for the ringing, want 10 s: %v", got, ann.waits)
	}
}

func TestAContactThatIsShownIsLetGoWhenTheCampaignIsInPreviewNoMore(t *testing.T) {
	p := previewing(t, "ann")
	p.at(0, toShow("1"))
	set := p.f.set
	set.WrapUp = time.Minute
	p.want(p.at(5, Input{Kind: InSettings, Settings: set})) // something else has changed
	set.Pacing.Mode = pacing.Progressive
	p.want(p.at(10, Input{Kind: InSettings, Settings: set}), Action{Kind: DoSkip, Call: "1", Operator: "ann", Why: "the campaign is in preview no more"})
	p.want(p.at(10, Input{Kind: InSettled, Call: "1", Outcome: contactdb.Cancelled}), Action{Kind: DoLease, N: 1})
	if s := p.f.operators["ann"].state; s != pacing.Ready {
		t.Errorf("ann is %s", s.String())
	}
}

func TestASkippedContactIsLetGoAndTheNextIsShown(t *testing.T) {
	p := previewing(t, "ann")
	p.at(0, toShow("1"))
	p.want(p.at(5, Input{Kind: InSkip, Operator: "ann", Reason: "called last week"}), Action{Kind: DoSkip, Call: "1", Operator: "ann", Why: "called last week"})
	p.want(p.at(5, Input{Kind: InSettled, Call: "1", Outcome: contactdb.Cancelled}), Action{Kind: DoLease, N: 1})
	p.at(5, toShow("2"))
	p.want(p.at(8, Input{Kind: InKey, Operator: "ann", Key: '#'}), Action{Kind: DoSkip, Call: "2", Operator: "ann", Why: "skipped by key"})
	p.at(8, Input{Kind: InSettled, Call: "2", Outcome: contactdb.Cancelled})
	p.at(8, toShow("3"))
	p.want(p.at(9, Input{Kind: InKey, Operator: "ann", Key: '0'}), Action{Kind: DoPlace, Call: "3", Operator: "ann"})
	p.want(p.at(9, Input{Kind: InKey, Operator: "ann", Key: '0'}))
	p.at(30, Input{Kind: InSettled, Call: "3", Outcome: contactdb.NoAnswer})
	if s := p.f.operators["ann"].state; s != pacing.Ready {
		t.Errorf("after a call that nobody answered ann is %s", s.String())
	}
}

func TestWhoDoesNotDecideIsNotReady(t *testing.T) {
	p := previewing(t, "ann")
	p.at(0, toShow("1"))
	p.want(p.at(60, Input{Kind: InTick}), Action{Kind: DoSkip, Call: "1", Operator: "ann", Why: noDecision}, Action{Kind: DoAway, Operator: "ann", Why: noDecision})
	p.want(p.at(60, Input{Kind: InSettled, Call: "1", Outcome: contactdb.Cancelled}))
	if s := p.f.operators["ann"].state; s != pacing.NotReady {
		t.Errorf("ann is %s", s.String())
	}
}

func TestWhatIsShownIsNotCalledOnceTheCampaignRests(t *testing.T) {
	p := previewing(t, "ann")
	p.at(0, toShow("1"))
	p.want(p.at(5, Input{Kind: InState, State: contactdb.Paused}), Action{Kind: DoSkip, Call: "1", Operator: "ann", Why: campaignRests})
	p.want(p.at(6, Input{Kind: InAccept, Operator: "ann"}))
	p = previewing(t, "ann")
	p.at(0, toShow("1"))
	p.want(p.at(5, Input{Kind: InOperator, Operator: "ann"}), Action{Kind: DoSkip, Call: "1", Operator: "ann", Why: operatorIs})
}

func TestTheModeOfARunningCampaignChangesWithoutHarm(t *testing.T) {
	p := previewing(t, "ann", "bob")
	p.at(0, toShow("1"))
	set := progressive()
	p.want(p.at(4, Input{Kind: InAccept, Operator: "ann"}), Action{Kind: DoPlace, Call: "1", Operator: "ann"})
	p.want(p.at(5, Input{Kind: InSettings, Settings: set})) // one is being leased for bob
	p.want(p.at(5, lease("2")))                             // is called at once, for whoever is free
	set.Pacing.Mode, set.Pacing.MaxLines = pacing.Power, 2
	set.Pacing.Ratio = 3
	p.want(p.at(11, Input{Kind: InSettings, Settings: set})) // two lines are all there may be
	p.at(12, Input{Kind: InAnswered, Call: "2"})
	p.want(p.at(13, Input{Kind: InHuman, Call: "2", Since: t0.Add(13 * time.Second)}), Action{Kind: DoConnect, Call: "2", Operator: "bob"})
	set.Pacing.Mode = pacing.Preview
	p.at(14, Input{Kind: InSettings, Settings: set})
	p.at(15, Input{Kind: InAnswered, Call: "1"})
	p.want(p.at(16, Input{Kind: InHuman, Call: "1", Since: t0.Add(16 * time.Second)}), Action{Kind: DoConnect, Call: "1", Operator: "ann"})
}

func TestATwistOfTheWrapUpThatIsToldIsBelieved(t *testing.T) {
	p := play{t, newFloor()}
	ready(p, 0, "ann")
	p.at(0, lease("1"))
	p.at(1, Input{Kind: InAnswered, Call: "1"})
	p.at(2, Input{Kind: InHuman, Call: "1", Since: t0})
	p.at(2, Input{Kind: InBridged, Call: "1", Operator: "ann"})
	p.at(20, Input{Kind: InTalkEnded, Call: "1", Operator: "ann"})
	p.at(22, Input{Kind: InKey, Operator: "ann", Key: '0'})
	if got, want := p.f.snapshot().Operators[0].FreeAt, t0.Add(32*time.Second); !got.Equal(want) {
		t.Errorf("pacing hears that ann is free at %s, want %s", got, want)
	}
	p.want(p.at(32, Input{Kind: InTick}), Action{Kind: DoEndWrap, Call: "1", Operator: "ann"})
}
