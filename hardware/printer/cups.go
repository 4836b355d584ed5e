package printer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/user"
	"strings"
	"syscall"
	"time"

	"github.com/OpenPrinting/goipp"
)

const (
	answerWithin = 3 * time.Second  // CUPS on this machine answers in milliseconds
	sendWithin   = 30 * time.Second // for a whole document
	maxAnswer    = 1 << 20          // bytes
	maxDocument  = 32 << 20         // bytes
)

// sockets are where CUPS listens on Debian and elsewhere.
var sockets = []string{"/run/cups/cups.sock", "/var/run/cups/cups.sock"}

// address is where CUPS is: CUPS_SERVER as libcups reads it (a socket's path, or a host with a port), or the first of the usual sockets that exists.
func address() (network, place string) {
	if named := os.Getenv("CUPS_SERVER"); named != "" {
		if strings.HasPrefix(named, "/") {
			return "unix", named
		}
		if _, _, err := net.SplitHostPort(named); err != nil {
			named = net.JoinHostPort(named, "631")
		}
		return "tcp", named
	}
	for _, s := range sockets {
		if _, err := os.Stat(s); err == nil {
			return "unix", s
		}
	}
	return "unix", sockets[0]
}

// connection opens one connection a request. net/http repeats a request by itself only on a connection that was used before, so here it never does.
var connection = &http.Client{
	Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			network, place := address()
			return d.DialContext(ctx, network, place)
		},
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// request begins a request with what every request must have (RFC 8011 §4.1.4).
func request(op goipp.Op) *goipp.Message {
	m := goipp.NewRequest(goipp.DefaultVersion, op, 1)
	add(&m.Operation, "attributes-charset", goipp.TagCharset, "utf-8")
	add(&m.Operation, "attributes-natural-language", goipp.TagLanguage, "en")
	return m
}

func add(to *goipp.Attributes, name string, tag goipp.Tag, values ...string) {
	a := goipp.Attribute{Name: name}
	for _, v := range values {
		a.Values.Add(tag, goipp.String(v))
	}
	to.Add(a)
}

// me is who the jobs belong to. Over its socket CUPS takes the name as it is given.
func me() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "tirkeu"
}

// errNotSent marks a request that CUPS cannot have seen.
var errNotSent = errors.New("CUPS is not there")

// ask sends a request, with a document behind it where there is one, and gives CUPS's answer whatever its status. An error is that no answer came; it
// wraps errNotSent where nobody was there to hear the request.
func ask(ctx context.Context, within time.Duration, path string, m *goipp.Message, document []byte) (*goipp.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	head, err := m.EncodeBytes()
	if err != nil {
		return nil, fmt.Errorf("%w: write the request: %w", errNotSent, err)
	}
	body := io.MultiReader(bytes.NewReader(head), bytes.NewReader(document))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+path, body)
	if err != nil {
		return nil, fmt.Errorf("%w: write the request: %w", errNotSent, err)
	}
	r.ContentLength = int64(len(head) + len(document))
	r.Header.Set("Content-Type", goipp.ContentType)
	response, err := connection.Do(r)
	if err != nil {
		if nobody(err) {
			return nil, fmt.Errorf("%w: %w", errNotSent, err)
		}
		return nil, fmt.Errorf("ask CUPS: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask CUPS: it answered %s", response.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("ask CUPS: read the answer: %w", err)
	}
	if len(raw) > maxAnswer {
		return nil, errors.New("ask CUPS: too long an answer")
	}
	answer := &goipp.Message{}
	if err := answer.DecodeBytes(raw); err != nil {
		return nil, fmt.Errorf("ask CUPS: understand the answer: %w", err)
	}
	return answer, nil
}

// nobody says whether an error means that nothing listens where CUPS should.
func nobody(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" && (errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED))
}

// refusal is the error of an answer that is none of success (RFC 8011 §B.1.2: 0x0000–0x00ff).
func refusal(answer *goipp.Message) error {
	status := goipp.Status(answer.Code)
	switch {
	case status < 0x100:
		return nil
	case status == goipp.StatusErrorNotFound:
		return &Error{Absent, errors.New("CUPS has no such printer or job")}
	}
	said := text(answer.Operation, "status-message")
	return &Error{Refused, fmt.Errorf("CUPS said %v %s", status, said)}
}

// text gives the first value of an attribute as text; "" where it is missing.
func text(from goipp.Attributes, name string) string {
	if all := texts(from, name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// texts gives all values of an attribute as text.
func texts(from goipp.Attributes, name string) []string {
	var found []string
	for _, a := range from {
		if a.Name == name {
			for _, v := range a.Values {
				found = append(found, v.V.String())
			}
		}
	}
	return found
}

// number gives an attribute of type integer or enum; 0 where it is missing.
func number(from goipp.Attributes, name string) int {
	for _, a := range from {
		if a.Name != name || len(a.Values) == 0 {
			continue
		}
		if n, ok := a.Values[0].V.(goipp.Integer); ok {
			return int(n)
		}
	}
	return 0
}
