package centre_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
)

func aLetter() api.Letter {
	return api.Letter{To: "aigerim@example.kz", Language: "kk", Subject: "1001 000001 5 өтінімінің түбіртегі", Text: "Бұл түбіртек.\nЕкінші жол.", Name: "tirkeu-10010000015.pdf",
		Pdf: append([]byte("%PDF-1.3\n"), bytes.Repeat([]byte{0, 0xff, '\n', '.'}, 20_000)...)}
}

// posted gives the messages that wait, and checks that nothing half-written lies beside them.
func posted(t *testing.T, c *centretest.Centre) [][]byte {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(c.State, "mail", "tmp", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left in tmp: %v %v", left, err)
	}
	names, err := filepath.Glob(filepath.Join(c.State, "mail", "new", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s can be read by others: %v %v", name, info.Mode(), err)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}

func postLetter(t *testing.T, d *centretest.Device, number string, l api.Letter) api.ErrorCode {
	t.Helper()
	answer, err := d.API.PostLetterWithResponse(t.Context(), number, l)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode() == http.StatusNoContent {
		return ""
	}
	return code(answer.Body)
}

// filedPaper is an application that the device has filed.
func filedPaper(t *testing.T, d *centretest.Device, counter uint64) string {
	t.Helper()
	p := d.NewPaper(centretest.Person(centretest.IINAigerim), counter, centretest.Key(0), centretest.Key(1))
	answer, err := d.API.PutApplicationWithResponse(t.Context(), p.Number, api.Filing{Document: p.Document})
	if err != nil || answer.JSON200 == nil {
		t.Fatalf("%v %s", err, answer.Body)
	}
	return p.Number
}

func TestLetter_LiesInTheMaildirAsAMessageThatOthersRead(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		number := filedPaper(t, d, 1)
		l := aLetter()
		for range 2 { // an answer may be lost on the way
			if no := postLetter(t, d, number, l); no != "" {
				t.Fatal(no)
			}
		}
		all := posted(t, c)
		if len(all) != 1 {
			t.Fatalf("%d letters", len(all))
		}
		for i, b := range all[0] {
			if b >= 0x80 || b == '\n' && (i == 0 || all[0][i-1] != '\r') {
				t.Fatalf("octet %d is %q: no message of RFC 5322", i, b)
			}
		}
		m, err := mail.ReadMessage(bytes.NewReader(all[0]))
		if err != nil {
			t.Fatal(err)
		}
		to, err := m.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != l.To {
			t.Errorf("to %v, %v", to, err)
		}
		from, err := m.Header.AddressList("From")
		if err != nil || from[0].String() != mustAddress(t, centre.DefaultFrom) {
			t.Errorf("from %v, %v", from, err)
		}
		if subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil || subject != l.Subject {
			t.Errorf("subject %q, %v", subject, err)
		}
		if _, err := m.Header.Date(); err != nil || !strings.HasPrefix(m.Header.Get("Message-Id"), "<"+number+".") || m.Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("%v, %v", m.Header, err)
		}
		kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		if err != nil || kind != "multipart/mixed" {
			t.Fatalf("%q, %v", kind, err)
		}
		parts := multipart.NewReader(m.Body, params["boundary"])
		text, err := parts.NextPart() // quoted-printable is undone by it
		if err != nil {
			t.Fatal(err)
		}
		if said, err := io.ReadAll(text); err != nil || strings.ReplaceAll(string(said), "\r\n", "\n") != l.Text+"\n" {
			t.Errorf("the text is %q, %v", said, err)
		}
		file, err := parts.NextRawPart()
		if err != nil || file.FileName() != l.Name || file.Header.Get("Content-Type")[:15] != "application/pdf" {
			t.Fatalf("%v, %v", file, err)
		}
		if back := unbase64(t, file); !bytes.Equal(back, l.Pdf) {
			t.Errorf("the file has %d octets instead of %d, or others", len(back), len(l.Pdf))
		}
		if _, err := parts.NextPart(); err != io.EOF {
			t.Errorf("there is more: %v", err)
		}
		if report, err := c.VerifyAudit(t.Context(), nil); err != nil || report.BrokenAt != 0 {
			t.Errorf("audit: %+v %v", report, err)
		}
	})
}

func TestLetter_IsTakenOnlyAboutAnApplicationOfTheDevice(t *testing.T) {
	c := centretest.Start(t)
	d, other := c.Enrol("hall"), c.Enrol("corridor")
	number := filedPaper(t, d, 1)
	if no := postLetter(t, other, number, aLetter()); no != api.ErrorCodeNotFound {
		t.Errorf("another device: %q", no)
	}
	if no := postLetter(t, d, d.NewPaper(centretest.Person(centretest.IINAigerim), 9, centretest.Key(2), centretest.Key(3)).Number, aLetter()); no != api.ErrorCodeNotFound {
		t.Errorf("an application that was never filed: %q", no)
	}
	bad := aLetter()
	bad.To = "a@example.kz\r\nBcc: b@example.kz"
	if no := postLetter(t, d, number, bad); no != api.ErrorCodeBadRequest {
		t.Errorf("two addresses: %q", no)
	}
	for i := range 4 {
		l := aLetter()
		l.Text = strings.Repeat("x", i+1)
		want := api.ErrorCode("")
		if i == 3 {
			want = api.ErrorCodeConflict
		}
		if no := postLetter(t, d, number, l); no != want {
			t.Errorf("letter %d: %q", i+1, no)
		}
	}
	if all := posted(t, c); len(all) != 3 {
		t.Errorf("%d letters", len(all))
	}
}

func mustAddress(t *testing.T, text string) string {
	t.Helper()
	a, err := mail.ParseAddress(text)
	if err != nil {
		t.Fatal(err)
	}
	return a.String()
}

func unbase64(t *testing.T, r io.Reader) []byte {
	t.Helper()
	data, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, r))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
