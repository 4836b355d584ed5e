package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
)

// operate runs the program in this process.
func operate(t *testing.T, args ...string) (code int, out, errors string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

func TestCommands_ExplainThemselves(t *testing.T) {
	for _, c := range commands {
		code, out, _ := operate(t, append(strings.Fields(c.words), "--help")...)
		if code != 0 || !strings.Contains(out, "usage: tirkeu-centre "+c.words) || !strings.Contains(out, "-db") {
			t.Errorf("%s --help: %d\n%s", c.words, code, out)
		}
	}
	if code, out, _ := operate(t, "--help"); code != 0 || !strings.Contains(out, "kiosk add") {
		t.Errorf("--help: %d\n%s", code, out)
	}
}

func TestCommands_WrongUsageIsStatusTwo(t *testing.T) {
	for _, args := range [][]string{
		{}, {"fly"}, {"kiosk"}, {"kiosk", "add"}, {"kiosk", "list", "x"}, {"kiosk", "list", "--fly"}, {"application", "reject", "1"},
		{"application", "list", "--status", "odd"}, {"serve", "--listen", "nowhere"}, {"serve", "--log", "odd"}, {"serve", "--url-http", "odd"},
	} {
		if code, _, errors := operate(t, args...); code != 2 || errors == "" {
			t.Errorf("%q: %d %s", args, code, errors)
		}
	}
}

func TestCommands_FailureIsStatusOneAndSaysWhatToDo(t *testing.T) {
	db := "sqlite:" + filepath.Join(t.TempDir(), "centre.db")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"kiosk", "list"}, "tirkeu-centre init"},
		{[]string{"kiosk", "list", "--db", "mysql:x"}, "sqlite: or postgres://"},
		{[]string{"kiosk", "list", "--db", "postgres:///x"}, "--state"},
	} {
		if code, _, errors := operate(t, append([]string{c.args[0], c.args[1], "--db", db}, c.args[2:]...)...); code != 1 || !strings.Contains(errors, c.want) {
			t.Errorf("%q: %d %s", c.args, code, errors)
		}
	}
}

func TestCommands_RunACentre(t *testing.T) {
	dir := t.TempDir()
	db := "sqlite:" + filepath.Join(dir, "centre.db")
	do := func(want int, args ...string) string {
		t.Helper()
		code, out, errors := operate(t, append(args, "--db", db)...)
		if code != want {
			t.Fatalf("%q: exit status %d\n%s%s", args, code, out, errors)
		}
		return out + errors
	}
	write := func(name string, data []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	do(0, "init")
	do(1, "init")
	do(0, "ca", "export", filepath.Join(dir, "ca"))
	if text, err := os.ReadFile(filepath.Join(dir, "ca", "root.pem")); err != nil || !bytes.Contains(text, []byte("BEGIN CERTIFICATE")) {
		t.Errorf("root.pem: %v", err)
	}
	var e map[string]any
	if err := json.Unmarshal([]byte(do(0, "kiosk", "add", "hall", "--json")), &e); err != nil || e["reference"] == "" || len(e["secret"].(string)) < 26 {
		t.Errorf("kiosk add: %v %v", e, err)
	}
	if out := do(0, "kiosk", "list"); !strings.Contains(out, "hall") || strings.Contains(out, e["secret"].(string)) {
		t.Errorf("kiosk list: %s", out)
	}
	do(0, "person", "import", write("people.json", []byte(`{"people":[{"iin":"780320400037","surname":"Жүнісова","given":"Дана","patronymic":"","role":"operator"}]}`)))
	do(1, "person", "import", write("bad.json", []byte(`[{"iin":"780320400038","surname":"X","given":"Y"}]`)))
	csr, err := pki.NewRequest(pki.TemplateOperator, centretest.Person(centretest.IINDana), pki.StorageJaCarta, centretest.Key(0))
	if err != nil {
		t.Fatal(err)
	}
	cert := filepath.Join(dir, "dana.pem")
	do(0, "staff", "add", write("dana.csr", pemOf("CERTIFICATE REQUEST", csr)), "--iin", centretest.IINDana, "--name", "Else Somebody", "--out", cert)
	if out := do(0, "staff", "list", "--json"); !strings.Contains(out, "ЖҮНІСОВА ДАНА") {
		t.Errorf("the register's name did not win: %s", out)
	}
	do(0, "staff", "add", cert) // registering the same certificate again changes nothing
	do(1, "staff", "add", filepath.Join(dir, "ca", "root.pem"))
	do(0, "staff", "revoke", centretest.IINDana)
	do(1, "staff", "revoke", centretest.IINDana)
	if out := do(0, "application", "list", "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("application list: %s", out)
	}
	do(1, "application", "approve", "90000000015")
	do(1, "application", "approve", "90000000014")
	do(1, "directory", "import", write("directory.json", []byte(`{}`)))
	do(0, "kiosk", "revoke", "hall")
	do(1, "kiosk", "revoke", "hall")
	if out := do(0, "audit", "verify", "--export", filepath.Join(dir, "audit.jsonl")); !strings.Contains(out, "whole") {
		t.Errorf("audit verify: %s", out)
	}
	harm(t, filepath.Join(dir, "centre.db"))
	if out := do(1, "audit", "verify"); !strings.Contains(out, "row 2") {
		t.Errorf("audit verify after harm: %s", out)
	}
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// harm changes an audit row behind the program's back.
func harm(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE audit SET detail = 'nothing happened' WHERE seq = 2"); err != nil {
		t.Fatal(err)
	}
}
