package api

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestGenerated_IsWhatTheDocumentSays(t *testing.T) {
	if out, err := exec.Command("go", "tool", "-modfile=../../build/tools/go.mod", "oapi-codegen", "--version").CombinedOutput(); err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") != "" {
			t.Fatalf("oapi-codegen does not run: %v\n%s", err, out)
		}
		t.Skipf("oapi-codegen is not obtainable here: %v", err)
	}
	dir := t.TempDir()
	code, spec := filepath.Join(dir, "api.gen.go"), filepath.Join(dir, "openapi.json")
	run(t, exec.Command("go", "tool", "-modfile=../../build/tools/go.mod", "oapi-codegen", "-config", "generate.yaml", "-o", code, "openapi.yaml"))
	here, err := filepath.Abs("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	run(t, exec.Command("go", "run", "-C", "../../build/tools", "./openapi", here, spec))
	same(t, "api.gen.go", code)
	same(t, "openapi.json", spec)
}

func run(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", c.Args, err, out)
	}
}

func same(t *testing.T, kept, fresh string) {
	t.Helper()
	a, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(fresh)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Errorf("%s is stale: run go generate ./sync/api", kept)
	}
}

func TestRefusal_IsAVerdictOnlyInTheContractsWords(t *testing.T) {
	var verdict *Error
	if err := Refusal(&http.Response{StatusCode: 409}, &Error{Code: ErrorCodeWrongBytes}); !errors.As(err, &verdict) || verdict.Code != ErrorCodeWrongBytes {
		t.Errorf("a refusal of the centre came out as %v", err)
	}
	for name, err := range map[string]error{
		"a proxy's page":  Refusal(&http.Response{StatusCode: 502}, nil),
		"an unknown code": Refusal(&http.Response{StatusCode: 409}, &Error{Code: "teapot"}),
		"no answer":       Refusal(nil, nil),
	} {
		if err == nil || errors.As(err, &verdict) {
			t.Errorf("%s came out as %v", name, err)
		}
	}
	if err := Refusal(&http.Response{StatusCode: 204}, nil); err != nil {
		t.Errorf("204 came out as %v", err)
	}
}
