package console

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strings"
)

// OpenAPI describes every request for programs, from the table of routes: what
// the table does not say is not claimed. Pages for browsers are left out.
func OpenAPI() ([]byte, error) {
	paths, known := map[string]object{}, schemas{}
	for _, r := range routes {
		if r.Page || r.Public {
			continue
		}
		var parameters []object
		for _, m := range pathNames.FindAllStringSubmatch(r.Path, -1) {
			parameters = append(parameters, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
		}
		operation := object{
			"summary":   r.Doc,
			"x-roles":   r.Roles,
			"x-numbers": r.Numbers, // gives whole phone numbers
			"responses": object{
				"200":     object{"description": "done"},
				"default": object{"description": "a problem", "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}}},
			},
			"security": []object{{"session": []string{}}},
		}
		known.describe(operation, bodies[r.Method+" "+r.Path])
		if r.Scope != "" {
			operation["security"] = []object{{"session": []string{}}, {"token": []string{string(r.Scope)}}}
		}
		if parameters != nil {
			operation["parameters"] = parameters
		}
		if paths[r.Path] == nil {
			paths[r.Path] = object{}
		}
		paths[r.Path][strings.ToLower(r.Method)] = operation
	}
	known["Problem"] = object{"type": "object", "required": []string{"error", "code"}, "properties": object{
		"error": object{"type": "string", "description": "one sentence: cause and next step"},
		"code":  object{"type": "string", "description": "a stable word"},
	}}
	return json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info":    object{"title": "apel", "version": "1", "description": "Times are RFC 3339; durations in milliseconds end in _ms; phone numbers are E.164, masked for who may not see them."},
		"paths":   paths,
		"components": object{
			"schemas": object(known),
			"securitySchemes": object{
				"session": object{"type": "apiKey", "in": "cookie", "name": cookieName},
				"token":   object{"type": "http", "scheme": "bearer", "description": "apel token add NAME --scope SCOPE"},
			},
		},
	}, "", " ")
}

// describe adds what a request takes and answers.
func (s schemas) describe(operation object, b body) {
	content := func(v any) object {
		return object{"application/json": object{"schema": s.of(reflect.TypeOf(v))}}
	}
	if b.in != nil {
		operation["requestBody"] = object{"content": content(b.in)}
	}
	if b.out != nil {
		operation["responses"].(object)["200"] = object{"description": "done", "content": content(b.out)}
	}
}

var pathNames = regexp.MustCompile(`\{([a-z]+)\}`)

// describe answers with the description.
func (a *api) describe(w http.ResponseWriter, _ *http.Request) error {
	body, err := OpenAPI()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // the caller is gone: nobody to tell
	return nil
}
