package dialer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"apel/contactdb"
)

func TestTraitsNameNoPerson(t *testing.T) {
	c := contactdb.Candidate{Contact: contactdb.Contact{Phone: "+40722000111", Name: "Ana Pop", Email: "ana@example.com", List: "spring", NumberType: "mobile", Zones: []string{"Europe/Bucharest"}},
		Progress: contactdb.Progress{Attempts: 2, LastOutcome: "busy"}}
	got := fmt.Sprint(traits(c, c.Phone, "acme", time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)))
	for _, want := range []string{"list=spring", "type=mobile", "trunk=acme", "hour=11", "day=mon", "last=busy", "attempts"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
	for _, no := range []string{"0722", "Ana", "example"} {
		if strings.Contains(got, no) {
			t.Errorf("%q is in %s", no, got)
		}
	}
}
