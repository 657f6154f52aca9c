package console

import "net/http"

// Route is one request that the API answers.
type Route struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Doc    string `json:"doc"`
	Live   bool   `json:"live,omitempty"`  // needs a running service
	Board  bool   `json:"board,omitempty"` // also on the read-only console
	answer answer
}

type answer func(a *api, w http.ResponseWriter, r *http.Request) error

// routes is every request there is; a test holds it against the commands.
var routes []Route

// The table is filled by init because one of its handlers prints it.
func init() {
	routes = []Route{
		{Method: "GET", Path: "/{$}", Doc: "status page", Board: true, answer: (*api).page},
		{Method: "GET", Path: "/events", Doc: "server-sent events with ids, after one \"status\" event", Live: true, Board: true, answer: (*api).events},
		{Method: "GET", Path: "/api", Doc: "this table", Board: true, answer: result((*api).table)},
		{Method: "GET", Path: "/api/status", Doc: "the whole service at this instant", Board: true, answer: result((*api).status)},

		{Method: "GET", Path: "/api/lists", Doc: "all lists", Board: true, answer: result((*api).lists)},
		{Method: "GET", Path: "/api/lists/{list}", Doc: "one list with its zones", Board: true, answer: result((*api).list)},
		{Method: "POST", Path: "/api/lists/{list}/import", Doc: "body: a CSV or TSV file; query: country, map=field=column,...", answer: result((*api).importList)},
		{Method: "GET", Path: "/api/lists/{list}/export", Doc: "its contacts; query: format=csv|jsonl", answer: (*api).exportList},
		{Method: "DELETE", Path: "/api/lists/{list}", Doc: "remove a list and its contacts", answer: result((*api).removeList)},

		{Method: "GET", Path: "/api/contacts/{phone}", Doc: "the contacts with a number, over all lists; query: country", answer: result((*api).contact)},
		{Method: "POST", Path: "/api/contacts", Doc: "add a contact to a list", answer: result((*api).addContact)},
		{Method: "PATCH", Path: "/api/contacts/{phone}", Doc: "change a contact; query: list, country", answer: result((*api).editContact)},
		{Method: "DELETE", Path: "/api/contacts/{phone}", Doc: "forget a person in all lists and never dial the number; call records stay", answer: result((*api).eraseContact)},
		{Method: "GET", Path: "/api/contacts/{phone}/history", Doc: "its call records, live attempts and do-not-call entry", answer: result((*api).contactHistory)},
		{Method: "GET", Path: "/api/contacts/{phone}/why", Doc: "whether each campaign would dial it now", answer: result((*api).contactWhy)},

		{Method: "POST", Path: "/api/dnc", Doc: "add do-not-call entries", answer: result((*api).addSuppressions)},
		{Method: "POST", Path: "/api/dnc/import", Doc: "body: a file with a number on each line, or CSV with a phone column; query: country, source", answer: result((*api).importSuppressions)},
		{Method: "GET", Path: "/api/dnc/export", Doc: "all entries; query: format=csv|jsonl", answer: (*api).exportSuppressions},
		{Method: "GET", Path: "/api/dnc/{phone}", Doc: "whether a number is suppressed", answer: result((*api).suppressed)},
		{Method: "DELETE", Path: "/api/dnc/{phone}", Doc: "remove an entry", answer: result((*api).unsuppress)},

		{Method: "GET", Path: "/api/operators", Doc: "all operators with their state", Board: true, answer: result((*api).operators)},
		{Method: "POST", Path: "/api/operators", Doc: "add an operator", answer: result((*api).addOperator)},
		{Method: "PATCH", Path: "/api/operators/{operator}", Doc: "change name, team or password", answer: result((*api).editOperator)},
		{Method: "DELETE", Path: "/api/operators/{operator}", Doc: "remove an operator", answer: result((*api).removeOperator)},
		{Method: "POST", Path: "/api/operators/{operator}/ready", Doc: "ready for calls", Live: true, answer: result((*api).operatorReady)},
		{Method: "POST", Path: "/api/operators/{operator}/notready", Doc: "not ready; body: reason", Live: true, answer: result((*api).operatorNotReady)},

		{Method: "GET", Path: "/api/teams", Doc: "all teams", Board: true, answer: result((*api).teams)},
		{Method: "POST", Path: "/api/teams", Doc: "add a team", answer: result((*api).addTeam)},
		{Method: "PATCH", Path: "/api/teams/{team}", Doc: "change its leader", answer: result((*api).editTeam)},
		{Method: "DELETE", Path: "/api/teams/{team}", Doc: "remove a team without operators", answer: result((*api).removeTeam)},

		{Method: "GET", Path: "/api/campaigns", Doc: "all campaigns", Board: true, answer: result((*api).campaigns)},
		{Method: "POST", Path: "/api/campaigns", Doc: "body: YAML; check it and make it the version in force", answer: result((*api).applyCampaign)},
		{Method: "POST", Path: "/api/plan", Doc: "body: YAML; what a campaign that is not applied would do now", answer: result((*api).planSource)},
		{Method: "GET", Path: "/api/campaigns/{campaign}", Doc: "its status; query: decisions=1", Board: true, answer: result((*api).campaign)},
		{Method: "GET", Path: "/api/campaigns/{campaign}/definition", Doc: "a version with its defaults; query: version", answer: result((*api).definition)},
		{Method: "GET", Path: "/api/campaigns/{campaign}/plan", Doc: "contacts dialable now, later, never, and why", Board: true, answer: result((*api).plan)},
		{Method: "GET", Path: "/api/campaigns/{campaign}/why", Doc: "its last decisions and what holds contacts back", Board: true, answer: result((*api).why)},
		{Method: "POST", Path: "/api/campaigns/{campaign}/start", Doc: "start it", Live: true, answer: result(change(startCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/pause", Doc: "no new calls", Live: true, answer: result(change(pauseCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/resume", Doc: "go on", Live: true, answer: result(change(resumeCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/drain", Doc: "no new calls; done when the last has ended", Live: true, answer: result(change(drainCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/stop", Doc: "end calls that are not bridged yet; done", Live: true, answer: result(change(stopCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/select", Doc: "put an applied version in force; query: version", answer: result((*api).selectVersion)},

		{Method: "GET", Path: "/api/records", Doc: "the last call records; query: campaign, phone, operator, from, to, limit", answer: result((*api).records)},
		{Method: "GET", Path: "/api/records/export", Doc: "call records; query: format=csv|jsonl, campaign, from, to", answer: (*api).exportRecords},
		{Method: "GET", Path: "/api/records/verify", Doc: "walk the chain of call records", answer: result((*api).verify)},

		{Method: "GET", Path: "/api/reports/campaign", Doc: "attempts by outcome; query: campaign, from, to", Board: true, answer: result((*api).reportCampaign)},
		{Method: "GET", Path: "/api/reports/operator", Doc: "calls and talk by operator; query: campaign, from, to", answer: result((*api).reportOperator)},
		{Method: "GET", Path: "/api/reports/abandonment", Doc: "abandoned of live answers, against each campaign's limit", Board: true, answer: result((*api).reportAbandonment)},
		{Method: "GET", Path: "/api/reports/commission", Doc: "results by disposition per operator; query: campaign, from, to", answer: result((*api).reportCommission)},
	}
}

// Routes returns the table of requests.
func Routes() []Route { return append([]Route(nil), routes...) }

func (a *api) table(*http.Request) (any, error) { return Routes(), nil }
