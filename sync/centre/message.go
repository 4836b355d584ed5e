package centre

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/sync/registry"
)

// message is a letter on its way to a mail system: an e-mail as RFC 5322 and MIME (RFC 2045 to 2047) have it, with CRLF and in ASCII alone.
type message struct {
	from   mail.Address
	id     string // left part of the Message-ID: the same letter has the same
	at     time.Time
	letter registry.Letter
}

// base64Line is how long a line of a base64 body is (RFC 2045 §6.8: at most 76).
const base64Line = 76

func (m message) write() ([]byte, error) {
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	boundary := "tirkeu-" + m.id
	if err := parts.SetBoundary(boundary); err != nil {
		return nil, fmt.Errorf("writing an e-mail: %w", err)
	}
	_, domain, _ := strings.Cut(m.from.Address, "@")
	var out bytes.Buffer
	for _, h := range [][2]string{
		{"From", m.from.String()},
		{"To", (&mail.Address{Address: m.letter.To}).String()},
		{"Subject", mime.QEncoding.Encode("utf-8", m.letter.Subject)},
		{"Date", m.at.Format(time.RFC1123Z)},
		{"Message-ID", "<" + m.id + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"}, // RFC 3834 §5: no out-of-office answers
		{"Content-Language", m.letter.Language},
		{"MIME-Version", "1.0"},
		{"Content-Type", mime.FormatMediaType("multipart/mixed", map[string]string{"boundary": boundary})},
	} {
		fmt.Fprintf(&out, "%s: %s\r\n", h[0], h[1])
	}
	out.WriteString("\r\n")
	if err := writeText(parts, m.letter.Text); err != nil {
		return nil, fmt.Errorf("writing an e-mail: %w", err)
	}
	if err := writeFile(parts, m.letter.Name, m.letter.PDF); err != nil {
		return nil, fmt.Errorf("writing an e-mail: %w", err)
	}
	if err := parts.Close(); err != nil {
		return nil, fmt.Errorf("writing an e-mail: %w", err)
	}
	return append(out.Bytes(), body.Bytes()...), nil
}

func writeText(parts *multipart.Writer, text string) error {
	w, err := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {"text/plain; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
	if err != nil {
		return err
	}
	q := quotedprintable.NewWriter(w)
	if _, err := q.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n") + "\r\n")); err != nil {
		return err
	}
	return q.Close()
}

func writeFile(parts *multipart.Writer, name string, data []byte) error {
	w, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {mime.FormatMediaType("application/pdf", map[string]string{"name": name})},
		"Content-Disposition":       {mime.FormatMediaType("attachment", map[string]string{"filename": name})},
		"Content-Transfer-Encoding": {"base64"},
	})
	if err != nil {
		return err
	}
	text := base64.StdEncoding.EncodeToString(data)
	for len(text) > 0 {
		n := min(base64Line, len(text))
		if _, err := w.Write([]byte(text[:n] + "\r\n")); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}
