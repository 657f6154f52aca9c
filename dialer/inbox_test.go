package dialer

import (
	"slices"
	"testing"
	"time"

	"apel/dialer/floor"
)

func TestWhatIsToldOfOneCallAtOneInstantKeepsItsOrder(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	l := &loop{in: newInbox[floor.Input]()}
	l.tell(floor.Input{Kind: floor.InTalkEnded, At: at, Call: "2", Operator: "ann"})
	l.tell(floor.Input{Kind: floor.InSettled, At: at, Call: "2"})
	l.tell(floor.Input{Kind: floor.InBridged, At: at, Call: "1", Operator: "bob"})
	l.tell(floor.Input{Kind: floor.InLeased, At: at})
	var kinds []floor.InputKind
	for _, in := range l.happened() {
		kinds = append(kinds, in.Kind)
	}
	if want := []floor.InputKind{floor.InLeased, floor.InBridged, floor.InTalkEnded, floor.InSettled}; !slices.Equal(kinds, want) {
		t.Errorf("the order is %v, want %v", kinds, want)
	}
}
