package dialer

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer/floor"

	"go.uber.org/zap"
)

// aDeskOfTwo is a desk with an operator of summer, and spring, which admits them
// too. Nobody acts on what the two floors are told.
func aDeskOfTwo() (d *desk, s *seat, summer, spring *loop) {
	service := &Service{log: zap.NewNop()}
	d = newDesk(service)
	idle := func(name string) *loop {
		l := &loop{s: service, name: name, in: newInbox[floor.Input](), done: make(chan struct{})}
		l.rules.Store(&rules{def: &campaign.Definition{Name: name}})
		return l
	}
	summer, spring = idle("summer"), idle("spring")
	d.loops = []*loop{summer, spring}
	s = d.seatOf("ann", "")
	s.leg = &leg{operator: "ann"}
	d.place(s)
	summer.in.take()
	return d, s, summer, spring
}

func TestWhoIsLostWhileBeingLentHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s, summer, spring := aDeskOfTwo()
		asked := make(chan error, 1)
		go func() { asked <- d.borrow("ann", spring) }()
		synctest.Wait()
		d.down(s, nil)
		d.stateOf(summer, "ann", floor.LentAway) // the floor had been asked before it heard of it
		select {
		case err := <-asked:
			if !errors.Is(err, contactdb.ErrState) {
				t.Errorf("%v", err)
			}
		case <-time.After(time.Minute):
			t.Error("who asks for a colleague who is gone waits for ever")
			close(summer.done)
			<-asked
		}
		if s.lending != nil || s.guest != nil {
			t.Errorf("the seat is %+v", s)
		}
	})
}

func TestWhoBecomesReadyWhileAnotherCampaignAsksInVainIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s, summer, spring := aDeskOfTwo()
		asked := make(chan error, 1)
		go func() { asked <- d.borrow("ann", spring) }()
		synctest.Wait()
		d.mu.Lock()
		s.ready = true
		d.tell(s)
		d.mu.Unlock()
		d.answered(floor.Action{Operator: "ann", Ask: s.asks, Why: "operator-busy"})
		if err := <-asked; !errors.Is(err, contactdb.ErrState) {
			t.Errorf("%v", err)
		}
		told := summer.in.take()
		if last := told[len(told)-1]; last.Kind != floor.InOperator || !last.Ready {
			t.Errorf("the last that summer hears of ann is %+v", last)
		}
	})
}

func TestALateAnswerIsNotTakenForThatToTheNextWhoAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s, summer, spring := aDeskOfTwo()
		asked := make(chan error, 1)
		ask := func() (told floor.Input) {
			go func() { asked <- d.borrow("ann", spring) }()
			synctest.Wait()
			all := summer.in.take()
			return all[len(all)-1]
		}
		first := ask()
		d.down(s, nil)
		if err := <-asked; !errors.Is(err, contactdb.ErrState) {
			t.Errorf("of who is lost meanwhile: %v", err)
		}
		d.mu.Lock()
		s.leg = &leg{operator: "ann"} // and is back
		d.place(s)
		d.mu.Unlock()
		second := ask()
		no := func(to floor.Input) {
			d.answered(floor.Action{Operator: "ann", Ask: to.Ask, Why: "operator-busy"})
		}
		no(first)
		synctest.Wait()
		select {
		case err := <-asked:
			t.Errorf("the answer to the first was given to the second: %v", err)
			return
		default:
		}
		no(second)
		if err := <-asked; !errors.Is(err, contactdb.ErrState) {
			t.Errorf("%v", err)
		}
	})
}
