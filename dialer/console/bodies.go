package console

import (
	"encoding"
	"encoding/json"
	"path"
	"reflect"
	"strings"
	"time"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console/webhook"
)

// body is what a request takes and answers, as JSON of Go types; nil: none, or
// no JSON. A test holds real answers against them.
type body struct{ in, out any }

// bodies of the table's lines that answer JSON.
var bodies = map[string]body{
	"GET /api":                                 {out: []Route{}},
	"GET /api/status":                          {out: dialer.Status{}},
	"GET /api/lists":                           {out: []contactdb.List{}},
	"GET /api/lists/{list}":                    {out: contactdb.List{}},
	"POST /api/lists/{list}/import":            {out: dialer.ListImport{}},
	"GET /api/lists/{list}/imports":            {out: []contactdb.ImportInfo{}},
	"POST /api/lists/{list}/undo":              {out: contactdb.Undone{}},
	"GET /api/progress/{name}":                 {out: Progress{}},
	"GET /api/mappings":                        {out: []dialer.Mapping{}},
	"DELETE /api/mappings/{mapping}":           {out: Removed{}},
	"DELETE /api/lists/{list}":                 {out: Removed{}},
	"GET /api/contacts":                        {out: contactdb.Found{}},
	"GET /api/contacts/{phone}":                {out: []contactdb.Contact{}},
	"POST /api/contacts":                       {NewContact{}, contactdb.Contact{}},
	"PATCH /api/contacts/{phone}":              {contactFields{}, contactdb.Contact{}},
	"DELETE /api/contacts/{phone}":             {out: contactdb.Erased{}},
	"GET /api/contacts/{phone}/history":        {out: ContactHistory{}},
	"GET /api/contacts/{phone}/why":            {out: []dialer.ContactWhy{}},
	"POST /api/dnc":                            {NewSuppressions{}, SuppressionsAdded{}},
	"POST /api/dnc/import":                     {out: SuppressionsImport{}},
	"GET /api/dnc":                             {out: []DNCList{}},
	"DELETE /api/dnc/registers/{list}":         {out: Removed{}},
	"GET /api/dnc/{phone}":                     {out: SuppressionCheck{}},
	"DELETE /api/dnc/{phone}":                  {out: Removed{}},
	"GET /api/callbacks":                       {out: []contactdb.Callback{}},
	"POST /api/callbacks":                      {CallbackAsked{}, contactdb.Callback{}},
	"PATCH /api/callbacks/{campaign}/{phone}":  {CallbackMove{}, contactdb.Callback{}},
	"DELETE /api/callbacks/{campaign}/{phone}": {out: Removed{}},
	"GET /api/operators":                       {out: []Operator{}},
	"POST /api/operators":                      {OperatorChange{}, contactdb.Operator{}},
	"PATCH /api/operators/{operator}":          {OperatorChange{}, contactdb.Operator{}},
	"DELETE /api/operators/{operator}":         {out: Removed{}},
	"GET /api/operators/{operator}/preview":    {out: dialer.Preview{}},
	"POST /api/operators/{operator}/preview":   {Decision{}, dialer.Preview{}},
	"POST /api/operators/{operator}/wrapup":    {ReadyIn{}, ReadyIn{}},
	"POST /api/operators/{operator}/ready":     {out: dialer.OperatorStatus{}},
	"POST /api/operators/{operator}/notready":  {NotReady{}, dialer.OperatorStatus{}},
	"POST /api/operators/{operator}/message":   {Message{}, Message{}},
	"GET /api/monitors":                        {out: []dialer.Monitoring{}},
	"POST /api/operators/{operator}/monitor":   {Monitor{}, MonitorStarted{}},
	"PATCH /api/operators/{operator}/monitor":  {Monitor{}, MonitorStarted{}},
	"DELETE /api/operators/{operator}/monitor": {out: Removed{}},
	"GET /api/calls":                           {out: []dialer.LiveCall{}},
	"DELETE /api/calls/{attempt}":              {out: dialer.LiveCall{}},
	"GET /api/accounts":                        {out: []contactdb.Account{}},
	"POST /api/accounts":                       {AccountChange{}, contactdb.Account{}},
	"PATCH /api/accounts/{account}":            {AccountChange{}, contactdb.Account{}},
	"DELETE /api/accounts/{account}":           {out: Removed{}},
	"GET /api/sessions":                        {out: []contactdb.Session{}},
	"DELETE /api/sessions/{session}":           {out: Removed{}},
	"GET /api/tokens":                          {out: []contactdb.Token{}},
	"POST /api/tokens":                         {NewToken{}, TokenMade{}},
	"DELETE /api/tokens/{token}":               {out: Removed{}},
	"GET /api/webhooks":                        {out: []webhook.Listed{}},
	"POST /api/webhooks":                       {NewWebhook{}, WebhookMade{}},
	"DELETE /api/webhooks/{webhook}":           {out: Removed{}},
	"POST /api/webhooks/{webhook}/test":        {out: webhook.Tried{}},
	"GET /api/webhooks/{webhook}/undelivered":  {out: Undelivered{}},
	"POST /api/webhooks/{webhook}/retry":       {out: Retried{}},
	"GET /api/teams":                           {out: []contactdb.Team{}},
	"POST /api/teams":                          {contactdb.Team{}, contactdb.Team{}},
	"PATCH /api/teams/{team}":                  {out: contactdb.Team{}},
	"DELETE /api/teams/{team}":                 {out: Removed{}},
	"GET /api/campaigns":                       {out: []dialer.CampaignStatus{}},
	"POST /api/campaigns":                      {out: Applied{}},
	"POST /api/plan":                           {out: dialer.Plan{}},
	"GET /api/campaigns/{campaign}":            {out: dialer.CampaignStatus{}},
	"PATCH /api/campaigns/{campaign}":          {campaign.Change{}, Applied{}},
	"POST /api/campaigns/{campaign}/plan":      {campaign.Change{}, dialer.Plan{}},
	"GET /api/campaigns/{campaign}/definition": {out: Definition{}},
	"GET /api/campaigns/{campaign}/plan":       {out: dialer.Plan{}},
	"GET /api/campaigns/{campaign}/survey":     {out: campaign.Survey{}},
	"GET /api/campaigns/{campaign}/hour":       {out: Hour{}},
	"GET /api/trunks":                          {out: []Trunk{}},
	"GET /api/retention":                       {out: []Kept{}},
	"GET /api/campaigns/{campaign}/why":        {out: Why{}},
	"POST /api/campaigns/{campaign}/start":     {out: contactdb.Campaign{}},
	"POST /api/campaigns/{campaign}/pause":     {out: contactdb.Campaign{}},
	"POST /api/campaigns/{campaign}/resume":    {out: contactdb.Campaign{}},
	"POST /api/campaigns/{campaign}/drain":     {out: contactdb.Campaign{}},
	"POST /api/campaigns/{campaign}/stop":      {out: contactdb.Campaign{}},
	"POST /api/campaigns/{campaign}/select":    {out: contactdb.Campaign{}},
	"GET /api/records":                         {out: []contactdb.Record{}},
	"PATCH /api/records/{record}":              {NewCorrection{}, contactdb.Record{}},
	"POST /api/records/{record}/play":          {in: Play{}},
	"GET /api/records/verify":                  {out: Verified{}},
	"POST /api/records/verify":                 {out: Verified{}},
	"POST /api/records/anchor":                 {out: contactdb.Heads{}},
	"GET /api/records/{record}/explain":        {out: dialer.Explanation{}},
	"GET /api/detector/samples":                {out: []dialer.SampledCall{}},
	"GET /api/detector/examples":               {out: []dialer.LabelledCall{}},
	"GET /api/db/check":                        {out: Checked{}},
	"GET /api/db/stats":                        {out: contactdb.Stats{}},
	"GET /api/audit":                           {out: []contactdb.AuditEntry{}},
	"GET /api/audit/verify":                    {out: contactdb.Verification{}},
	"GET /api/reports/campaign":                {out: []CampaignReport{}},
	"GET /api/reports/calls":                   {out: []CallReport{}},
	"GET /api/reports/operator":                {out: []OperatorReport{}},
	"GET /api/reports/abandonment":             {out: []AbandonmentReport{}},
	"GET /api/reports/commission":              {out: []CommissionReport{}},
	"GET /api/desk":                            {out: dialer.Desktop{}},
	"DELETE /api/desk/leg/{tab}":               {out: Done{}},
	"POST /api/desk/test":                      {DeskWindow{}, dialer.Headset{}},
	"POST /api/desk/microphone":                {DeskWindow{}, Done{}},
	"POST /api/desk/ready":                     {out: dialer.OperatorStatus{}},
	"POST /api/desk/notready":                  {NotReady{}, dialer.OperatorStatus{}},
	"POST /api/desk/hangup":                    {DeskOrder{}, Done{}},
	"POST /api/desk/hold":                      {DeskOrder{}, Done{}},
	"POST /api/desk/mute":                      {DeskOrder{}, Done{}},
	"POST /api/desk/keys":                      {DeskOrder{}, Done{}},
	"POST /api/desk/note":                      {DeskOrder{}, Done{}},
	"POST /api/desk/takeback":                  {DeskOrder{}, Done{}},
	"PUT /api/desk/wording":                    {DeskOrder{}, Done{}},
	"POST /api/desk/script":                    {DeskTurn{}, Stand{}},
	"POST /api/desk/result":                    {DeskResult{}, Done{}},
	"PATCH /api/desk/contact":                  {DeskContact{}, contactdb.Contact{}},
	"GET /api/desk/callbacks":                  {out: []contactdb.Callback{}},
	"POST /api/desk/callbacks":                 {DeskMove{}, contactdb.Callback{}},
	"POST /api/desk/dial":                      {DeskDial{}, dialer.Dialed{}},
	"GET /api/desk/transfer":                   {out: dialer.Targets{}},
	"POST /api/desk/transfer":                  {DeskTransfer{}, Done{}},
	"POST /api/desk/consult":                   {DeskConsult{}, Done{}},
	"GET /api/desk/hours":                      {out: dialer.CallbackHours{}},
	"POST /api/desk/preview":                   {Decision{}, Done{}},
	"GET /api/desk/calls":                      {out: DeskCalls{}},
}

type object = map[string]any

// schemas gathers what is described of Go types, as encoding/json writes them.
type schemas object

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
	jsonType = reflect.TypeFor[json.Marshaler]()
	textType = reflect.TypeFor[encoding.TextMarshaler]()
)

// of gives the schema of a type, and keeps those of named structs apart.
func (s schemas) of(t reflect.Type) object {
	switch {
	case t == timeType:
		return object{"type": "string", "format": "date-time"}
	case t == rawType, t.Kind() == reflect.Interface, t.Kind() != reflect.Pointer && t.Implements(jsonType):
		return object{} // anything
	case t.Kind() != reflect.Pointer && t.Implements(textType):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return object{"anyOf": []object{s.of(t.Elem()), {"type": "null"}}}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": []string{"string", "null"}, "contentEncoding": "base64"}
		}
		return object{"type": []string{"array", "null"}, "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": []string{"object", "null"}, "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.ofStruct(t)
	}
	return object{"type": "integer"}
}

func (s schemas) ofStruct(t reflect.Type) object {
	name := path.Base(t.PkgPath()) + "." + t.Name()
	ref := object{"$ref": "#/components/schemas/" + name}
	if t.Name() != "" && s[name] != nil {
		return ref
	}
	properties, required := object{}, []string{}
	v := object{"type": "object", "properties": properties}
	if t.Name() != "" {
		s[name] = v // before its members, which may lead back to it
	}
	s.members(t, properties, &required)
	if len(required) > 0 {
		v["required"] = required
	}
	if t.Name() == "" {
		return v
	}
	return ref
}

// members adds those of a struct, with those of embedded ones; an outer one goes before.
func (s schemas) members(t reflect.Type, properties object, required *[]string) {
	var inner []reflect.Type
	for f := range t.Fields() {
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case tag == "-", !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			inner = append(inner, f.Type)
			continue
		case name == "":
			name = f.Name
		}
		if properties[name] != nil {
			continue
		}
		properties[name] = s.of(f.Type)
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			*required = append(*required, name)
		}
	}
	for _, t := range inner {
		s.members(t, properties, required)
	}
}
