package simulate_test

import (
	"slices"
	"testing"
	"time"

	"apel/campaign"
	"apel/dialer/floor"
	"apel/dialer/simulate"
	"apel/pacing"
	"apel/pacing/world"
)

// TestASimulatedCampaignKeepsItsRules calls a short list by a campaign's
// windows, attempts and retries, over two days.
func TestASimulatedCampaignKeepsItsRules(t *testing.T) {
	def, err := campaign.Parse([]byte("name: spring\ntrunks: [acme]\ncaller-id: \"+40312345678\"\nwindows: {mon-fri: [10:00-12:00, 14:00-15:00]}\nattempts: {max: 3, per-day: 2, retry: {busy: 10m, no-answer: 30m, machine: 30m}}\npacing: progressive\n"))
	if err != nil {
		t.Fatal(err)
	}
	const contacts = 150
	c := world.Config{Operators: 5, Hours: 32, Seed: 1, Book: simulate.NewBook(def, contacts),
		Shocks: []world.Shock{{At: 8 * time.Hour, For: 16 * time.Hour, Away: 1, Notice: true}}}
	r := simulate.Shift(c, "progressive", floor.Settings{Pacing: pacing.Settings{Mode: pacing.Progressive, MaxAbandonment: .03}, Within: 2 * time.Second})
	if r.Calls <= contacts || r.Calls > 3*contacts {
		t.Errorf("%d calls for %d contacts with up to three attempts each", r.Calls, contacts)
	}
	if r.FinishedMS == 0 {
		t.Errorf("the list was not called through: %+v", r)
	}
	if at := world.Begin.Add(time.Duration(r.FinishedMS) * time.Millisecond); at.Hour() < 10 || at.Hour() >= 15 {
		t.Errorf("the last call was placed at %s, outside the windows", at)
	}
	if r.IdleCauses[pacing.Hours] < int64(5*time.Hour/time.Millisecond) {
		t.Errorf("five operators came an hour too early, and waited for the hours %d ms only: %v", r.IdleCauses[pacing.Hours], r.IdleCauses)
	}
}

// ordered is a book that remembers in which order it was called through.
type ordered struct {
	*simulate.Book
	first []int
}

func (o *ordered) Next(now time.Time, at int) (world.Turn, bool) {
	t, ok := o.Book.Next(now, at)
	if ok && t.Attempt == 1 {
		o.first = append(o.first, t.Contact)
	}
	return t, ok
}

// With a campaign's rules too, pacing chooses among the next contacts if it may,
// and calls all of them.
func TestPacingChoosesInASimulatedBook(t *testing.T) {
	def, err := campaign.Parse([]byte("name: spring\ntrunks: [acme]\ncaller-id: \"+40312345678\"\nwindows: {mon-fri: [09:00-20:00]}\npacing: predictive\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, among := range []int{1, 20} {
		b := &ordered{Book: simulate.NewBook(def, 200)}
		c := world.Config{Operators: 4, Hours: 6, Seed: 5, AnswerSpread: .28, Prediction: world.Exact, Choose: among, Book: b}
		simulate.Shift(c, "predictive", floor.Settings{Pacing: pacing.Settings{Mode: pacing.Predictive, MaxAbandonment: .03, Debt: 1}, Within: 2 * time.Second})
		if sorted := slices.IsSorted(b.first); sorted != (among == 1) || len(b.first) != 200 {
			t.Errorf("choice among %d: %d of 200 called, in order: %t", among, len(b.first), sorted)
		}
	}
}
