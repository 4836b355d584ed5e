//go:build cgo

package terminal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
)

// foreign are state folders of the other edition, by what is in them.
func foreign(t *testing.T) map[string]string {
	t.Helper()
	database, device := t.TempDir(), t.TempDir()
	key := bytes.Repeat([]byte{7}, storage.SealKeySize)
	if err := os.WriteFile(filepath.Join(database, "seal.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := storage.Open(filepath.Join(database, "kiosk.db"), storage.Options{SealKey: key, Application: otherMark})
	if err != nil {
		t.Fatal(err)
	}
	if err = s.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(Device{Name: "kiosk-01", Prefix: "1001", Edition: otherEdition})
	if err != nil {
		t.Fatal(err)
	}
	if err = os.WriteFile(filepath.Join(device, "device.json"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"database": database, "device": device}
}

// contents of a folder but for its lock, which whoever looks at it takes.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "lock" || strings.HasSuffix(e.Name(), "-shm") || strings.HasSuffix(e.Name(), "-wal") {
			return err
		}
		data, err := os.ReadFile(path)
		found[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEdition_RefusesTheOthersDataInWordsAndLeavesThemAsTheyAre(t *testing.T) {
	for name, state := range foreign(t) {
		t.Run(name, func(t *testing.T) {
			before := contents(t, state)
			terminal, err := Open(t.Context(), Configuration{}, state, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			k, err := terminal.Kiosk(nil)
			if err != nil {
				t.Fatal(err)
			}
			if picture := string(k.State()); !strings.Contains(picture, `"name":"fault"`) || !strings.Contains(picture, string(app.CodeFolderOther)) {
				t.Errorf("the screen is %s", picture)
			}
			if err := errors.Join(k.Close(), terminal.Close()); err != nil {
				t.Fatal(err)
			}
			for command, run := range map[string]func() (int, string){
				"provision": func() (int, string) {
					var errs bytes.Buffer
					status := provision(t.Context(), []string{"--state", state, "--config", written(t, ""), "--centre", "https://127.0.0.1:1", "--reference", "r"}, strings.NewReader("s"), &bytes.Buffer{}, &errs)
					return status, errs.String()
				},
				"doctor": func() (int, string) {
					var out, errs bytes.Buffer
					status := doctor(t.Context(), []string{"--state", state, "--config", written(t, "")}, nil, &out, &errs)
					return status, out.String()
				},
			} {
				if status, said := run(); status != Failed || !strings.Contains(said, errOtherEdition.Error()) {
					t.Errorf("%s: status %d: %s", command, status, said)
				}
			}
			if after := contents(t, state); len(after) != len(before) {
				t.Errorf("there is more or less in the folder: %d files instead of %d", len(after), len(before))
			} else {
				for path, data := range before {
					if after[path] != data {
						t.Errorf("%s was changed", filepath.Base(path))
					}
				}
			}
		})
	}
}

func TestEdition_RefusesTheOthersDatabaseAlsoWithItsMarkChanged(t *testing.T) {
	state := t.TempDir()
	f, err := OpenFolder(state)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := f.openStore()
	if err != nil {
		t.Fatal(err)
	}
	if err = s.Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(f.Path("seal.key"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := otherSealKey(kept)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = storage.Open(f.Path("kiosk.db"), storage.Options{SealKey: key, Application: fileMark}); !errors.Is(err, storage.ErrKey) {
		t.Errorf("with the other edition's key: %v", err)
	}
}

// enrolledHere gives a state folder that this edition enrolled at a centre.
func enrolledHere(t *testing.T, c *centretest.Centre, name string) (state string, err error) {
	t.Helper()
	state = t.TempDir()
	terminal, err := Open(t.Context(), Configuration{}, state, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	reference, secret := c.AddKiosk(name)
	_, err = terminal.Enrol(context.WithoutCancel(t.Context()), app.Enrolment{Centre: c.URL, Reference: reference, Secret: secret, Display: app.Display{WidthPx: 1920, HeightPx: 1080, DiagonalIn: 21.5}})
	if closed := terminal.Close(); closed != nil {
		t.Fatal(closed)
	}
	return state, err
}

func TestEdition_WritesDownWhoseADeviceIs(t *testing.T) {
	state, err := enrolledHere(t, centretest.Start(t), "kiosk-01")
	if err != nil {
		t.Fatal(err)
	}
	d, _, err := (&Folder{path: state}).device()
	if err != nil || d.Edition != edition {
		t.Fatalf("%v: %+v", err, d)
	}
}
