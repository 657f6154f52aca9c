package console

import (
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console/web"
)

// surveyData is the answers to a campaign's script, counted, with a chart for
// each question.
type surveyData struct {
	Name      string
	Filter    pageFilter
	Calls     int
	Questions []surveyQuestion
	Quotas    []campaign.SurveyQuota
	CSV       string // where the table is
}

type surveyQuestion struct {
	campaign.SurveyQuestion
	HTML  template.HTML
	Chart template.HTML
}

func (a *api) surveyPage(r *http.Request) (any, error) {
	d := surveyData{Name: r.PathValue("campaign"), Filter: filterOf(r)}
	from, to, err := pagePeriod(d.Filter)
	if err != nil {
		return nil, err
	}
	s, err := a.svc.Survey(d.Name, from, to)
	if err != nil {
		return nil, a.missingCampaign(err, d.Name)
	}
	d.Calls, d.Quotas = s.Calls, s.Quotas
	l, who := langOf(r), callerOf(r)
	for _, q := range s.Questions {
		row := surveyQuestion{SurveyQuestion: q, HTML: ours(campaign.Markdown(q.Ask, nil))}
		var bars []web.Bar
		for i, answer := range q.Answers {
			answer.Answer = who.Masked(answer.Answer)
			row.Answers[i] = answer
			bars = append(bars, web.Bar{Name: answer.Answer, Class: "c1", Value: float64(answer.Count), Text: fmt.Sprintf("%s · %s", web.Number(l, answer.Count), web.Percent(l, answer.Share))})
		}
		if len(bars) > 0 {
			row.Chart = web.Bars(campaign.Plain(q.Ask, nil), bars...)
		}
		d.Questions = append(d.Questions, row)
	}
	query := url.Values{"format": {"csv"}}
	for key, at := range map[string]string{"from": d.Filter.From, "to": d.Filter.To} {
		if at != "" {
			query.Set(key, at)
		}
	}
	d.CSV = "/api/campaigns/" + url.PathEscape(d.Name) + "/survey?" + query.Encode()
	return d, nil
}

// ours is what campaign.Markdown has made, with everything escaped but its own tags.
func ours(html string) template.HTML { return template.HTML(html) } //nolint:gosec // as it says

// scriptData is a script at one step, as an operator would see it, with the
// answers that lead there. Nothing is kept: all of it stands in the address.
type scriptData struct {
	Name    string
	Step    dialer.DeskStep
	HTML    template.HTML
	Say     []template.HTML
	Asks    []scriptAsk
	Over    bool
	Missing []string
	Refused []string // why answers are none
	Trail   []string
	Answers map[string]string // of earlier steps
	Contact map[string]string
	Fields  []string // of the contact, that the script uses
	Said    []scriptSaid
}

type scriptAsk struct {
	dialer.DeskQuestion
	HTML   template.HTML
	Answer string          // as it was given, be it one or not
	On     map[string]bool // its options
}

// between stands between the options of an answer, as it is kept.
const between = " | "

type scriptSaid struct {
	Said string
	HTML template.HTML
}

// sampleContact is whom a preview talks to, unless other words are given.
var sampleContact = map[string]string{"name": "Maria Ionescu", "first_name": "Maria", "last_name": "Ionescu", "city": "Iași", "phone": "+40700000000", "email": "maria@example.com"}

// scriptPage walks a script with a sample contact: what is asked next follows
// from the answers, as on the desk.
func (a *api) scriptPage(r *http.Request) (any, error) {
	d := scriptData{Name: r.PathValue("campaign"), Answers: map[string]string{}, Contact: map[string]string{}}
	def, err := a.parsed(d.Name, 0)
	if err != nil {
		return nil, a.missingCampaign(err, d.Name)
	}
	if def.Script == nil {
		return nil, fmt.Errorf("%w: campaign %q has no script", contactdb.ErrState, d.Name)
	}
	script, q := def.Script, r.URL.Query()
	d.Fields = script.Fields()
	for _, f := range d.Fields {
		if d.Contact[f] = sampleContact[f]; q.Has("c." + f) {
			d.Contact[f] = q.Get("c." + f)
		}
	}
	at, given := d.walk(script, q)
	shown := dialer.ShowScript(script, d.Contact, nil)
	for _, o := range shown.Objections {
		d.Said = append(d.Said, scriptSaid{o.Said, ours(o.HTML)})
	}
	i := slices.IndexFunc(shown.Steps, func(s dialer.DeskStep) bool { return s.Name == at })
	if d.Over = i < 0; d.Over {
		return d, nil
	}
	d.Step = shown.Steps[i]
	d.HTML = ours(d.Step.HTML)
	for _, s := range d.Step.Say {
		d.Say = append(d.Say, ours(s.HTML))
	}
	for _, ask := range d.Step.Questions {
		row := scriptAsk{DeskQuestion: ask, HTML: ours(ask.HTML), Answer: given[ask.Name], On: map[string]bool{}}
		for option := range strings.SplitSeq(row.Answer, between) {
			row.On[option] = true
		}
		d.Asks = append(d.Asks, row)
		delete(d.Answers, ask.Name) // it stands in its own field
	}
	return d, nil
}

// walk goes from the first step as far as the answers lead; where it stands is
// the step that was left last, unless something is missing there or is no answer.
// given is what was answered; what is an answer, in the form in which it is kept.
func (d *scriptData) walk(script *campaign.Script, q url.Values) (at string, given map[string]string) {
	given = map[string]string{}
	refused := map[string]error{}
	for _, question := range script.Questions() {
		name := question.Name
		given[name] = strings.Join(q["a."+name], between)
		v, err := question.Check(given[name])
		if err != nil {
			refused[name] = err
			continue
		}
		if given[name] = v; v != "" {
			d.Answers[name] = v
		}
	}
	at = script.Steps[0].Name
	none := func(string) bool { return false } // no quota is reached in a preview
	for _, left := range q["left"] {
		if left != at || len(d.Trail) > len(script.Steps) {
			break
		}
		st, _ := script.Step(at)
		answers := maps.Clone(given)
		for i := range st.Say { // they are said
			answers[campaign.SaidKey(at, i)] = "yes"
		}
		d.Missing = st.Missing(answers, d.Contact)
		for _, question := range st.Questions {
			if err := refused[question.Name]; err != nil {
				d.Refused = append(d.Refused, err.Error())
			}
		}
		if len(d.Missing)+len(d.Refused) > 0 {
			break
		}
		d.Trail = append(d.Trail, at)
		if at = script.Next(d.Trail, d.Answers, d.Contact, none); at == "" {
			break
		}
	}
	return at, given
}
