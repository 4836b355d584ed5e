package token

import (
	"bytes"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
)

func TestComplaints_AreBoundedScrubbedAndSilentOnceAPINWasSent(t *testing.T) {
	var log bytes.Buffer
	private := &atomic.Bool{}
	c := &complaints{log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), private: private}
	write := func(text string) {
		if n, err := c.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	write("reader ")
	write("not ready\nPIN 31415926 a1b2c3 \x1b[31m\n" + strings.Repeat("long ", 1000) + "\n")
	private.Store(true)
	write("PIN was abcdef\n")
	private.Store(false)
	for range 2 * complaintLines {
		write("again\n")
	}
	text := log.String()
	if !strings.Contains(text, "reader not ready") {
		t.Errorf("a line in two parts is lost:\n%s", text)
	}
	for _, word := range []string{"31415926", "a1b2c3", "\x1b", "abcdef", strings.Repeat("long ", complaintLength/5+1)} {
		if strings.Contains(text, word) {
			t.Errorf("the log holds %q", word)
		}
	}
	if n := strings.Count(text, "\n"); n != complaintLines-1 {
		t.Errorf("%d lines logged", n)
	}
}
