package pcsc

import "testing"

func TestStateOf_ReadsWhatOpenSCLists(t *testing.T) {
	list := "# Detected readers (pcsc)\nNr.  Card  Features  Name\n" +
		"0    Yes             ACS ACR39U ICC Reader 00 00\n1    No    PIN pad   Aktiv Rutoken PINPad 2 01 00\n2    No              Yes Man 02 00\n"
	for reader, want := range map[string]struct {
		name  string
		state State
	}{
		"ACS":     {"ACS ACR39U ICC Reader 00 00", Loaded},
		"Rutoken": {"Aktiv Rutoken PINPad 2 01 00", Empty},
		"Yes Man": {"Yes Man 02 00", Empty},
		"JaCarta": {"", Gone},
		"Name":    {"", Gone},
	} {
		if name, state := stateOf(list, reader); name != want.name || state != want.state {
			t.Errorf("%s: %q %d", reader, name, state)
		}
	}
	if name, state := stateOf("No smart card readers found.\n", "smart"); state != Gone {
		t.Errorf("%q %d", name, state)
	}
}
