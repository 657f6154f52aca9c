package console

import "testing"

func TestWhatAStrangerSendsIsCutBetweenLetters(t *testing.T) {
	for _, c := range []struct {
		sent, kept string
		n          int
	}{{"Iași", "Iași", 200}, {"Iași", "Ia", 3}, {"Iași", "Iaș", 4}, {"a\x1b[2Jb\n", "a[2Jb", 200}} {
		if got := clip(c.sent, c.n); got != c.kept {
			t.Errorf("%q cut at %d is %q, not %q", c.sent, c.n, got, c.kept)
		}
	}
}
