package dialer

import (
	"errors"
	"testing"
	"testing/synctest"

	"apel/contactdb"
)

func TestOfTwoOperatorsWhomASupervisorWantsToFollowAtOnceTheLaterIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := monitors{of: map[string]*monitor{}}
		follow := func(who, operator string) *monitor {
			return &monitor{req: MonitorRequest{Supervisor: who, Operator: operator}, quit: make(chan struct{}), ended: make(chan struct{})}
		}
		ann, bob := follow("sue", "ann"), follow("sue", "bob")
		if err := all.enter(ann); err != nil {
			t.Fatal(err)
		}
		go func() { // it is being connected, and finds then that it is not wanted any more
			<-ann.quit
			all.leave(ann)
			close(ann.ended)
		}()
		if err := all.enter(bob); err != nil || len(all.of) != 1 || all.of["bob"] != bob {
			t.Errorf("the second is followed: %v, of %v", err, all.of)
		}
		if err := all.enter(follow("max", "bob")); !errors.Is(err, contactdb.ErrState) {
			t.Errorf("a second supervisor of bob: %v", err)
		}
	})
}
