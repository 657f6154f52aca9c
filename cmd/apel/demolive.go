package main

import (
	"fmt"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer"
)

// liveView shows a campaign while it runs: redrawn each second on a screen, a
// line every ten seconds elsewhere.
type liveView struct {
	a      *app
	lines  int // drawn last
	spoken time.Duration
	last   []string // what happened to the latest calls
}

func newLiveView(a *app) *liveView { return &liveView{a: a} }

// saw keeps the latest ends of calls.
func (v *liveView) saw(e dialer.Event) {
	if e.Kind != "call.ended" {
		return
	}
	line := e.State
	if e.Operator != "" {
		line += ", " + e.Operator
	}
	if e.Detail != "" {
		line += ": " + e.Detail
	}
	v.last = append(v.last, line)
	if len(v.last) > 5 {
		v.last = v.last[1:]
	}
}

func (v *liveView) show(st dialer.CampaignStatus, at time.Duration) {
	if !v.a.std.errIsScreen {
		if at-v.spoken >= 10*time.Second {
			v.spoken = at
			v.a.say("%3ds  %d calls made, %d people, %d machines, %d operators talking", int(at.Seconds()), st.Today.Attempts, st.Today.LiveAnswers, st.Today.Outcomes[contactdb.Machine], st.Talking)
		}
		return
	}
	lines := []string{
		fmt.Sprintf("DEMO  %ds  %s", int(at.Seconds()), st.Why),
		fmt.Sprintf("operators  ready %-3d talking %-3d wrap-up %-3d  occupancy %s", st.Ready, st.Talking, st.WrapUp, percent(st.Occupancy)),
		fmt.Sprintf("calls      dialing %-3d ringing %-3d listening %-3d waiting %-3d bridged %-3d", st.Dialing, st.Ringing, st.Screening, st.Queued, st.Bridged),
		fmt.Sprintf("so far     %d calls  people %d  machines %d  abandoned %d (%s of people, limit %s)", st.Today.Attempts, st.Today.LiveAnswers,
			st.Today.Outcomes[contactdb.Machine], st.Window.Abandoned, percent(st.AbandonmentRate), percent(st.AbandonmentLimit)),
		"last       " + strings.Join(v.last, " | "),
	}
	v.close()
	for _, l := range lines {
		if r := []rune(l); len(r) > 110 {
			l = string(r[:109]) + "…"
		}
		fmt.Fprintln(v.a.std.err, l)
	}
	v.lines = len(lines)
}

// close takes what was drawn from the screen.
func (v *liveView) close() {
	if v.lines > 0 {
		fmt.Fprintf(v.a.std.err, "\x1b[%dA\x1b[J", v.lines)
		v.lines = 0
	}
}
