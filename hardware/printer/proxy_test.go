package printer

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/OpenPrinting/goipp"
)

// loss is what becomes of a request on the way to CUPS.
type loss int

const (
	answerLost  loss = iota + 1 // CUPS has done it, nobody hears so
	requestHalf                 // CUPS hears half of it
	requestLost                 // CUPS hears nothing
)

// proxy stands between the kiosk and CUPS and loses the first request of a kind, or all of them.
type proxy struct {
	cups   *http.Client
	socket string // of CUPS
	front  string // of the proxy
	mu     sync.Mutex
	lose   map[goipp.Op]loss
	always bool
	seen   []goipp.Op
}

// newProxy puts a proxy before the CUPS that CUPS_SERVER names.
func newProxy(t *testing.T, s *stand) *proxy {
	t.Helper()
	socket := filepath.Join(s.dir, "socket")
	p := &proxy{socket: socket, front: short(t), lose: map[goipp.Op]loss{}}
	p.cups = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}}
	serve(t, p.front, p)
	return p
}

// short is a path for a socket, which may not be longer than 108 bytes; a test's own folder carries the test's name.
func short(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tkcups")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// serve answers at a socket and makes it the place of CUPS for the test.
func serve(t *testing.T, socket string, h http.Handler) {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	t.Setenv("CUPS_SERVER", socket)
}

// fate takes down a request and says what becomes of it.
func (p *proxy) fate(op goipp.Op) loss {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, op)
	fate := p.lose[op]
	if !p.always {
		delete(p.lose, op)
	}
	return fate
}

// times counts the requests of a kind.
func (p *proxy) times(op goipp.Op) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, o := range p.seen {
		if o == op {
			n++
		}
	}
	return n
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) < 4 {
		panic(http.ErrAbortHandler)
	}
	fate := p.fate(goipp.Op(binary.BigEndian.Uint16(body[2:])))
	switch fate {
	case requestLost:
		panic(http.ErrAbortHandler)
	case requestHalf:
		c, err := net.Dial("unix", p.socket)
		if err == nil {
			fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\nContent-Length: %d\r\n\r\n", r.URL.Path, len(body))
			c.Write(body[:len(body)/2])
			c.Close()
		}
		panic(http.ErrAbortHandler)
	}
	answer, err := p.cups.Post("http://localhost"+r.URL.Path, goipp.ContentType, bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil || fate == answerLost {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", goipp.ContentType)
	w.WriteHeader(answer.StatusCode)
	w.Write(said)
}

func TestPrint_NeverPrintsTwiceWhateverIsLost(t *testing.T) {
	s := newStand(t)
	direct := filepath.Join(s.dir, "socket")
	for name, c := range map[string]struct {
		lose   map[goipp.Op]loss
		always bool
		code   Code // of Print; "" where it hands the document in
	}{
		"the answer about the new job":                      {map[goipp.Op]loss{goipp.OpCreateJob: answerLost}, false, ""},
		"the wish for a job":                                {map[goipp.Op]loss{goipp.OpCreateJob: requestLost}, false, Silent},
		"the answer about the new job and the search":       {map[goipp.Op]loss{goipp.OpCreateJob: answerLost, goipp.OpGetJobs: answerLost}, false, Silent},
		"the answer about the document":                     {map[goipp.Op]loss{goipp.OpSendDocument: answerLost}, false, ""},
		"half of the document":                              {map[goipp.Op]loss{goipp.OpSendDocument: requestHalf}, false, Silent},
		"the document":                                      {map[goipp.Op]loss{goipp.OpSendDocument: requestLost}, false, Silent},
		"the document and the answer about cancelling":      {map[goipp.Op]loss{goipp.OpSendDocument: requestLost, goipp.OpCancelJob: answerLost}, false, Silent},
		"the answer about the document and all that follow": {map[goipp.Op]loss{goipp.OpSendDocument: answerLost, goipp.OpGetJobAttributes: answerLost}, true, Unknown},
		"some answers while it is followed":                 {map[goipp.Op]loss{goipp.OpGetJobAttributes: answerLost, goipp.OpGetPrinterAttributes: answerLost, goipp.OpCancelJob: answerLost}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.printed(t)
			p := newProxy(t, s)
			p.lose, p.always = c.lose, c.always
			s.order(t, "done")
			job, err := Open("Receipt").Print(long(t), Document{Title: "receipt", PDF: page()})
			if CodeOf(err) != c.code || (err == nil) != (c.code == "") || (job == nil) != (err != nil) {
				t.Fatalf("%v, not %q", err, c.code)
			}
			if n := p.times(goipp.OpSendDocument); n > 1 {
				t.Errorf("the document was sent %d times", n)
			}
			t.Setenv("CUPS_SERVER", direct)
			switch c.code {
			case "":
				t.Setenv("CUPS_SERVER", p.front)
				end, err := job.Follow(long(t), nil)
				if end != Printed || err != nil {
					t.Errorf("%q, %v", end, err)
				}
				if n := s.printed(t) - before; n != 1 {
					t.Errorf("printed %d times", n)
				}
			case Unknown: // it is printed, but nobody was told
				until(t, "the document", func() bool { return s.printed(t) == before+1 })
				until(t, "the end of the job", func() bool { return len(jobs(t, "completed")) == 1 }) // nobody follows it, so nobody removed it
				return
			case Silent:
				// What is left is at most an empty job: another document goes through, and it alone. The order above waits for it.
				job, err := Open("Receipt").Print(long(t), Document{Title: "receipt", PDF: page()})
				if err != nil {
					t.Fatal(err)
				}
				if end, err := job.Follow(long(t), nil); end != Printed || err != nil {
					t.Errorf("%q, %v", end, err)
				}
				if n := s.printed(t) - before; n != 1 {
					t.Errorf("printed %d times, not the second document alone", n)
				}
			}
		})
	}
}

// jobs are the numbers of CUPS's jobs.
func jobs(t *testing.T, which string) []int {
	t.Helper()
	m := request(goipp.OpGetJobs)
	add(&m.Operation, "printer-uri", goipp.TagURI, Open("Receipt").uri())
	add(&m.Operation, "which-jobs", goipp.TagKeyword, which)
	answer, err := ask(t.Context(), answerWithin, "/", m, nil)
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, g := range answer.Groups {
		if g.Tag == goipp.TagJobGroup {
			found = append(found, number(g.Attrs, "job-id"))
		}
	}
	return found
}
