package console

import "net/http"

// Route is one request that the API answers.
type Route struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Doc    string `json:"doc"`
	Live   bool   `json:"live,omitempty"`  // needs a running service
	Board  bool   `json:"board,omitempty"` // also on the read-only console
	Audit  string `json:"audit,omitempty"` // its verb in the audit trail; empty: it changes nothing and shows no personal data
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
		{Method: "POST", Path: "/api/lists/{list}/import", Doc: "body: a CSV or TSV file; query: country, map=field=column,...", Audit: "list.import", answer: result((*api).importList)},
		{Method: "GET", Path: "/api/lists/{list}/export", Doc: "its contacts; query: format=csv|jsonl", Audit: "list.export", answer: (*api).exportList},
		{Method: "DELETE", Path: "/api/lists/{list}", Doc: "remove a list and its contacts", Audit: "list.rm", answer: result((*api).removeList)},

		{Method: "GET", Path: "/api/contacts/{phone}", Doc: "the contacts with a number, over all lists; query: country", Audit: "contact.show", answer: result((*api).contact)},
		{Method: "POST", Path: "/api/contacts", Doc: "add a contact to a list", Audit: "contact.add", answer: result((*api).addContact)},
		{Method: "PATCH", Path: "/api/contacts/{phone}", Doc: "change a contact; query: list, country", Audit: "contact.edit", answer: result((*api).editContact)},
		{Method: "DELETE", Path: "/api/contacts/{phone}", Doc: "forget a person in all lists and never dial the number; call records stay", Audit: "contact.erase", answer: result((*api).eraseContact)},
		{Method: "GET", Path: "/api/contacts/{phone}/history", Doc: "its call records, live attempts and do-not-call entry", Audit: "contact.history", answer: result((*api).contactHistory)},
		{Method: "GET", Path: "/api/contacts/{phone}/why", Doc: "whether each campaign would dial it now", Audit: "contact.why", answer: result((*api).contactWhy)},

		{Method: "POST", Path: "/api/dnc", Doc: "add do-not-call entries", Audit: "dnc.add", answer: result((*api).addSuppressions)},
		{Method: "POST", Path: "/api/dnc/import", Doc: "body: a file with a number on each line, or CSV with a phone column; query: country, source; with list (issued, expires, scope): a new issue of a register", Audit: "dnc.import", answer: result((*api).importSuppressions)},
		{Method: "GET", Path: "/api/dnc", Doc: "the do-not-call lists: registers with their issue, and the own list", Audit: "dnc.ls", answer: result((*api).registers)},
		{Method: "DELETE", Path: "/api/dnc/registers/{list}", Doc: "remove a register with its numbers", Audit: "dnc.drop", answer: result((*api).removeRegister)},
		{Method: "GET", Path: "/api/dnc/export", Doc: "all entries; query: list, format=csv|jsonl", Audit: "dnc.export", answer: (*api).exportSuppressions},
		{Method: "GET", Path: "/api/dnc/{phone}", Doc: "whether and by which lists a number is suppressed; query: campaign", Audit: "dnc.check", answer: result((*api).suppressed)},
		{Method: "DELETE", Path: "/api/dnc/{phone}", Doc: "remove the entry of a number, or of a prefix (+4021*); query: list, scope", Audit: "dnc.rm", answer: result((*api).unsuppress)},

		{Method: "GET", Path: "/api/operators", Doc: "all operators with their state", Board: true, answer: result((*api).operators)},
		{Method: "POST", Path: "/api/operators", Doc: "add an operator", Audit: "operator.add", answer: result((*api).addOperator)},
		{Method: "PATCH", Path: "/api/operators/{operator}", Doc: "change name, team or password", Audit: "operator.edit", answer: result((*api).editOperator)},
		{Method: "DELETE", Path: "/api/operators/{operator}", Doc: "remove an operator", Audit: "operator.rm", answer: result((*api).removeOperator)},
		{Method: "POST", Path: "/api/operators/{operator}/ready", Doc: "ready for calls", Live: true, Audit: "operator.ready", answer: result((*api).operatorReady)},
		{Method: "POST", Path: "/api/operators/{operator}/notready", Doc: "not ready; body: reason", Live: true, Audit: "operator.notready", answer: result((*api).operatorNotReady)},

		{Method: "GET", Path: "/api/teams", Doc: "all teams", Board: true, answer: result((*api).teams)},
		{Method: "POST", Path: "/api/teams", Doc: "add a team", Audit: "team.add", answer: result((*api).addTeam)},
		{Method: "PATCH", Path: "/api/teams/{team}", Doc: "change its leader", Audit: "team.edit", answer: result((*api).editTeam)},
		{Method: "DELETE", Path: "/api/teams/{team}", Doc: "remove a team without operators", Audit: "team.rm", answer: result((*api).removeTeam)},

		{Method: "GET", Path: "/api/campaigns", Doc: "all campaigns", Board: true, answer: result((*api).campaigns)},
		{Method: "POST", Path: "/api/campaigns", Doc: "body: YAML; check it and make it the version in force", Audit: "campaign.apply", answer: result((*api).applyCampaign)},
		{Method: "POST", Path: "/api/plan", Doc: "body: YAML; what a campaign that is not applied would do now", Audit: unaudited, answer: result((*api).planSource)},
		{Method: "GET", Path: "/api/campaigns/{campaign}", Doc: "its status; query: decisions=1", Board: true, answer: result((*api).campaign)},
		{Method: "GET", Path: "/api/campaigns/{campaign}/definition", Doc: "a version with its defaults; query: version", answer: result((*api).definition)},
		{Method: "GET", Path: "/api/campaigns/{campaign}/plan", Doc: "contacts dialable now, later, never, and why", Board: true, answer: result((*api).plan)},
		{Method: "GET", Path: "/api/campaigns/{campaign}/why", Doc: "its last decisions and what holds contacts back", Board: true, answer: result((*api).why)},
		{Method: "POST", Path: "/api/campaigns/{campaign}/start", Doc: "start it", Live: true, Audit: "campaign.start", answer: result(change(startCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/pause", Doc: "no new calls", Live: true, Audit: "campaign.pause", answer: result(change(pauseCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/resume", Doc: "go on", Live: true, Audit: "campaign.resume", answer: result(change(resumeCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/drain", Doc: "no new calls; done when the last has ended", Live: true, Audit: "campaign.drain", answer: result(change(drainCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/stop", Doc: "end calls that are not bridged yet; done", Live: true, Audit: "campaign.stop", answer: result(change(stopCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/select", Doc: "put an applied version in force; query: version", Audit: "campaign.select", answer: result((*api).selectVersion)},

		{Method: "GET", Path: "/api/records", Doc: "the last call records; query: campaign, phone, operator, from, to, limit", Audit: "record.ls", answer: result((*api).records)},
		{Method: "GET", Path: "/api/records/export", Doc: "call records; query: format=csv|jsonl, campaign, from, to", Audit: "record.export", answer: (*api).exportRecords},
		{Method: "GET", Path: "/api/records/{record}/explain", Doc: "what the detector's verdict on a call rests on, and its recording heard again", Audit: "record.explain", answer: result((*api).explainRecord)},
		{Method: "GET", Path: "/api/records/verify", Doc: "walk the chain of call records", answer: result((*api).verify)},

		{Method: "GET", Path: "/api/audit", Doc: "the last entries of the audit trail; query: who, verb, object, phone, from, to, limit", Audit: "audit.ls", answer: result((*api).auditTrail)},
		{Method: "GET", Path: "/api/audit/export", Doc: "the audit trail; query: format, who, verb, object, phone, from, to", Audit: "audit.export", answer: (*api).exportAudit},
		{Method: "GET", Path: "/api/audit/verify", Doc: "walk the chain of the audit trail", answer: result((*api).verifyAudit)},

		{Method: "GET", Path: "/api/detector/examples", Doc: "calls of which it is known who answered: features, no sound, no personal data", answer: result((*api).labelledCalls)},

		{Method: "GET", Path: "/api/reports/campaign", Doc: "attempts by outcome; query: campaign, from, to", Board: true, answer: result((*api).reportCampaign)},
		{Method: "GET", Path: "/api/reports/operator", Doc: "calls and talk by operator; query: campaign, from, to", Audit: "report.operator", answer: result((*api).reportOperator)},
		{Method: "GET", Path: "/api/reports/abandonment", Doc: "abandoned of live answers, against each campaign's limit", Board: true, answer: result((*api).reportAbandonment)},
		{Method: "GET", Path: "/api/reports/commission", Doc: "results by disposition per operator; query: campaign, from, to", Audit: "report.commission", answer: result((*api).reportCommission)},
	}
}

// Routes returns the table of requests.
func Routes() []Route { return append([]Route(nil), routes...) }

func (a *api) table(*http.Request) (any, error) { return Routes(), nil }
