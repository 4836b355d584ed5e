package printer

import (
	"os"
	"path/filepath"
	"testing"
)

// lpstat puts a program of that name first on the path: what CUPS 2.4 was seen to say, answered by a shell.
func lpstat(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if script != "" {
		if err := os.WriteFile(filepath.Join(dir, "lpstat"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

func TestPresent_NamesThePrinterThatTakesJobs(t *testing.T) {
	for name, c := range map[string]struct {
		script, want string
		fails        bool
	}{
		"no CUPS":                            {"", "", false},
		"no printer":                         {`echo "lpstat: No destinations added." >&2; exit 1`, "", false},
		"no scheduler":                       {`echo "lpstat: Scheduler is not running." >&2; exit 1`, "", false},
		"nothing said":                       {`exit 0`, "", false},
		"the default one":                    {`case $1 in -a) echo "Front accepting requests since x"; echo "Back accepting requests since x";; -d) echo "system default destination: Back";; esac`, "Back", false},
		"no default":                         {`case $1 in -a) echo "Front accepting requests since x"; echo "Back accepting requests since x";; -d) echo "no system default destination";; esac`, "Front", false},
		"the default one is out":             {`case $1 in -a) echo "Front not accepting requests since x -"; echo "	reason unknown"; echo "Back accepting requests since x";; -d) echo "system default destination: Front";; esac`, "Back", false},
		"none takes jobs":                    {`case $1 in -a) echo "Front not accepting requests since x -";; esac`, "", false},
		"something else is wrong":            {`echo "lpstat: Forbidden" >&2; exit 1`, "", true},
		"it fails without a word":            {`exit 3`, "", true},
		"it never stops answering":           {`while :; do echo "Front accepting requests since x"; done`, "", true},
		"it speaks the language of programs": {`[ "$LC_ALL" = C ] && [ $1 = -a ] && echo "Front accepting requests since x"; exit 0`, "Front", false},
	} {
		t.Run(name, func(t *testing.T) {
			lpstat(t, c.script)
			got, ok, err := Present()
			if err != nil {
				t.Log(err)
			}
			if got != c.want || ok != (c.want != "") || (err != nil) != c.fails {
				t.Errorf("%q, %t, %v", got, ok, err)
			}
		})
	}
}
