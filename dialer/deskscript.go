package dialer

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"apel/campaign"
	"apel/contactdb"
)

// DeskScript is a campaign's script as one call shows it: the contact's words
// are in it, what is to be shuffled is, and Step is where the operator stands.
type DeskScript struct {
	Step       string          `json:"step"` // "": it has ended
	Trail      []string        `json:"trail"`
	Steps      []DeskStep      `json:"steps"`
	Objections []DeskObjection `json:"objections"`
}

// DeskStep is a step with safe HTML.
type DeskStep struct {
	Name      string         `json:"name"`
	Title     string         `json:"title"`
	HTML      string         `json:"html"`
	Own       string         `json:"own,omitempty"` // the operator's own wording, as it was written
	OwnHTML   string         `json:"own_html,omitempty"`
	Say       []DeskSentence `json:"say,omitempty"`
	Questions []DeskQuestion `json:"questions,omitempty"`
	End       bool           `json:"end,omitempty"`
}

// DeskSentence must be said; its tick is kept among the answers, under Key.
type DeskSentence struct {
	Key  string `json:"key"`
	HTML string `json:"html"`
}

// DeskQuestion is a question with safe HTML.
type DeskQuestion struct {
	Name     string   `json:"name"`
	HTML     string   `json:"html"`
	Kind     string   `json:"kind"`
	Of       []string `json:"of,omitempty"`
	Min      *float64 `json:"min,omitempty"`
	Max      *float64 `json:"max,omitempty"`
	Required bool     `json:"required,omitempty"`
}

// DeskObjection is what a customer may say, and the answer.
type DeskObjection struct {
	Said string `json:"said"`
	HTML string `json:"html"`
}

// wordsOf are the fields of a contact by the names that scripts use.
func wordsOf(c contactdb.Contact) map[string]string {
	words := map[string]string{}
	maps.Copy(words, c.Fields)
	for k, v := range map[string]string{"name": c.Name, "first_name": c.FirstName, "last_name": c.LastName, "email": c.Email, "city": c.City,
		"phone": c.Phone, "region": c.Region, "list": c.List} {
		if v != "" || words[k] == "" {
			words[k] = v
		}
	}
	return words
}

// script is the campaign's script for this call; nil if it has none.
func (c *call) script() *campaign.Script { return c.rules.def.Script.For(c.a.ID) }

// deskScript shows a script; own gives the operator's wording of a step.
func (c *call) deskScript(contact contactdb.Contact, own func(step string) string) *DeskScript {
	s := c.script()
	if s == nil {
		return nil
	}
	c.work.mu.Lock()
	d := ShowScript(s, wordsOf(contact), own)
	d.Step, d.Trail = c.work.step(s), slices.Clone(c.work.trail)
	c.work.mu.Unlock()
	return d
}

// ShowScript makes of a script what a desktop shows, at its first step.
func ShowScript(s *campaign.Script, words map[string]string, own func(step string) string) *DeskScript {
	d := &DeskScript{Step: s.Steps[0].Name, Trail: []string{}, Steps: []DeskStep{}, Objections: []DeskObjection{}}
	for _, st := range s.Steps {
		v := DeskStep{Name: st.Name, Title: st.Title, HTML: campaign.Markdown(st.Text, words), End: st.End}
		if own != nil {
			if v.Own = own(st.Name); v.Own != "" {
				v.OwnHTML = campaign.Markdown(v.Own, words)
			}
		}
		for i, say := range st.Say {
			v.Say = append(v.Say, DeskSentence{campaign.SaidKey(st.Name, i), campaign.Markdown(say, words)})
		}
		for _, q := range st.Questions {
			v.Questions = append(v.Questions, DeskQuestion{q.Name, campaign.Markdown(q.Ask, words), string(q.Kind), q.Of, q.Min, q.Max, q.Required})
		}
		d.Steps = append(d.Steps, v)
	}
	for _, o := range s.Objections {
		d.Objections = append(d.Objections, DeskObjection{o.Said, campaign.Markdown(o.Answer, words)})
	}
	return d
}

// step is where the operator stands; "" after the end. With mu held.
func (w *work) step(s *campaign.Script) string {
	if len(w.trail) == 0 && !w.ended {
		w.trail = []string{s.Steps[0].Name}
	}
	if w.ended {
		return ""
	}
	return w.trail[len(w.trail)-1]
}

// Turn is what an operator does with a script.
type Turn struct {
	Answers map[string]string `json:"answers,omitempty"` // by question, and ticks of what was said; an empty one is taken away
	From    string            `json:"from,omitempty"`    // the step that is left by Go
	Go      string            `json:"go,omitempty"`      // next, back, or to:STEP, one that was visited
}

// Turn keeps answers, each in the form of its question, and moves through the
// script. ErrInput names the first answer that is none, or what is missing.
func (s *Service) Turn(operator, attempt string, t Turn) (step string, err error) {
	c, err := s.customer(operator, attempt)
	if err != nil {
		return "", err
	}
	script := c.script()
	if script == nil {
		return "", say(ErrInput, "no-script", "the campaign has no script")
	}
	kept, err := checkAnswers(c.rules.def.Script, t.Answers) // of many in the order of the file, however they were shown
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInput, err)
	}
	var words map[string]string
	if err := c.ask(func() error { words = wordsOf(c.contact()); return nil }); err != nil {
		return "", err
	}
	w := &c.work
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.kept {
		return "", callOver()
	}
	for k, v := range kept {
		w.set(k, v)
	}
	if len(kept) > 0 {
		s.surveys.answered(c, w.answers, words)
	}
	return w.move(script, t, words, func(quota string) bool { return s.surveys.full(s, c, quota) })
}

// checkAnswers brings each answer into its form.
func checkAnswers(script *campaign.Script, answers map[string]string) (map[string]string, error) {
	kept := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(answers)) {
		if isSentence(script, key) {
			if kept[key] = ""; answers[key] != "" {
				kept[key] = time.Now().UTC().Format(time.RFC3339)
			}
			continue
		}
		q, ok := script.Question(key)
		if !ok {
			return nil, fmt.Errorf("the script does not ask %s", strconv.Quote(key))
		}
		v, err := q.Check(answers[key])
		if err != nil {
			return nil, err
		}
		kept[key] = v
	}
	return kept, nil
}

func isSentence(script *campaign.Script, key string) bool {
	for _, st := range script.Steps {
		for i := range st.Say {
			if key == campaign.SaidKey(st.Name, i) {
				return true
			}
		}
	}
	return false
}

// move goes to another step. With mu held.
func (w *work) move(script *campaign.Script, t Turn, words map[string]string, full func(string) bool) (string, error) {
	now := w.step(script)
	if t.Go == "" || t.From != now {
		return now, nil // the page was behind: it is told where things stand
	}
	if to, ok := strings.CutPrefix(t.Go, "to:"); ok {
		at := slices.Index(w.trail, to)
		if at < 0 {
			return now, say(ErrInput, "step-not-visited", "the step %s was not visited yet", strconv.Quote(to))
		}
		w.trail, w.ended = w.trail[:at+1], false
		return to, nil
	}
	switch t.Go {
	case "back":
		if w.ended {
			w.ended = false
		} else if len(w.trail) > 1 {
			w.trail = w.trail[:len(w.trail)-1]
		}
	case "next":
		st, _ := script.Step(now)
		if missing := st.Missing(w.answers, words); len(missing) > 0 {
			return now, say(ErrInput, "script-missing", "still to be said or answered: %s", strings.Join(missing, " · "))
		}
		to := script.Next(w.trail, w.answers, words, full)
		if to == "" || len(w.trail) > 1000 {
			w.ended = true
		} else {
			w.trail = append(w.trail, to)
		}
	default:
		return now, say(ErrInput, "script-where", "a script goes next, back or to:STEP, not %s", strconv.Quote(t.Go))
	}
	return w.step(script), nil
}

// maxWording is the longest wording of an operator's own, in bytes.
const maxWording = 8 << 10

func wordingKey(operator, campaign, step string) string {
	return "wording/" + operator + "/" + campaign + "/" + step
}

// Wording is an operator's own wording of a step; "" if there is none.
func (s *Service) Wording(operator, campaign, step string) string {
	b, err := s.store.Recall(wordingKey(operator, campaign, step))
	if err != nil {
		return ""
	}
	return string(b)
}

// SetWording keeps an operator's own wording of a step; an empty one is taken away.
func (s *Service) SetWording(operator, attempt, step, text string) error {
	c, err := s.customer(operator, attempt)
	if err != nil {
		return err
	}
	script := c.script()
	if script == nil {
		return say(ErrInput, "no-script", "the campaign has no script")
	}
	if _, ok := script.Step(step); !ok || len(text) > maxWording {
		return say(ErrInput, "no-step", "there is no step %s, or the text has more than %d bytes", strconv.Quote(step), maxWording)
	}
	var kept []byte
	if text = strings.TrimSpace(text); text != "" {
		kept = []byte(text)
	}
	return s.store.Remember(wordingKey(operator, c.l.name, step), kept)
}
