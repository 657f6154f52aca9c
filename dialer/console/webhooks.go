package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer/console/webhook"
)

// openHooks makes the book of webhooks; they are told only while Run runs.
func (a *api) openHooks(cfg Config) *webhook.Book {
	return webhook.Open(webhook.Config{Store: a.svc.Store(), Campaigns: a.tellable, Mask: maskNumbers, Networks: cfg.WebhookNetworks, Log: cfg.Log, Agent: "apel"})
}

// tellable is what of the campaigns webhooks look at.
func (a *api) tellable() ([]webhook.Campaign, error) {
	s, err := a.hub.now()
	if err != nil {
		return nil, err
	}
	var all []webhook.Campaign
	for _, c := range s.status.Campaigns {
		all = append(all, webhook.Campaign{Name: c.Name, State: string(c.State), Reason: c.Reason, ChangedAt: c.ChangedAt, Abandonment: c.AbandonmentRate, Limit: c.AbandonmentLimit})
	}
	return all, nil
}

func (a *api) webhooks(*http.Request) (any, error) { return a.hooks.List(time.Now()) }

// NewWebhook is the body of a request for a webhook.
type NewWebhook struct {
	Name     string   `json:"name"`
	URL      string   `json:"url"`
	Events   []string `json:"events,omitempty"`   // absent: call.ended
	Campaign string   `json:"campaign,omitempty"` // only of this one
	Numbers  bool     `json:"numbers,omitempty"`  // whole phone numbers
}

// WebhookMade has the secret that signs, which is shown this once.
type WebhookMade struct {
	webhook.Hook
	Secret string `json:"secret"`
}

func (a *api) addWebhook(r *http.Request) (any, error) {
	var body NewWebhook
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if err := checkOperatorName(body.Name); err != nil {
		return nil, problem(Usage, "webhook name %q may have only ASCII letters, digits, '-', '_' and '.'", body.Name)
	}
	if len(body.Events) == 0 {
		body.Events = []string{webhook.CallEnded}
	}
	for _, e := range body.Events {
		if !slices.Contains(webhook.Events, e) {
			return nil, problem(Usage, "event %q is not known; events are %s", e, strings.Join(webhook.Events, ", "))
		}
	}
	if body.Campaign != "" {
		if _, err := a.svc.Store().Campaign(body.Campaign); err != nil {
			return nil, a.missingCampaign(err, body.Campaign)
		}
	}
	h := webhook.Hook{Name: body.Name, URL: strings.TrimSpace(body.URL), Events: body.Events, Campaign: body.Campaign, Numbers: body.Numbers, CreatedBy: whoOf(r), CreatedAt: time.Now().UTC()}
	traceOf(r).Object = "webhook/" + h.Name
	told := h // the path of an address is often a secret between two programs
	if u, err := url.Parse(h.URL); err == nil {
		told.URL = u.Scheme + "://" + u.Host
	}
	traceOf(r).change(nil, told)
	secret, err := a.hooks.Add(h, time.Now())
	switch {
	case errors.Is(err, webhook.ErrURL):
		return nil, problem(Input, "%s", sentence(err, webhook.ErrURL, ""))
	case errors.Is(err, contactdb.ErrExists):
		return nil, problem(State, "webhook %q is there already; remove it first: apel webhook rm %s", h.Name, h.Name)
	}
	return WebhookMade{h, secret}, err
}

func (a *api) removeWebhook(r *http.Request) (any, error) {
	name := r.PathValue("webhook")
	return Removed{name}, a.missingWebhook(a.hooks.Remove(name), name)
}

func (a *api) testWebhook(r *http.Request) (any, error) {
	name := r.PathValue("webhook")
	v, err := a.hooks.Test(r.Context(), name, time.Now())
	return v, a.missingWebhook(err, name)
}

// Undelivered is what a webhook could not tell yet.
type Undelivered struct {
	Waiting []webhook.Delivery `json:"waiting"`
	Dead    []webhook.Delivery `json:"dead"`
}

func (a *api) undelivered(r *http.Request) (any, error) {
	name := r.PathValue("webhook")
	waiting, dead, err := a.hooks.Undelivered(name)
	return Undelivered{waiting, dead}, a.missingWebhook(err, name)
}

// Retried says how many dead deliveries are tried again.
type Retried struct {
	Retried int `json:"retried"`
}

func (a *api) retryWebhook(r *http.Request) (any, error) {
	name := r.PathValue("webhook")
	n, err := a.hooks.Retry(name)
	return Retried{n}, a.missingWebhook(err, name)
}

func (a *api) missingWebhook(err error, name string) error {
	if err == nil {
		return nil
	}
	all, _ := a.hooks.List(time.Now()) // only for a guess
	known := make([]string, len(all))
	for i, h := range all {
		known[i] = h.Name
	}
	return missing(err, "webhook", name, known)
}

// hooksData is what the page of webhooks shows.
type hooksData struct {
	Hooks     []webhook.Listed
	Events    []string
	Campaigns []string
	Failed    []failed // the first of them
	More      int      // that are not shown
}

// shownFailed is how many events that were not delivered a page has.
const shownFailed = 20

// failed is an event that was not delivered.
type failed struct {
	Hook string
	webhook.Delivery
	Dead bool
}

func (a *api) webhooksPage(*http.Request) (any, error) {
	d := hooksData{Events: webhook.Events}
	var err error
	if d.Hooks, err = a.hooks.List(time.Now()); err != nil {
		return nil, err
	}
	for _, h := range d.Hooks {
		waiting, dead, err := a.hooks.Undelivered(h.Name)
		if err != nil {
			return nil, err
		}
		for _, v := range dead {
			d.Failed = append(d.Failed, failed{h.Name, v, true})
		}
		for _, v := range waiting {
			if v.Problem != "" {
				d.Failed = append(d.Failed, failed{h.Name, v, false})
			}
		}
	}
	if d.More = max(0, len(d.Failed)-shownFailed); d.More > 0 {
		d.Failed = d.Failed[:shownFailed]
	}
	campaigns, err := a.svc.Store().Campaigns()
	for _, c := range campaigns {
		d.Campaigns = append(d.Campaigns, c.Name)
	}
	return d, err
}
