package console

import (
	"net/http"

	"apel/dialer/console/access"
)

// Route is one request that the API answers.
type Route struct {
	Method  string        `json:"method"`
	Path    string        `json:"path"`
	Doc     string        `json:"doc"`
	Live    bool          `json:"live,omitempty"`    // needs a running service
	Public  bool          `json:"public,omitempty"`  // for strangers too
	Roles   []access.Role `json:"roles,omitempty"`   // of people who may use it
	Scope   access.Scope  `json:"scope,omitempty"`   // that a machine's token needs; "": no token opens it
	Numbers bool          `json:"numbers,omitempty"` // gives whole phone numbers
	Page    bool          `json:"page,omitempty"`    // for a browser, not for programs
	File    bool          `json:"file,omitempty"`    // its body is a file
	Stream  bool          `json:"stream,omitempty"`  // its answer may take long
	Audit   string        `json:"audit,omitempty"`   // its verb in the audit trail; empty: it changes nothing and shows no personal data
	answer  answer
}

// Who may use a route; each set is named by what they do with it.
var (
	everybody = access.Roles
	talkers   = []access.Role{access.Operator, access.TeamLeader}
	viewers   = []access.Role{access.TeamLeader, access.Supervisor, access.Compliance, access.Administrator}
	leaders   = []access.Role{access.TeamLeader, access.Supervisor, access.Administrator}
	steerers  = []access.Role{access.Supervisor, access.Administrator}
	suppress  = []access.Role{access.Supervisor, access.Compliance, access.Administrator}
	admins    = []access.Role{access.Administrator}
	keepers   = []access.Role{access.Compliance, access.Administrator}
)

type answer func(a *api, w http.ResponseWriter, r *http.Request) error

// routes is every request there is; a test holds it against the commands.
var routes []Route

// The table is filled by init because one of its handlers prints it.
func init() {
	routes = []Route{
		{Method: "GET", Path: "/{$}", Doc: "to the page of one's work", Page: true, Roles: everybody, answer: (*api).home},
		{Method: "GET", Path: "/static/{file...}", Doc: "style, scripts, sounds", Public: true, answer: (*api).files},
		{Method: "GET", Path: "/signin", Doc: "sign-in page", Page: true, Public: true, answer: (*api).signInPage},
		{Method: "POST", Path: "/signin", Doc: "sign in; form: name, password, next", Page: true, Public: true, Audit: "account.signin", answer: (*api).signIn},
		{Method: "POST", Path: "/signout", Doc: "end this session", Page: true, Roles: everybody, Audit: "account.signout", answer: (*api).signOut},
		{Method: "GET", Path: "/setup", Doc: "page that makes the first administrator; query: code", Page: true, Public: true, answer: (*api).setupPage},
		{Method: "POST", Path: "/setup", Doc: "make the first administrator; form: code, name, full_name, password, again", Page: true, Public: true, Audit: "account.setup", answer: (*api).makeFirst},
		{Method: "POST", Path: "/preferences", Doc: "language and theme of this browser; form: lang, theme", Page: true, Public: true, Audit: unaudited, answer: (*api).preferences},
		{Method: "GET", Path: "/account", Doc: "page of one's own account", Page: true, Roles: everybody, answer: (*api).accountPage},
		{Method: "POST", Path: "/account/password", Doc: "change one's password; form: old, password, again", Page: true, Roles: everybody, Audit: "account.password", answer: (*api).changePassword},
		{Method: "POST", Path: "/account/sessions", Doc: "end one's own sessions; form: end", Page: true, Roles: everybody, Audit: "account.sessions", answer: (*api).endSessions},

		{Method: "GET", Path: "/desk", Doc: "operator's page", Page: true, Roles: talkers, answer: page("desk", "page.desk", nothing)},
		{Method: "GET", Path: "/floor", Doc: "the floor, live", Page: true, Roles: viewers, answer: live(floorPage)},
		{Method: "GET", Path: "/tv", Doc: "the floor for a wall", Page: true, Roles: viewers, Scope: access.Wall, answer: live(tvPage)},
		{Method: "GET", Path: "/operators", Doc: "operators, live", Page: true, Roles: viewers, answer: live(operatorsPage)},
		{Method: "GET", Path: "/calls", Doc: "calls in the air, live", Page: true, Roles: viewers, answer: live(callsPage)},
		{Method: "GET", Path: "/trunks", Doc: "trunks, live", Page: true, Roles: viewers, answer: live(trunksPage)},
		{Method: "GET", Path: "/campaign/{campaign}", Doc: "a campaign, live", Page: true, Roles: viewers, answer: live(campaignPage)},
		{Method: "GET", Path: "/campaign/{campaign}/left", Doc: "part of a campaign's page: contacts left", Page: true, Stream: true, Roles: viewers, answer: (*api).campaignContacts},
		{Method: "GET", Path: "/campaign/{campaign}/settings", Doc: "its definition, to change", Page: true, Roles: steerers, answer: page("settings", "page.settings", (*api).campaignSettings)},
		{Method: "GET", Path: "/campaign/{campaign}/survey", Doc: "the answers to its script, with charts; query: from, to (days)", Page: true, Roles: viewers, answer: page("survey", "survey.title", (*api).surveyPage)},
		{Method: "GET", Path: "/campaign/{campaign}/script", Doc: "its script, walked with a sample contact; nothing is kept", Page: true, Roles: viewers, answer: page("script", "script.title", (*api).scriptPage)},
		{Method: "GET", Path: "/lists", Doc: "lists and import", Page: true, Roles: viewers, answer: page("lists", "page.lists", (*api).listsPage)},
		{Method: "GET", Path: "/rejects/{file}", Doc: "rows that an import refused", Audit: "list.rejects", Roles: steerers, answer: (*api).rejects},
		{Method: "GET", Path: "/contacts", Doc: "search for contacts, with their calls; query: q, country", Page: true, Audit: "contact.find", Roles: suppress, answer: page("contacts", "page.contacts", (*api).contactsPage)},
		{Method: "GET", Path: "/records", Doc: "call records, with recordings; query: campaign, operator, phone, from, to (days)", Page: true, Audit: "record.ls", Roles: suppress, answer: page("records", "page.records", (*api).recordsPage)},
		{Method: "GET", Path: "/reports", Doc: "sums of call records; query: by, campaign, from, to (days), compare", Page: true, Roles: viewers, answer: page("reports", "page.reports", (*api).reportsPage)},
		{Method: "GET", Path: "/compliance", Doc: "what compliance staff answer for: evidence, do-not-call lists, retention, requests of persons", Page: true, Audit: "compliance.show", Roles: keepers, answer: page("compliance", "page.compliance", (*api).compliancePage)},
		{Method: "GET", Path: "/audit", Doc: "the audit trail; query: who, verb, object, lookups=1 (with *.ls)", Page: true, Audit: "audit.ls", Roles: keepers, answer: page("audit", "page.audit", (*api).auditPage)},
		{Method: "GET", Path: "/accounts", Doc: "accounts, tokens, sessions", Page: true, Roles: admins, answer: page("accounts", "page.accounts", (*api).accountsPage)},
		{Method: "GET", Path: "/webhooks", Doc: "who is told what happens", Page: true, Roles: admins, answer: page("webhooks", "page.webhooks", (*api).webhooksPage)},
		{Method: "GET", Path: "/wall", Doc: "the link of a screen on a wall; query: key (a token of the scope wall)", Page: true, Public: true, answer: (*api).hangWall},
		{Method: "GET", Path: "/live/{page}", Doc: "stream of what changes on a page; query: of", Stream: true, Roles: viewers, Scope: access.Read, answer: (*api).patches},

		{Method: "GET", Path: "/events", Doc: "server-sent events with ids, after one \"status\" event", Live: true, Roles: viewers, Scope: access.Read, answer: (*api).events},
		{Method: "GET", Path: "/api", Doc: "this table", Roles: everybody, Scope: access.Read, answer: result((*api).table)},
		{Method: "GET", Path: "/api/openapi.json", Doc: "this table as OpenAPI 3.1", Roles: everybody, Scope: access.Read, answer: (*api).describe},
		{Method: "GET", Path: "/api/status", Doc: "the whole service at this instant", Roles: viewers, Scope: access.Read, answer: result((*api).status)},

		{Method: "GET", Path: "/api/lists", Doc: "all lists", Roles: viewers, Scope: access.Read, answer: result((*api).lists)},
		{Method: "GET", Path: "/api/lists/{list}", Doc: "one list with its zones", Roles: viewers, Scope: access.Read, answer: result((*api).list)},
		{Method: "POST", Path: "/api/lists/{list}/import", Doc: "body: a CSV, TSV or XLSX file, or gzip or zip of one; query: country, sheet, map=field=column,..., file (its name), dry-run=1, fresh=1 (no mapping of an earlier file)", Audit: "list.import", File: true, Roles: steerers, Scope: access.Contacts, answer: result((*api).importList)},
		{Method: "GET", Path: "/api/lists/{list}/export", Doc: "its contacts; query: format=csv|jsonl", Audit: "list.export", Numbers: true, Stream: true, Roles: keepers, Scope: access.Contacts, answer: (*api).exportList},
		{Method: "GET", Path: "/api/lists/{list}/imports", Doc: "the imports into it, the last first", Roles: viewers, Scope: access.Read, answer: result((*api).imports)},
		{Method: "POST", Path: "/api/lists/{list}/undo", Doc: "take an import back as far as its contacts were not called; query: import (default: the last)", Audit: "list.undo", Stream: true, Roles: steerers, Scope: access.Contacts, answer: result((*api).undoImport)},
		{Method: "GET", Path: "/api/mappings", Doc: "how the columns of known files are read", Roles: viewers, Scope: access.Read, answer: result((*api).mappings)},
		{Method: "DELETE", Path: "/api/mappings/{mapping}", Doc: "forget how a file's columns are read", Audit: "mapping.rm", Roles: steerers, Scope: access.Contacts, answer: result((*api).removeMapping)},
		{Method: "DELETE", Path: "/api/lists/{list}", Doc: "remove a list and its contacts", Audit: "list.rm", Roles: steerers, Scope: access.Contacts, answer: result((*api).removeList)},

		{Method: "GET", Path: "/api/contacts", Doc: "search; query: q (a number or how it begins, words of a name, a value, field=value; several must all hold), country, limit", Audit: "contact.find", Roles: suppress, Scope: access.Contacts, answer: result((*api).findContacts)},
		{Method: "GET", Path: "/api/contacts/{phone}", Doc: "the contacts with a number, over all lists; query: country", Audit: "contact.show", Roles: suppress, Scope: access.Contacts, answer: result((*api).contact)},
		{Method: "POST", Path: "/api/contacts", Doc: "add a contact to a list", Audit: "contact.add", Roles: steerers, Scope: access.Contacts, answer: result((*api).addContact)},
		{Method: "PATCH", Path: "/api/contacts/{phone}", Doc: "change a contact; query: list, country", Audit: "contact.edit", Roles: steerers, Scope: access.Contacts, answer: result((*api).editContact)},
		{Method: "DELETE", Path: "/api/contacts/{phone}", Doc: "forget a person: contacts, recordings, personal fields of records; never dial the number; query: reason, keep_number=1", Audit: "contact.erase", Roles: keepers, Scope: access.Contacts, answer: result((*api).eraseContact)},
		{Method: "GET", Path: "/api/contacts/{phone}/export", Doc: "all that is kept of a person, as a ZIP file", Audit: "contact.export", Numbers: true, Stream: true, Roles: keepers, Scope: access.Records, answer: (*api).exportContact},
		{Method: "GET", Path: "/api/contacts/{phone}/history", Doc: "its call records, live attempts and do-not-call entry", Audit: "contact.history", Roles: suppress, Scope: access.Contacts, answer: result((*api).contactHistory)},
		{Method: "GET", Path: "/api/contacts/{phone}/why", Doc: "whether each campaign would dial it now", Audit: "contact.why", Roles: suppress, Scope: access.Contacts, answer: result((*api).contactWhy)},

		{Method: "POST", Path: "/api/dnc", Doc: "add do-not-call entries", Audit: "dnc.add", Roles: suppress, Scope: access.Contacts, answer: result((*api).addSuppressions)},
		{Method: "POST", Path: "/api/dnc/import", Doc: "body: a file with a number on each line, or CSV with a phone column; query: country, source; with list (issued, expires, scope): a new issue of a register; older=1: although a newer one is in force", Audit: "dnc.import", File: true, Roles: suppress, Scope: access.Contacts, answer: result((*api).importSuppressions)},
		{Method: "GET", Path: "/api/dnc", Doc: "the do-not-call lists: registers with their issue, and the own list", Audit: "dnc.ls", Roles: suppress, Scope: access.Contacts, answer: result((*api).registers)},
		{Method: "DELETE", Path: "/api/dnc/registers/{list}", Doc: "remove a register with its numbers", Audit: "dnc.drop", Roles: keepers, Scope: access.Contacts, answer: result((*api).removeRegister)},
		{Method: "GET", Path: "/api/dnc/export", Doc: "all entries; query: list, format=csv|jsonl", Audit: "dnc.export", Numbers: true, Stream: true, Roles: keepers, Scope: access.Contacts, answer: (*api).exportSuppressions},
		{Method: "GET", Path: "/api/dnc/{phone}", Doc: "whether and by which lists a number is suppressed; query: campaign", Audit: "dnc.check", Roles: suppress, Scope: access.Contacts, answer: result((*api).suppressed)},
		{Method: "DELETE", Path: "/api/dnc/{phone}", Doc: "remove the entry of a number, or of a prefix (+4021*); query: list, scope", Audit: "dnc.rm", Roles: keepers, Scope: access.Contacts, answer: result((*api).unsuppress)},

		{Method: "GET", Path: "/api/callbacks", Doc: "calls that were promised; query: campaign, operator, before", Audit: "callback.ls", Roles: viewers, Scope: access.Contacts, answer: result((*api).callbacks)},
		{Method: "POST", Path: "/api/callbacks", Doc: "promise a contact of a campaign a call; body: campaign, phone, at, operator, note", Audit: "callback.add", Roles: leaders, Scope: access.Contacts, answer: result((*api).promise)},
		{Method: "PATCH", Path: "/api/callbacks/{campaign}/{phone}", Doc: "another time or operator; body: at, operator, note", Audit: "callback.move", Roles: leaders, Scope: access.Contacts, answer: result((*api).moveCallback)},
		{Method: "DELETE", Path: "/api/callbacks/{campaign}/{phone}", Doc: "take a promise back", Audit: "callback.cancel", Roles: leaders, Scope: access.Contacts, answer: result((*api).cancelCallback)},

		{Method: "GET", Path: "/api/operators", Doc: "all operators with their state", Roles: viewers, Scope: access.Read, answer: result((*api).operators)},
		{Method: "POST", Path: "/api/operators", Doc: "add an operator", Audit: "operator.add", Roles: steerers, Scope: access.Steer, answer: result((*api).addOperator)},
		{Method: "PATCH", Path: "/api/operators/{operator}", Doc: "change name, team or password", Audit: "operator.edit", Roles: steerers, Scope: access.Steer, answer: result((*api).editOperator)},
		{Method: "DELETE", Path: "/api/operators/{operator}", Doc: "remove an operator", Audit: "operator.rm", Roles: steerers, Scope: access.Steer, answer: result((*api).removeOperator)},
		{Method: "GET", Path: "/api/operators/{operator}/preview", Doc: "the contact that an operator is shown, to be called or skipped", Live: true, Audit: "operator.preview", Roles: leaders, Scope: access.Steer, answer: result((*api).preview)},
		{Method: "POST", Path: "/api/operators/{operator}/preview", Doc: "body: decision=accept|skip, reason of a skip, attempt that was seen", Live: true, Audit: "operator.decide", Roles: leaders, Scope: access.Steer, answer: result((*api).decidePreview)},
		{Method: "POST", Path: "/api/operators/{operator}/wrapup", Doc: "the wrap-up will be over in ready_in_ms", Live: true, Audit: "operator.wrapup", Roles: leaders, Scope: access.Steer, answer: result((*api).operatorReadyIn)},
		{Method: "POST", Path: "/api/operators/{operator}/ready", Doc: "ready for calls", Live: true, Audit: "operator.ready", Roles: leaders, Scope: access.Steer, answer: result((*api).operatorReady)},
		{Method: "POST", Path: "/api/operators/{operator}/notready", Doc: "not ready; body: reason", Live: true, Audit: "operator.notready", Roles: leaders, Scope: access.Steer, answer: result((*api).operatorNotReady)},
		{Method: "POST", Path: "/api/operators/{operator}/message", Doc: "a line of text on the operator's screen; body: text", Live: true, Audit: "operator.message", Roles: leaders, Scope: access.Steer, answer: result((*api).messageOperator)},
		{Method: "GET", Path: "/api/monitors", Doc: "who listens to which operator now", Roles: leaders, Scope: access.Read, answer: result((*api).monitors)},
		{Method: "POST", Path: "/api/operators/{operator}/monitor", Doc: "follow an operator's calls; body: mode=listen|whisper|barge, offer (SDP of one's browser; absent: on one's own phone)", Live: true, Audit: "operator.monitor", Roles: leaders, answer: result((*api).monitor)},
		{Method: "PATCH", Path: "/api/operators/{operator}/monitor", Doc: "listen, whisper or barge in from now on; body: mode; or: offer (a further SDP of the same browser, whose network was lost or has changed)", Live: true, Audit: "operator.monitor", Roles: leaders, answer: result((*api).monitorMode)},
		{Method: "DELETE", Path: "/api/operators/{operator}/monitor", Doc: "follow no more", Live: true, Audit: "operator.unmonitor", Roles: leaders, answer: result((*api).stopMonitor)},
		{Method: "GET", Path: "/api/calls", Doc: "the calls in the air", Roles: viewers, Scope: access.Read, answer: result((*api).liveCalls)},
		{Method: "DELETE", Path: "/api/calls/{attempt}", Doc: "hang up a call in the air; query: reason", Live: true, Audit: "call.hangup", Roles: steerers, Scope: access.Steer, answer: result((*api).hangUpCall)},

		{Method: "GET", Path: "/api/trunks", Doc: "all trunks, with what their calls of the last hour came to", Roles: viewers, Scope: access.Read, answer: result((*api).trunks)},

		{Method: "GET", Path: "/api/accounts", Doc: "all accounts", Roles: admins, answer: result((*api).accounts)},
		{Method: "POST", Path: "/api/accounts", Doc: "add an account", Audit: "account.add", Roles: admins, answer: result((*api).addAccount)},
		{Method: "PATCH", Path: "/api/accounts/{account}", Doc: "change name, role, team, password, disabled; ends the sessions where it must", Audit: "account.edit", Roles: admins, answer: result((*api).editAccount)},
		{Method: "DELETE", Path: "/api/accounts/{account}", Doc: "remove an account", Audit: "account.rm", Roles: admins, answer: result((*api).removeAccount)},
		{Method: "GET", Path: "/api/sessions", Doc: "who is signed in; query: account", Roles: admins, answer: result((*api).sessions)},
		{Method: "DELETE", Path: "/api/sessions/{session}", Doc: "end a session", Audit: "session.end", Roles: admins, answer: result((*api).endSession)},
		{Method: "GET", Path: "/api/tokens", Doc: "tokens of machines", Roles: admins, answer: result((*api).tokens)},
		{Method: "POST", Path: "/api/tokens", Doc: "make a token; body: name, scopes, days; the answer has it this once", Audit: "token.add", Roles: admins, answer: result((*api).addToken)},
		{Method: "DELETE", Path: "/api/tokens/{token}", Doc: "remove a token", Audit: "token.rm", Roles: admins, answer: result((*api).removeToken)},

		{Method: "GET", Path: "/api/webhooks", Doc: "webhooks, and how each stands", Roles: admins, answer: result((*api).webhooks)},
		{Method: "POST", Path: "/api/webhooks", Doc: "tell another program what happens; body: name, url, events, campaign, numbers; the answer has the secret this once", Audit: "webhook.add", Roles: admins, answer: result((*api).addWebhook)},
		{Method: "DELETE", Path: "/api/webhooks/{webhook}", Doc: "remove a webhook, with what it has not delivered", Audit: "webhook.rm", Roles: admins, answer: result((*api).removeWebhook)},
		{Method: "POST", Path: "/api/webhooks/{webhook}/test", Doc: "send it a ping, and say what was answered", Audit: "webhook.test", Roles: admins, answer: result((*api).testWebhook)},
		{Method: "GET", Path: "/api/webhooks/{webhook}/undelivered", Doc: "what waits for its next try, and what was given up", Roles: admins, answer: result((*api).undelivered)},
		{Method: "POST", Path: "/api/webhooks/{webhook}/retry", Doc: "try again what was given up", Audit: "webhook.retry", Roles: admins, answer: result((*api).retryWebhook)},

		{Method: "GET", Path: "/api/teams", Doc: "all teams", Roles: viewers, Scope: access.Read, answer: result((*api).teams)},
		{Method: "POST", Path: "/api/teams", Doc: "add a team", Audit: "team.add", Roles: steerers, Scope: access.Steer, answer: result((*api).addTeam)},
		{Method: "PATCH", Path: "/api/teams/{team}", Doc: "change its leader", Audit: "team.edit", Roles: steerers, Scope: access.Steer, answer: result((*api).editTeam)},
		{Method: "DELETE", Path: "/api/teams/{team}", Doc: "remove a team without operators", Audit: "team.rm", Roles: steerers, Scope: access.Steer, answer: result((*api).removeTeam)},

		{Method: "GET", Path: "/api/campaigns", Doc: "all campaigns", Roles: viewers, Scope: access.Read, answer: result((*api).campaigns)},
		{Method: "POST", Path: "/api/campaigns", Doc: "body: YAML; check it and make it the version in force", Audit: "campaign.apply", Roles: steerers, Scope: access.Steer, answer: result((*api).applyCampaign)},
		{Method: "POST", Path: "/api/plan", Doc: "body: YAML; what a campaign that is not applied would do now; query: progress=NAME", Stream: true, Audit: unaudited, Roles: steerers, Scope: access.Steer, answer: result((*api).planSource)},
		{Method: "GET", Path: "/api/campaigns/{campaign}", Doc: "its status; query: decisions=1", Roles: viewers, Scope: access.Read, answer: result((*api).campaign)},
		{Method: "PATCH", Path: "/api/campaigns/{campaign}", Doc: "a new version with another mode or other limits, all else as it was written; body: mode, ratio, max_lines, abandonment_limit (0.03 is 3%); query: reason", Audit: "campaign.limits", Roles: steerers, Scope: access.Steer, answer: result((*api).setLimits)},
		{Method: "GET", Path: "/api/campaigns/{campaign}/definition", Doc: "a version with its defaults; query: version", Roles: viewers, Scope: access.Read, answer: result((*api).definition)},
		{Method: "GET", Path: "/api/campaigns/{campaign}/plan", Doc: "contacts dialable now, later, never, and why; query: progress=NAME, a name by which to ask how far it is", Stream: true, Roles: viewers, Scope: access.Read, answer: result((*api).plan)},
		{Method: "POST", Path: "/api/campaigns/{campaign}/plan", Doc: "its plan with another mode or other limits, which are not changed; body: mode, ratio, max_lines, abandonment_limit; query: progress=NAME", Stream: true, Audit: unaudited, Roles: steerers, Scope: access.Steer, answer: result((*api).planLimits)},
		{Method: "GET", Path: "/api/progress/{name}", Doc: "how far a request is that was sent with progress=NAME: done, and of how many; of 0: it has not begun or has ended", Roles: viewers, Scope: access.Read, answer: result((*api).progress)},
		{Method: "GET", Path: "/api/campaigns/{campaign}/survey", Doc: "the answers to its script, counted; query: from, to, format=json|csv", Roles: viewers, Scope: access.Read, answer: (*api).survey},
		{Method: "GET", Path: "/api/campaigns/{campaign}/hour", Doc: "its floor in the last 60 minutes, as its page draws it", Roles: viewers, Scope: access.Read, answer: result((*api).hour)},
		{Method: "GET", Path: "/api/campaigns/{campaign}/why", Doc: "its last decisions and what holds contacts back; query: progress=NAME", Stream: true, Roles: viewers, Scope: access.Read, answer: result((*api).why)},
		{Method: "POST", Path: "/api/campaigns/{campaign}/start", Doc: "start it", Live: true, Audit: "campaign.start", Roles: steerers, Scope: access.Steer, answer: result(change(startCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/pause", Doc: "no new calls; query: reason, which the floor shows", Live: true, Audit: "campaign.pause", Roles: steerers, Scope: access.Steer, answer: result(change(pauseCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/resume", Doc: "go on", Live: true, Audit: "campaign.resume", Roles: steerers, Scope: access.Steer, answer: result(change(resumeCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/drain", Doc: "no new calls; done when the last has ended; query: reason", Live: true, Audit: "campaign.drain", Roles: steerers, Scope: access.Steer, answer: result(change(drainCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/stop", Doc: "end calls that are not bridged yet; done; query: reason", Live: true, Audit: "campaign.stop", Roles: steerers, Scope: access.Steer, answer: result(change(stopCampaign))},
		{Method: "POST", Path: "/api/campaigns/{campaign}/select", Doc: "put an applied version in force; query: version", Audit: "campaign.select", Roles: steerers, Scope: access.Steer, answer: result((*api).selectVersion)},

		{Method: "GET", Path: "/api/records", Doc: "the last call records; query: campaign, list, phone, operator, outcome, from, to, limit", Audit: "record.ls", Roles: suppress, Scope: access.Records, answer: result((*api).records)},
		{Method: "GET", Path: "/api/records/export", Doc: "call records, and in the trailer their manifest; query: format=csv|jsonl|xlsx|sealed, file, campaign, list, operator, outcome, phone, from, to", Audit: "record.export", Numbers: true, Stream: true, Roles: keepers, Scope: access.Records, answer: (*api).exportRecords},
		{Method: "PATCH", Path: "/api/records/{record}", Doc: "correct what was said of a call; body: disposition, note, script_answers, reason. A new record names the old, which stays", Audit: "record.correct", Roles: suppress, Scope: access.Records, answer: result((*api).correctRecord)},
		{Method: "GET", Path: "/api/records/{record}/recording", Doc: "its recording as it is stored", Audit: "recording.get", Stream: true, Roles: keepers, Scope: access.Records, answer: (*api).recording},
		{Method: "POST", Path: "/api/records/{record}/play", Doc: "its encrypted recording as WAV, for who has the key; body: identity (of age), which is used for this request and not kept", Audit: "recording.play", Stream: true, Roles: keepers, answer: (*api).playRecording},
		{Method: "GET", Path: "/api/records/{record}/explain", Doc: "what the detector's verdict on a call rests on, and its recording heard again", Audit: "record.explain", Roles: suppress, Scope: access.Records, answer: result((*api).explainRecord)},
		{Method: "GET", Path: "/api/records/verify", Doc: "walk the chain of call records, and hold it against the anchors that are noted here", Stream: true, Roles: keepers, Scope: access.Records, answer: result((*api).verify)},
		{Method: "POST", Path: "/api/records/verify", Doc: "body: anchors that were kept elsewhere, a JSON object a line; walk the chain and hold it against them", Audit: unaudited, Stream: true, Roles: keepers, Scope: access.Records, answer: result((*api).checkAnchors)},
		{Method: "POST", Path: "/api/records/anchor", Doc: "the heads of the chains, to be kept elsewhere; notes in the trail that they were given", Audit: unaudited, Roles: keepers, Scope: access.Records, answer: result((*api).anchor)},
		{Method: "GET", Path: "/api/detector/examples", Doc: "calls of which it is known who answered: features, no sound, no personal data", Roles: viewers, Scope: access.Records, answer: result((*api).labelledCalls)},
		{Method: "GET", Path: "/api/detector/samples", Doc: "calls taken for machines that were recorded for a supervisor to hear; no personal data", Roles: suppress, Scope: access.Records, answer: result((*api).sampledCalls)},

		{Method: "GET", Path: "/api/retention", Doc: "how long what is kept, and what was forgotten last", Roles: keepers, Scope: access.Records, answer: result((*api).retention)},
		{Method: "GET", Path: "/api/db/check", Doc: "look through all rows, indexes and chains of the store", Stream: true, Roles: keepers, Scope: access.Records, answer: result((*api).checkStore)},
		{Method: "GET", Path: "/api/db/stats", Doc: "how large the store is, and of what", Stream: true, Roles: keepers, Scope: access.Records, answer: result((*api).storeStats)},
		{Method: "GET", Path: "/api/db/backup", Doc: "a copy of the whole store as it is now", Audit: "db.backup", Stream: true, Roles: []access.Role{access.Administrator}, answer: (*api).backup},

		{Method: "GET", Path: "/api/audit", Doc: "the last entries of the audit trail; query: who, verb, object, phone, from, to, limit, lookups=no (without *.ls)", Audit: "audit.ls", Roles: keepers, Scope: access.Records, answer: result((*api).auditTrail)},
		{Method: "GET", Path: "/api/audit/export", Doc: "the audit trail; query: format, who, verb, object, phone, from, to", Audit: "audit.export", Numbers: true, Stream: true, Roles: keepers, Scope: access.Records, answer: (*api).exportAudit},
		{Method: "GET", Path: "/api/audit/verify", Doc: "walk the chain of the audit trail", Stream: true, Roles: keepers, Scope: access.Records, answer: result((*api).verifyAudit)},

		{Method: "GET", Path: "/api/reports/campaign", Doc: "attempts by outcome; query: campaign, from, to", Roles: viewers, Scope: access.Read, answer: result((*api).reportCampaign)},
		{Method: "GET", Path: "/api/reports/calls", Doc: "calls counted by hour, day, campaign, operator, team, list or disposition; query: by, campaign, list, operator, from, to, compare=1 (with the period before, as long)", Audit: "report.calls", Roles: viewers, Scope: access.Read, answer: result((*api).reportCalls)},
		{Method: "GET", Path: "/api/reports/operator", Doc: "calls and talk by operator; query: campaign, from, to", Audit: "report.operator", Roles: viewers, Scope: access.Read, answer: result((*api).reportOperator)},
		{Method: "GET", Path: "/api/reports/abandonment", Doc: "abandoned of live answers, against each campaign's limit", Roles: viewers, Scope: access.Read, answer: result((*api).reportAbandonment)},
		{Method: "GET", Path: "/api/reports/commission", Doc: "results by disposition per operator; query: campaign, from, to", Audit: "report.commission", Roles: viewers, Scope: access.Read, answer: result((*api).reportCommission)},
	}
	routes = append(routes, deskRoutes()...)
}

// Routes returns the table of requests.
func Routes() []Route { return append([]Route(nil), routes...) }

func (a *api) table(*http.Request) (any, error) { return Routes(), nil }
