// Command openapi writes an OpenAPI document kept as YAML as JSON, after checking it: openapi IN.yaml OUT.json.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/yaml"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: openapi IN.yaml OUT.json")
		os.Exit(2)
	}
	if err := convert(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func convert(in, out string) error {
	text, err := os.ReadFile(in)
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return fmt.Errorf("loading the document: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return fmt.Errorf("checking the document: %w", err)
	}
	flat, err := yaml.YAMLToJSON(text)
	if err != nil {
		return fmt.Errorf("converting to JSON: %w", err)
	}
	var nice bytes.Buffer
	if err := json.Indent(&nice, flat, "", " "); err != nil {
		return fmt.Errorf("indenting: %w", err)
	}
	nice.WriteByte('\n')
	return os.WriteFile(out, nice.Bytes(), 0o644)
}
