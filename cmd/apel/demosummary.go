package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"apel/contactdb"
	"apel/dialer/lab"
)

// demoSummary is what the demonstration has come to; its keys are those of -o json.
type demoSummary struct {
	Calls            int            `json:"calls"` // INVITEs that the carrier saw
	Operators        int            `json:"operators"`
	DurationMS       int64          `json:"duration_ms"`
	Outcomes         map[string]int `json:"outcomes"`
	LiveAnswers      int            `json:"live_answers"`
	Abandoned        int            `json:"abandoned"`
	AbandonmentRate  float64        `json:"abandonment_rate"`
	Limit            float64        `json:"abandonment_limit"`
	Occupancy        float64        `json:"occupancy"`
	AnswerToOperator delays         `json:"answer_to_operator_ms"`
	Detector         detectorScore  `json:"detector"`
	Records          int            `json:"records"`
	RecordsVerify    bool           `json:"records_verify"`
	WithoutRecord    int            `json:"invites_without_record"`
	Violations       int            `json:"sip_violations"` // of ours, as the carrier and the phones saw them
	Recordings       int            `json:"recordings"`
	Kept             string         `json:"kept,omitempty"` // directory
}

type delays struct {
	P50 int64 `json:"p50"`
	P99 int64 `json:"p99"`
}

// detectorScore holds the detector's verdicts against what the callees were.
type detectorScore struct {
	People         int `json:"people"`      // who were heard out
	PeopleLost     int `json:"people_lost"` // taken for something else
	Machines       int `json:"machines"`
	MachinesPassed int `json:"machines_passed"` // to an operator
	Tones          int `json:"tones"`           // fax and information tones after an answer
	TonesMissed    int `json:"tones_missed"`
}

// summary reads the store and the carrier's own account, which know nothing of each other.
func (d *demonstration) summary(ctx context.Context, kept bool) (*demoSummary, error) {
	store := d.svc.Store()
	v, err := store.Verify(ctx)
	if err != nil {
		return nil, err
	}
	s := &demoSummary{Operators: demoOperators, DurationMS: d.took.Milliseconds(), Outcomes: map[string]int{}, Records: v.Records, RecordsVerify: v.OK,
		Limit: d.final.AbandonmentLimit, Occupancy: d.final.Occupancy}
	if kept {
		s.Kept = d.dir
	}
	records := map[string]contactdb.Record{}
	var waits []int64
	for r, err := range store.Records(contactdb.RecordFilter{}) {
		if err != nil {
			return nil, err
		}
		records[r.SIPCallID] = r
		s.Outcomes[r.Outcome]++
		if !r.BridgedAt.IsZero() {
			waits = append(waits, r.BridgedAt.Sub(r.AnsweredAt).Milliseconds())
		}
		if _, err := os.Stat(filepath.Join(d.dir, r.Recording)); r.Recording != "" && err == nil {
			s.Recordings++
		}
	}
	t, err := store.Tally("demo", time.Time{}, time.Time{})
	if err != nil {
		return nil, err
	}
	s.LiveAnswers, s.Abandoned = t.LiveAnswers, t.Abandoned
	if t.LiveAnswers > 0 {
		s.AbandonmentRate = float64(t.Abandoned) / float64(t.LiveAnswers)
	}
	s.AnswerToOperator = delaysOf(waits)
	for _, seen := range d.carrier.Seen() {
		s.Calls++
		s.Violations += len(seen.Violations)
		r, ok := records[seen.CallID]
		if !ok {
			s.WithoutRecord++
			continue
		}
		s.Detector.judge(seen, r)
	}
	for _, p := range d.phones {
		s.Violations += len(p.Stats().Violations)
	}
	return s, nil
}

func delaysOf(waits []int64) delays {
	if len(waits) == 0 {
		return delays{}
	}
	slices.Sort(waits)
	return delays{P50: waits[len(waits)/2], P99: waits[(len(waits)*99)/100]}
}

// judge compares one verdict with the truth. Whoever hung up before the
// verdict was not heard out and does not count.
func (s *detectorScore) judge(seen lab.Seen, r contactdb.Record) {
	if r.DetectorVerdict == "" || seen.Answered.IsZero() {
		return
	}
	human := r.Outcome == contactdb.Human || r.Outcome == contactdb.Abandoned
	switch seen.Truth {
	case lab.IsHuman:
		s.People++
		if !human {
			s.PeopleLost++
		}
	case lab.IsMachine:
		s.Machines++
		if human {
			s.MachinesPassed++
		}
	case lab.IsFax, lab.IsSIT:
		s.Tones++
		if human {
			s.TonesMissed++
		}
	}
}

func (s *demoSummary) write(w io.Writer) {
	fmt.Fprintf(w, "%d calls in %s, %d operators\n\n", s.Calls, span(ms(s.DurationMS)), s.Operators)
	t := newTable("outcome", ">calls", ">share")
	for _, o := range contactdb.Outcomes {
		if n := s.Outcomes[o]; n > 0 {
			t.row(o, n, percent(float64(n)/float64(max(s.Records, 1))))
		}
	}
	t.write(w)
	fmt.Fprintln(w)
	var f facts
	f.add("answered by people", fmt.Sprintf("%d, as the detector and the operators took them", s.LiveAnswers))
	f.add("abandoned", fmt.Sprintf("%d, %s of them; the limit is %s", s.Abandoned, percent(s.AbandonmentRate), percent(s.Limit)))
	f.add("operators' occupancy", percent(s.Occupancy))
	f.add("answer to operator", fmt.Sprintf("half within %s, 99 of 100 within %s, listening included", ms(s.AnswerToOperator.P50), ms(s.AnswerToOperator.P99)))
	f.add("detector, people", fmt.Sprintf("%d of %d recognised, %d taken for a machine", s.Detector.People-s.Detector.PeopleLost, s.Detector.People, s.Detector.PeopleLost))
	f.add("detector, machines", fmt.Sprintf("%d of %d recognised, %d passed to an operator", s.Detector.Machines-s.Detector.MachinesPassed, s.Detector.Machines, s.Detector.MachinesPassed))
	if s.Detector.Tones > 0 {
		f.add("detector, tones", fmt.Sprintf("%d of %d recognised", s.Detector.Tones-s.Detector.TonesMissed, s.Detector.Tones))
	}
	f.add("call records", fmt.Sprintf("%d for %d calls on the carrier's side; the chain %s", s.Records, s.Calls, verified(s.RecordsVerify)))
	if s.WithoutRecord > 0 {
		f.add("without a record", s.WithoutRecord)
	}
	if s.Violations > 0 {
		f.add("SIP rules broken", s.Violations)
	}
	if s.Kept == "" {
		f.add("recordings", fmt.Sprintf("%d made and removed again; keep all with: apel demo --keep DIR", s.Recordings))
	} else {
		f.add("recordings", fmt.Sprintf("%d in %s", s.Recordings, filepath.Join(s.Kept, "recordings")))
		f.add("look at the records", "apel record export --data "+s.Kept)
		f.add("prove them", "apel record verify --data "+s.Kept)
	}
	f.write(w)
}

func verified(ok bool) string {
	if ok {
		return "verifies"
	}
	return "DOES NOT VERIFY"
}
