package dialer

import (
	"slices"
	"testing"
	"time"
)

func TestWhatIsToldOfOneCallAtOneInstantKeepsItsOrder(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	l := &loop{in: newInbox[Input]()}
	l.tell(Input{Kind: InTalkEnded, At: at, Call: "2", Operator: "ann"})
	l.tell(Input{Kind: InSettled, At: at, Call: "2"})
	l.tell(Input{Kind: InBridged, At: at, Call: "1", Operator: "bob"})
	l.tell(Input{Kind: InLeased, At: at})
	var kinds []InputKind
	for _, in := range l.happened() {
		kinds = append(kinds, in.Kind)
	}
	if want := []InputKind{InLeased, InBridged, InTalkEnded, InSettled}; !slices.Equal(kinds, want) {
		t.Errorf("the order is %v, want %v", kinds, want)
	}
}
