package campaign

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"apel/contactdb"
)

// Marshal writes the whole definition, defaults included, as Parse reads it.
// It fails if the definition is not one that Parse could have given.
func (d *Definition) Marshal() ([]byte, error) {
	var b strings.Builder
	d.writeWho(&b)
	d.writeWhen(&b)
	d.writeHow(&b)
	writeScript(&b, d.Script)
	if _, err := Parse([]byte(b.String())); err != nil {
		return nil, fmt.Errorf("write campaign %q: %w", d.Name, err)
	}
	return []byte(b.String()), nil
}

func (d *Definition) writeWho(b *strings.Builder) {
	fmt.Fprintf(b, "name: %s\n", strconv.Quote(d.Name))
	if d.Description != "" {
		fmt.Fprintf(b, "description: %s\n", strconv.Quote(d.Description))
	}
	if d.Client != "" {
		fmt.Fprintf(b, "client: %s\n", strconv.Quote(d.Client))
	}
	d.writeLists(b)
	if d.Filter != nil {
		fmt.Fprintf(b, "filter: %s\n", strconv.Quote(d.Filter.String()))
	}
	writeList(b, "registers", d.Registers)
	fmt.Fprintf(b, "consent:\n  required: %t\n", d.Consent.Required)
	if len(d.Consent.Kinds) > 0 {
		b.WriteString("  ")
		writeList(b, "kinds", d.Consent.Kinds)
	}
	writeList(b, "trunks", d.Trunks)
	d.writeCallerIDs(b)
	if d.Country != "" {
		fmt.Fprintf(b, "country: %s\n", strconv.Quote(d.Country))
	}
	writeList(b, "teams", d.Teams)
	writeList(b, "operators", d.Operators)
}

func (d *Definition) writeWhen(b *strings.Builder) {
	b.WriteString("windows:\n")
	for i := 0; i < len(d.Windows); {
		days, hours := d.Windows[i].Days, []string{}
		for ; i < len(d.Windows) && d.Windows[i].Days == days; i++ {
			hours = append(hours, formatClock(d.Windows[i].From)+"-"+formatClock(d.Windows[i].To))
		}
		fmt.Fprintf(b, "  %s: [%s]\n", formatDays(days), strings.Join(hours, ", "))
	}
	fmt.Fprintf(b, "ring-time: %s\nattempts:\n  max: %d\n  per-day: %d\n  per-week: %d\n  per-30-days: %d\n  best-hour: %t\n  retry:\n",
		formatSpan(d.RingTime), d.Attempts.Max, d.Attempts.PerDay, d.Attempts.PerWeek, d.Attempts.Per30Days, d.Attempts.BestHour)
	for _, outcome := range contactdb.Outcomes {
		if outcome != contactdb.Abandoned { // stands under abandonment
			fmt.Fprintf(b, "    %s: %s\n", outcome, formatDelay(d.Attempts.Retry[outcome]))
		}
	}
	fmt.Fprintf(b, "numbers:\n  order: %s\n  switch: %s\n", d.Numbers.Order, formatSpan(d.Numbers.Switch))
	fmt.Fprintf(b, "callbacks:\n  deputy: %s\n  beyond-max: %t\n", formatDelay(d.Callbacks.Deputy), d.Callbacks.BeyondMax)
	if d.Schedule != (Schedule{}) {
		b.WriteString("schedule:\n")
		writeInstant(b, "start", d.Schedule.Start)
		writeInstant(b, "end", d.Schedule.End)
	}
}

func (d *Definition) writeHow(b *strings.Builder) {
	hangUpAfter := d.Pacing.HangUpAfter
	if hangUpAfter == 0 {
		hangUpAfter = Never
	}
	fmt.Fprintf(b, "pacing:\n  mode: %s\n  ratio: %s\n  max-lines: %d\n  hang-up-after: %s\n  choose: %d\n  countdown: %s\n",
		d.Pacing.Mode, strconv.FormatFloat(d.Pacing.Ratio, 'f', -1, 64), d.Pacing.MaxLines, formatDelay(hangUpAfter), d.Pacing.Choose, formatSpan(d.Countdown))
	a := d.Abandonment
	fmt.Fprintf(b, "abandonment:\n  limit: %s\n  debt: %.0f\n  window: %s\n  within: %s\n  message: %s\n  retry: %s\n",
		formatPercent(a.Limit), d.Pacing.Debt, formatSpan(a.Window), formatSpan(a.Within), strconv.Quote(a.Message), formatDelay(a.Retry))
	fmt.Fprintf(b, "detector:\n  off: %t\n  people-lost: %s\n  decide-within: %s\n  listen-on: %s\n  sample: %s\n  replay: %t\n",
		d.Detector.Off, formatPercent(d.Detector.PeopleLost), formatSpan(d.Detector.DecideWithin), formatSpan(d.Detector.ListenOn), formatPercent(d.Detector.Sample), d.Detector.Replay)
	if d.VoiceDrop != (VoiceDrop{}) {
		fmt.Fprintf(b, "voice-drop:\n  message: %s\n  consent: %s\n", strconv.Quote(d.VoiceDrop.Message), strconv.Quote(d.VoiceDrop.Consent))
	}
	b.WriteString("dispositions:\n")
	for _, said := range d.Dispositions {
		writeDisposition(b, said)
	}
	fmt.Fprintf(b, "wrap-up: %s\nrecord: %t\nannounce-monitoring: %t\nmanual: %t\n", formatSpan(d.WrapUp), d.Record, d.AnnounceMonitoring, d.Manual)
	d.writeTransfer(b)
}

func writeDisposition(b *strings.Builder, said Disposition) {
	fmt.Fprintf(b, "  - name: %s\n", strconv.Quote(said.Name))
	fmt.Fprintf(b, "    final: %t\n    dnc: %t\n    success: %t\n", said.Final, said.DNC, said.Success)
	if len(said.Ask) > 0 {
		fmt.Fprintf(b, "    ask: [%s]\n", strings.Join(said.Ask, ", "))
	}
	if said.Callback > 0 {
		fmt.Fprintf(b, "    callback: %s\n", formatSpan(said.Callback))
	}
}

func (d *Definition) writeLists(b *strings.Builder) {
	b.WriteString("lists:\n")
	for _, l := range d.Lists {
		fmt.Fprintf(b, "  - name: %s\n", strconv.Quote(l.Name))
		if l.Weight > 0 {
			fmt.Fprintf(b, "    weight: %d\n", l.Weight)
		}
		if l.Order != contactdb.Oldest {
			fmt.Fprintf(b, "    order: %s\n", strconv.Quote(string(l.Order)))
		}
		if l.Filter != nil {
			fmt.Fprintf(b, "    filter: %s\n", strconv.Quote(l.Filter.String()))
		}
	}
}

func (d *Definition) writeCallerIDs(b *strings.Builder) {
	if len(d.CallerID) == 0 {
		return
	}
	b.WriteString("caller-id:\n")
	for _, c := range d.CallerID {
		fmt.Fprintf(b, "  - number: %s\n    per-day: %d\n", strconv.Quote(c.Number), c.PerDay)
		if c.Rest > 0 {
			fmt.Fprintf(b, "    rest: %s\n", formatSpan(c.Rest))
		}
	}
}

func writeList(b *strings.Builder, key string, all []string) {
	if len(all) == 0 {
		return
	}
	quoted := make([]string, len(all))
	for i, v := range all {
		quoted[i] = strconv.Quote(v)
	}
	fmt.Fprintf(b, "%s: [%s]\n", key, strings.Join(quoted, ", "))
}

func writeInstant(b *strings.Builder, key string, t time.Time) {
	if !t.IsZero() {
		fmt.Fprintf(b, "  %s: %s\n", key, t.Format(time.RFC3339))
	}
}

func formatDelay(d time.Duration) string {
	if d <= 0 {
		return "never"
	}
	return formatSpan(d)
}
