package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/sync/centre/centretest"
)

func TestCommands_FileFromTheWebAndRegisterSystems(t *testing.T) {
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
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	do(0, "init")
	request := `{"iin":"` + centretest.IINAigerim + `","surname":"Ә","email":"a@example.kz","region":"almaty","locality":"medeu","storage":"stick","set":"gost"}`
	var filed struct{ Number string }
	if err := json.Unmarshal([]byte(do(0, "application", "file", write("web.json", request), "--json")), &filed); err != nil || !strings.HasPrefix(filed.Number, "9000") {
		t.Errorf("filed as %q: %v", filed.Number, err)
	}
	do(1, "application", "file", write("odd.json", strings.Replace(request, "gost", "gold", 1)))
	do(1, "application", "file", filepath.Join(dir, "nowhere.json"))
	do(2, "application", "file")
	do(2, "system", "add", "1.2.398.9.1", "--iin", centretest.IINAigerim)
	do(1, "system", "add", "1.2", "--iin", centretest.IINAigerim, "--name-ru", "Учёт")
	do(0, "system", "add", "1.2.398.9.1", "--iin", centretest.IINAigerim, "--name-ru", "Учёт")
	if out := do(0, "system", "list"); !strings.Contains(out, "1.2.398.9.1") || !strings.Contains(out, "Учёт") {
		t.Errorf("systems:\n%s", out)
	}
	var systems []struct {
		OID, IIN string
		Name     map[string]string
	}
	if err := json.Unmarshal([]byte(do(0, "system", "list", "--json")), &systems); err != nil || len(systems) != 1 || systems[0].Name["kk"] != "Учёт" {
		t.Errorf("systems: %+v %v", systems, err)
	}
	if out := do(0, "system", "list", "--iin", centretest.IINBolat, "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("of who has none:\n%s", out)
	}
	if out := do(0, "code", "list", "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("codes before any was sent:\n%s", out)
	}
}
