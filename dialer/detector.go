package dialer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"apel/contactdb"
	"apel/media"
	"apel/media/amd"

	"go.uber.org/zap"
)

// ModelFile is where a data directory keeps the detector's model when it has
// one of its own; without it the built-in one judges.
func ModelFile(data string) string { return filepath.Join(data, "detector", "model.txt") }

// ReadModel reads a data directory's own model; nil without one.
func ReadModel(data string) (*amd.Model, error) {
	text, err := os.ReadFile(ModelFile(data))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := amd.ParseModel(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; go back to the one before: apel detect --go-back", ModelFile(data), err)
	}
	return m, nil
}

// ownModel is the data directory's model, read again when its file changes: a
// retrained detector judges from the next call on.
type ownModel struct {
	mu    sync.Mutex // guards the fields below
	model *amd.Model
	at    time.Time // of the file
}

// model is what judges now; nil is the built-in one. A file that can't be read
// leaves the one before in force.
func (s *Service) model() *amd.Model {
	o := &s.own
	o.mu.Lock()
	defer o.mu.Unlock()
	info, err := os.Stat(ModelFile(s.cfg.Data))
	if err != nil {
		o.model, o.at = nil, time.Time{}
		return nil
	}
	if info.ModTime().Equal(o.at) {
		return o.model
	}
	o.at = info.ModTime()
	m, err := ReadModel(s.cfg.Data)
	if err != nil {
		s.log.Error("the detector's model was not taken", zap.Error(err))
		return o.model
	}
	o.model = m
	return m
}

// Explanation says what a verdict rests on.
type Explanation struct {
	ID       string         `json:"id"`
	Outcome  string         `json:"outcome"`
	Model    string         `json:"model"`    // that judged
	Verdicts []HeardVerdict `json:"verdicts"` // as the call heard them
	Text     string         `json:"text"`     // what was heard when, and what spoke for it

	Recording string         `json:"recording,omitempty"`
	Again     []HeardVerdict `json:"again,omitempty"` // as its recording is heard now
	Same      bool           `json:"same"`            // the first verdict, at the same millisecond
	Problem   string         `json:"problem,omitempty"`
	Encrypted bool           `json:"encrypted,omitempty"` // the recording, which is heard where the identity is: HearAgain
	Evidence  []byte         `json:"evidence"`
}

// HeardVerdict is a verdict of the detector's; times since the answer.
type HeardVerdict struct {
	Verdict    string  `json:"verdict"`
	Detail     string  `json:"detail,omitempty"`
	DecidedMS  int64   `json:"decided_ms"`
	SpokeMS    int64   `json:"spoke_until_ms"`
	BeepMS     int64   `json:"beep_ms"` // -1: none
	Confidence float64 `json:"confidence"`
}

func heardVerdict(v amd.Verdict) HeardVerdict {
	beep := v.BeepAt.Milliseconds()
	if v.BeepAt < 0 {
		beep = -1
	}
	return HeardVerdict{string(v.Kind), v.Detail, v.At.Milliseconds(), v.SpokeUntil.Milliseconds(), beep, v.Confidence}
}

// ExplainCall explains the verdict on an attempt by the evidence that was kept,
// and hears its recording again if there is one. ErrNotFound without evidence.
func (s *Service) ExplainCall(attempt string) (Explanation, error) {
	r, err := s.store.RecordOf(attempt)
	if err != nil {
		return Explanation{}, err
	}
	evidence, err := s.store.Evidence(attempt)
	if err != nil {
		return Explanation{}, fmt.Errorf("no evidence of attempt %q was kept, or its time has passed: %w", attempt, contactdb.ErrNotFound)
	}
	account, err := amd.ParseEvidence(evidence)
	if err != nil {
		return Explanation{}, fmt.Errorf("attempt %q: %w", attempt, err)
	}
	e := Explanation{ID: attempt, Outcome: r.Outcome, Model: account.ModelID, Recording: r.Recording, Evidence: evidence}
	for _, v := range account.Verdicts {
		e.Verdicts = append(e.Verdicts, heardVerdict(v))
	}
	model := s.model()
	if e.Text, err = amd.Explain(evidence, model); err != nil {
		return Explanation{}, err
	}
	if e.Encrypted = s.keeper.Sealed(r.Recording); e.Encrypted {
		e.Problem = "its recording is encrypted; give the identity file of one whom it is for with --identity"
		return e, nil
	}
	if r.Recording != "" {
		e.HearAgain(filepath.Join(s.cfg.Data, r.Recording), model)
	}
	return e, nil
}

// HearAgain hears a recording as the call was heard, whose beginning it holds
// sample for sample; nil is the built-in model.
func (e *Explanation) HearAgain(path string, model *amd.Model) {
	account, err := amd.ParseEvidence(e.Evidence)
	if err != nil {
		e.Problem = err.Error()
		return
	}
	channels, err := media.ReadWAV(path)
	if err != nil {
		e.Problem = fmt.Sprintf("the recording cannot be heard: %v", err)
		return
	}
	e.Problem = ""
	set := account.Settings
	set.Model = model
	d := amd.New(set)
	if id := d.ModelID(); id != account.ModelID {
		e.Problem = fmt.Sprintf("model %s judged, now model %s is in force", account.ModelID, id)
	}
	for pcm := channels[0]; len(pcm) >= media.FrameSamples && d.Heard() < account.Heard; pcm = pcm[media.FrameSamples:] {
		if v, changed := d.Feed(pcm[:media.FrameSamples]); changed {
			e.Again = append(e.Again, heardVerdict(v))
		}
	}
	if len(e.Again) > 0 && len(e.Verdicts) > 0 {
		a, b := e.Again[0], e.Verdicts[0]
		e.Same = a.Verdict == b.Verdict && a.DecidedMS == b.DecidedMS
	}
}

// LabelledCall is a call of which it is known who answered: an example to learn
// from, which holds no sound.
type LabelledCall struct {
	ID       string       `json:"id"`
	Machine  bool         `json:"machine"`
	Why      string       `json:"why"`
	Features amd.Features `json:"features"`
}

// talked is how long an operator talks before a call counts as a person's.
const talked = 15 * time.Second

// LabelledCalls are the calls of which operators, or a beep, have told who
// answered. People who were never bridged aren't among them: nobody knows.
func (s *Service) LabelledCalls() ([]LabelledCall, error) {
	all := []LabelledCall{}
	for j, err := range s.store.Judged() {
		if err != nil {
			return nil, err
		}
		account, err := amd.ParseEvidence(j.Evidence)
		if err != nil || !account.Weighed || account.Measured < len(account.Features) { // what an earlier version measured isn't enough
			continue
		}
		if machine, why := label(j.Record, account); why != "" {
			all = append(all, LabelledCall{j.Record.ID, machine, why, account.Features})
		}
	}
	return all, nil
}

// label says who answered, as far as anybody knows.
func label(r contactdb.Record, a amd.Account) (machine bool, why string) {
	bridged := !r.BridgedAt.IsZero()
	switch {
	case sample(r) && r.Disposition == machineSaid:
		return true, "a supervisor heard its recording"
	case sample(r) && r.Disposition == PersonSaid:
		return false, "a supervisor heard its recording"
	case bridged && r.Disposition == machineSaid:
		return true, "the operator said so"
	case bridged && r.Outcome == contactdb.Human && r.Disposition != "unset" && r.TalkMS >= talked.Milliseconds():
		return false, "an operator talked with them"
	}
	for _, v := range a.Verdicts {
		if v.Kind == amd.Beep && !bridged {
			return true, "its beep was heard"
		}
	}
	return false, ""
}

// PersonSaid is the disposition by which a supervisor says of a recording that
// the detector took a person for a machine.
const PersonSaid = "person"

// sample tells whether a record is of a call that was taken for a machine and
// recorded for a supervisor to hear.
func sample(r contactdb.Record) bool {
	return r.BridgedAt.IsZero() && r.Recording != "" && r.Outcome == contactdb.Machine
}

// SampledCall is a call that was taken for a machine, and whose recording shows
// whether it was.
type SampledCall struct {
	ID        string  `json:"id"`
	Campaign  string  `json:"campaign"`
	Answered  string  `json:"answered_at"`
	DecidedMS int64   `json:"decided_ms"`
	Sure      float64 `json:"confidence"`
	Said      string  `json:"said"` // machine or person, once somebody has heard it
}

// SampledCalls are the calls to be heard by a supervisor, and those that were.
func (s *Service) SampledCalls() ([]SampledCall, error) {
	all := []SampledCall{}
	for j, err := range s.store.Judged() {
		if err != nil {
			return nil, err
		}
		account, err := amd.ParseEvidence(j.Evidence)
		if r := j.Record; err == nil && sample(r) && len(account.Verdicts) > 0 {
			v := account.Verdicts[0]
			all = append(all, SampledCall{r.ID, r.Campaign, r.AnsweredAt.Format(time.RFC3339), v.At.Milliseconds(), v.Confidence, r.Disposition})
		}
	}
	return all, nil
}
