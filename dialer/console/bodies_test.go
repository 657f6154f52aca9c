package console

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// fits says where a value does not fit a schema, in the words that ours use. A
// member that the schema does not know does not fit either.
func fits(doc map[string]any, schema map[string]any, v any, at string) (problems []string) {
	if ref, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/components/schemas/")
		found, ok := doc["components"].(map[string]any)["schemas"].(map[string]any)[name].(map[string]any)
		if !ok {
			return []string{at + ": there is no schema " + name}
		}
		return fits(doc, found, v, at)
	}
	if either, ok := schema["anyOf"].([]any); ok {
		for _, one := range either {
			if problems = fits(doc, one.(map[string]any), v, at); problems == nil {
				return nil
			}
		}
		return problems
	}
	kind := map[bool]string{true: "null"}[v == nil]
	switch v := v.(type) {
	case string:
		kind = "string"
	case bool:
		kind = "boolean"
	case float64:
		kind = "number"
		if v == float64(int64(v)) && schema["type"] == "integer" {
			kind = "integer"
		}
	case []any:
		kind = "array"
		if items, ok := schema["items"].(map[string]any); ok {
			for i, one := range v {
				problems = append(problems, fits(doc, items, one, fmt.Sprintf("%s[%d]", at, i))...)
			}
		}
	case map[string]any:
		kind = "object"
		properties, _ := schema["properties"].(map[string]any)
		more, _ := schema["additionalProperties"].(map[string]any)
		for name, one := range v {
			known, ok := properties[name].(map[string]any)
			if !ok {
				known = more
			}
			if known == nil && schema["type"] != nil {
				problems = append(problems, at+": the schema knows no "+name)
			} else if known != nil {
				problems = append(problems, fits(doc, known, one, at+"."+name)...)
			}
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				problems = append(problems, at+": it lacks "+name.(string))
			}
		}
	}
	types, ok := schema["type"].([]any)
	if !ok && schema["type"] != nil {
		types = []any{schema["type"]}
	}
	if types != nil && !slices.Contains(types, any(kind)) {
		problems = append(problems, fmt.Sprintf("%s: %s is not %v", at, kind, types))
	}
	return problems
}

func TestAnswersAreAsOpenAPISaysTheyAre(t *testing.T) {
	text, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	h, held := filled(t), 0
	for _, r := range requests {
		w := ask(h, r.request, r.body)
		pattern := patternOf(t, r.request)
		if w.Code != 200 || bodies[pattern].out == nil || strings.Contains(r.request, "format=csv") {
			continue
		}
		method, path, _ := strings.Cut(pattern, " ")
		operation := doc["paths"].(map[string]any)[path].(map[string]any)[strings.ToLower(method)].(map[string]any)
		schema := operation["responses"].(map[string]any)["200"].(map[string]any)["content"].(map[string]any)["application/json"].(map[string]any)["schema"].(map[string]any)
		var v any
		if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
			t.Errorf("%s: %v", r.request, err)
			continue
		}
		for _, p := range fits(doc, schema, v, "the answer") {
			t.Errorf("%s: %s", r.request, p)
		}
		held++
	}
	if held < 60 {
		t.Errorf("only %d answers were held against their schemas", held)
	}
	for pattern := range bodies {
		if !slices.ContainsFunc(routes, func(r Route) bool { return r.Method+" "+r.Path == pattern }) {
			t.Errorf("the bodies of %s belong to no request", pattern)
		}
	}
}

// A request whose handler is a result answers JSON, so its body is described.
func TestEveryAnswerOfJSONIsDescribed(t *testing.T) {
	raw := map[string]bool{"GET /api/openapi.json": true, "POST /api/desk/leg": true, "PATCH /api/desk/leg/{tab}": true, "GET /api/desk/events": true,
		"GET /api/records/{record}/recording": true, "POST /api/records/{record}/play": true, "GET /api/db/backup": true} // SDP, sound, a stream, a file
	for _, r := range routes {
		at := r.Method + " " + r.Path
		if r.Page || r.Public || !strings.HasPrefix(r.Path, "/api") || strings.HasSuffix(r.Path, "/export") {
			continue
		}
		if b := bodies[at]; b.out == nil && !raw[at] {
			t.Errorf("%s: nothing says what it answers", at)
		}
	}
}
