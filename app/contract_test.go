package app

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write frontend/src/contract.ts anew")

const contractFile = "../frontend/src/contract.ts"

// TestContract_PageTypesAreThoseOfGo compares the page's types with ours; run with -update after a change.
func TestContract_PageTypesAreThoseOfGo(t *testing.T) {
	want := contract()
	if *update {
		err := os.WriteFile(contractFile, want, 0o644)
		if err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(contractFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Fatalf("%s is not what the Go types say; run: go test ./app -run TestContract -update", contractFile)
	}
}

// contract renders the types of the snapshot, each screen and each action as TypeScript.
func contract() []byte {
	var out bytes.Buffer
	out.WriteString("// Generated from the Go types of app by `go test ./app -run TestContract -update`. Do not edit.\n\n")
	seen := map[reflect.Type]bool{}
	var order []reflect.Type
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice:
			visit(t.Elem())
			return
		case reflect.Struct:
		default:
			return
		}
		if seen[t] || t == reflect.TypeFor[Screen]() || t == reflect.TypeFor[Empty]() {
			return
		}
		seen[t] = true
		order = append(order, t)
		for i := range t.NumField() {
			visit(t.Field(i).Type)
		}
	}
	visit(reflect.TypeFor[Snapshot]())
	for _, s := range screenData {
		visit(reflect.TypeOf(s.data))
	}
	for _, a := range actionArgs {
		visit(reflect.TypeOf(a.args))
	}
	fmt.Fprintf(&out, "export type Lang = 'kk' | 'ru' | 'en'\nexport type Role = 'none' | 'citizen' | 'staff' | 'technician'\n")
	fmt.Fprintf(&out, "/** An error's number, such as E-1203. */\nexport type Code = string\n")
	for _, t := range order {
		fmt.Fprintf(&out, "\nexport interface %s {\n", t.Name())
		for i := range t.NumField() {
			f := t.Field(i)
			name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" {
				continue
			}
			if strings.Contains(opts, "omitempty") {
				name += "?"
			}
			ts := f.Tag.Get("ts")
			if ts == "" {
				ts = tsType(f.Type, strings.Contains(opts, "omitempty"))
			}
			fmt.Fprintf(&out, "  %s: %s\n", name, ts)
		}
		out.WriteString("}\n")
	}
	out.WriteString("\n/** The data of each screen, by its name. */\nexport interface Screens {\n")
	for _, s := range screenData {
		fmt.Fprintf(&out, "  '%s': %s\n", s.name, tsType(reflect.TypeOf(s.data), false))
	}
	out.WriteString("}\n\nexport type ScreenName = keyof Screens\n")
	out.WriteString("export type Screen = { [N in ScreenName]: { name: N; data: Screens[N] } }[ScreenName]\n")
	out.WriteString("\n/** The arguments of each action, by its name. Any may carry seq: a stale one does nothing. */\nexport interface Actions {\n")
	for _, a := range actionArgs {
		fmt.Fprintf(&out, "  '%s': %s\n", a.name, tsType(reflect.TypeOf(a.args), false))
	}
	out.WriteString("}\n\nexport type ActionName = keyof Actions\n")
	return out.Bytes()
}

func tsType(t reflect.Type, optional bool) string {
	switch t.Kind() {
	case reflect.String:
		switch t {
		case reflect.TypeFor[Lang](), reflect.TypeFor[Role](), reflect.TypeFor[Code]():
			return t.Name()
		}
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Uint64, reflect.Float64:
		return "number"
	case reflect.Slice:
		return tsType(t.Elem(), false) + "[]"
	case reflect.Pointer:
		if optional {
			return tsType(t.Elem(), false)
		}
		return tsType(t.Elem(), false) + " | null"
	case reflect.Struct:
		if t == reflect.TypeFor[Empty]() {
			return "Record<string, never>"
		}
		return t.Name()
	default:
		panic("no TypeScript for " + t.String())
	}
}
