package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"apel/dialer/console"
	"apel/dialer/floor"
	"apel/pacing"
)

// causeWords are the causes of waiting as people read them.
var causeWords = map[pacing.Cause]string{
	pacing.NoContacts: "no contacts", pacing.Hours: "legal hours", pacing.NoLines: "lines", pacing.Rate: "calls a second", pacing.Budget: "abandonment budget",
	pacing.Caution: "caution", pacing.OnRinging: "ringing", pacing.Detection: "detection", floor.Paused: "paused",
}

func causeWord(c pacing.Cause) string {
	if word, ok := causeWords[c]; ok {
		return word
	}
	return strings.ReplaceAll(string(c), "_", " ")
}

// waitingLine splits a waiting time into its causes, those that matter, with
// their shares; "" if nobody waited.
func waitingLine(total time.Duration, part func(pacing.Cause) time.Duration) string {
	var said []string
	for _, c := range floor.Causes {
		if share := part(c).Seconds() / max(total.Seconds(), 1e-9); share >= .0005 {
			said = append(said, fmt.Sprintf("%s %s", causeWord(c), percent(share)))
		}
	}
	return strings.Join(said, " · ")
}

// writeWaiting prints why operators waited, if any did.
func writeWaiting[R any](w io.Writer, of string, rows []R, waiting func(R) (string, console.Waiting)) {
	head := []string{of, ">waiting"}
	for _, c := range floor.Causes {
		head = append(head, ">"+causeWord(c))
	}
	t := newTable(head...)
	for _, r := range rows {
		name, waited := waiting(r)
		if waited.WaitMS == 0 {
			continue
		}
		cells := []any{name, ms(waited.WaitMS)}
		for _, c := range floor.Causes {
			cells = append(cells, waited.Causes.Part(c).Round(time.Second))
		}
		t.row(cells...)
	}
	if len(t.rows) > 0 {
		fmt.Fprintln(w)
		t.write(w)
	}
}
