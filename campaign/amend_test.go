package campaign

import (
	"strings"
	"testing"

	"apel/pacing"
)

func TestAChangeOfLimitsLeavesTheRestOfTheFileAsItWasWritten(t *testing.T) {
	const head = "# spring, as Ana wants it\nname: spring # ours\ntrunks: [acme]\n"
	power, ratio, lines, limit := pacing.Power, 1.5, 40, 0.015
	for _, tt := range []struct {
		name, before string
		change       Change
		after        string
	}{
		{"one word", "pacing: predictive # as fast as allowed\nrecord: true\n", Change{Mode: &power}, "pacing: power # as fast as allowed\nrecord: true\n"},
		{"one word, and more", "pacing: 'predictive' # so\n", Change{Mode: &power, Ratio: &ratio}, "pacing: {mode: power, ratio: 1.5} # so\n"},
		{"a group", "pacing:\n  # for now\n  mode: predictive # fast\n\n  max-lines: 30 # the trunk's\nabandonment:\n  limit: \"3%\" # the law's\n",
			Change{Mode: &power, MaxLines: &lines, AbandonmentLimit: &limit},
			"pacing:\n  # for now\n  mode: power # fast\n\n  max-lines: 40 # the trunk's\nabandonment:\n  limit: 1.5% # the law's\n"},
		{"a key that is not there", "pacing:\n  # for now\n  mode: power # fast\n  choose: 2\n", Change{MaxLines: &lines}, "pacing:\n  # for now\n  mode: power # fast\n  max-lines: 40\n  choose: 2\n"},
		{"in brackets", "abandonment: {debt: 3, window: 24h} # both\n", Change{AbandonmentLimit: &limit}, "abandonment: {limit: 1.5%, debt: 3, window: 24h} # both\n"},
		{"in brackets, of none", "abandonment: {} # nothing\n", Change{AbandonmentLimit: &limit}, "abandonment: {limit: 1.5%} # nothing\n"},
		{"not there", "record: true\n# the end\n", Change{AbandonmentLimit: &limit}, "record: true\n# the end\nabandonment: {limit: 1.5%}\n"},
		{"as it is", "pacing: power\n", Change{Mode: &power}, "pacing: power\n"},
	} {
		got, err := Amend([]byte(head+tt.before), tt.change)
		if err != nil || string(got) != head+tt.after {
			t.Errorf("%s: %v\n%s", tt.name, err, got)
		}
	}
}

func TestAChangeThatTheFileCannotHaveIsRefused(t *testing.T) {
	none, mode, many, half := pacing.Mode("fast"), pacing.Mode("power}\nname: x"), 20_000, 0.5
	for name, c := range map[string]Change{"20000": {MaxLines: &many}, "fast": {Mode: &none}, "name": {Mode: &mode}, "ratio": {Ratio: &half}} {
		got, err := Amend([]byte("name: spring\ntrunks: [acme]\n"), c)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
	for _, odd := range []string{"{name: spring, trunks: [acme]}\n", "name: spring\ntrunks: [acme]\nabandonment:\n  message:\n    sorry.wav\n"} {
		limit := 0.01
		if got, err := Amend([]byte(odd), Change{AbandonmentLimit: &limit}); err == nil {
			if d, err := Parse(got); err != nil || d.Abandonment.Limit != limit {
				t.Errorf("%s became %s", odd, got)
			}
		}
	}
}
