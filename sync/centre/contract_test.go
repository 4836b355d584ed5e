package centre_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/cmp"
)

// contract holds every answer that passes through it against openapi.json, and remembers which calls it saw.
type contract struct {
	http.RoundTripper
	t    *testing.T
	spec map[string]any

	mu   sync.Mutex
	seen map[string]bool // "operationId status"
}

func newContract(t *testing.T, under http.RoundTripper) *contract {
	t.Helper()
	c := &contract{RoundTripper: under, t: t, seen: map[string]bool{}}
	if err := json.Unmarshal(api.Specification, &c.spec); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.RoundTripper.RoundTrip(r)
	if err != nil || strings.HasPrefix(r.URL.Path, cmp.PathPrefix) {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	c.hold(r, answer, body)
	return answer, nil
}

func (c *contract) hold(r *http.Request, answer *http.Response, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	operation := c.operation(r.Method, r.URL.Path)
	if operation == nil {
		c.t.Errorf("%s %s is not in the contract", r.Method, r.URL.Path)
		return
	}
	id := operation["operationId"].(string)
	c.seen[fmt.Sprintf("%s %d", id, answer.StatusCode)] = true
	responses := operation["responses"].(map[string]any)
	response, said := responses[fmt.Sprint(answer.StatusCode)]
	if !said && answer.StatusCode >= 400 {
		response, said = responses["default"]
	}
	if !said {
		c.t.Errorf("%s answers %d, which the contract does not say: %s", id, answer.StatusCode, body)
		return
	}
	content, _ := c.resolve(response)["content"].(map[string]any)
	schema, isJSON := content["application/json"].(map[string]any)
	if !isJSON {
		return
	}
	if got := answer.Header.Get("Content-Type"); got != "application/json" {
		c.t.Errorf("%s answers %q", id, got)
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		c.t.Errorf("%s answers no JSON: %s", id, body)
		return
	}
	if err := c.fits(value, schema["schema"], "answer"); err != nil {
		c.t.Errorf("%s %d: %v in %s", id, answer.StatusCode, err, body)
	}
}

func (c *contract) operation(method, path string) map[string]any {
	for template, item := range c.spec["paths"].(map[string]any) {
		pattern := "^" + regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(template), "[^/]+") + "$"
		if regexp.MustCompile(pattern).MatchString(path) {
			if operation, found := item.(map[string]any)[strings.ToLower(method)]; found {
				return operation.(map[string]any)
			}
		}
	}
	return nil
}

func (c *contract) resolve(v any) map[string]any {
	node := v.(map[string]any)
	for {
		ref, is := node["$ref"].(string)
		if !is {
			return node
		}
		var at any = c.spec
		for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			at = at.(map[string]any)[step]
		}
		node = at.(map[string]any)
	}
}

// fits holds a value against the part of JSON Schema that the contract uses.
func (c *contract) fits(value, schemaOf any, where string) error {
	schema := c.resolve(schemaOf)
	if values, has := schema["enum"].([]any); has && !slices.Contains(values, value) {
		return fmt.Errorf("%s: %v is none of %v", where, value, values)
	}
	switch kind, _ := schema["type"].(string); kind {
	case "object":
		object, is := value.(map[string]any)
		if !is {
			return fmt.Errorf("%s: no object", where)
		}
		for _, name := range list(schema["required"]) {
			if _, has := object[name.(string)]; !has {
				return fmt.Errorf("%s: %s is missing", where, name)
			}
		}
		properties, _ := schema["properties"].(map[string]any)
		for name, field := range object {
			property, known := properties[name]
			if !known {
				if schema["additionalProperties"] == true {
					continue
				}
				return fmt.Errorf("%s: %s is not in the contract", where, name)
			}
			if err := c.fits(field, property, where+"."+name); err != nil {
				return err
			}
		}
	case "array":
		items, is := value.([]any)
		if !is {
			return fmt.Errorf("%s: no array", where)
		}
		for i, item := range items {
			if err := c.fits(item, schema["items"], fmt.Sprintf("%s[%d]", where, i)); err != nil {
				return err
			}
		}
	case "string":
		return fitsText(value, schema, where)
	case "integer":
		if n, is := value.(float64); !is || n != float64(int64(n)) {
			return fmt.Errorf("%s: no integer", where)
		}
	case "boolean":
		if _, is := value.(bool); !is {
			return fmt.Errorf("%s: no boolean", where)
		}
	}
	return nil
}

func fitsText(value any, schema map[string]any, where string) error {
	text, is := value.(string)
	if !is {
		return fmt.Errorf("%s: no string", where)
	}
	if pattern, has := schema["pattern"].(string); has && !regexp.MustCompile(pattern).MatchString(text) {
		return fmt.Errorf("%s: %q does not match %s", where, text, pattern)
	}
	var err error
	switch schema["format"] {
	case "date-time":
		_, err = time.Parse(time.RFC3339, text)
	case "byte":
		_, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil {
		return fmt.Errorf("%s: %v", where, err)
	}
	return nil
}

func list(v any) []any { all, _ := v.([]any); return all }

// unseen lists the calls that never went well.
func (c *contract) unseen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var missing []string
	for _, item := range c.spec["paths"].(map[string]any) {
		for method, operation := range item.(map[string]any) {
			if method == "parameters" {
				continue
			}
			id := operation.(map[string]any)["operationId"].(string)
			if !c.seen[id+" 200"] && !c.seen[id+" 204"] {
				missing = append(missing, id)
			}
		}
	}
	slices.Sort(missing)
	return missing
}
