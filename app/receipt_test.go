package app

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// orderedPrinter is a printer that does what it is told by words: a state, "printed", "refused", "doubt" or "gone".
type orderedPrinter struct {
	orders  chan string
	printed chan Paper
}

func newOrderedPrinter() *orderedPrinter {
	return &orderedPrinter{orders: make(chan string, 8), printed: make(chan Paper, 8)}
}

func (p *orderedPrinter) Present(context.Context) bool { return true }

func (p *orderedPrinter) Print(ctx context.Context, what Paper, told func(string)) error {
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: cancelled", ErrNotPrinted)
		case order := <-p.orders:
			switch order {
			case "printed":
				p.printed <- what
				return nil
			case "refused":
				return ErrNotPrinted
			case "doubt":
				return ErrMaybePrinted
			case "gone":
				return ErrPrinterAbsent
			}
			told(order)
		}
	}
}

// numbered leaves a stand on whose screen an application's number stands.
func (s *stand) numbered() string {
	s.t.Helper()
	f := s.token("kaztoken", "KZ-1")
	s.plug(f)
	return s.apply(f)
}

func (s *stand) taken() ReceiptTakeScreen {
	s.t.Helper()
	var v ReceiptTakeScreen
	p := s.picture()
	if p.Screen.Name == "receipt.take" {
		p.data(s.t, &v)
	}
	return v
}

func (s *stand) untilPhase(phase string) ReceiptTakeScreen {
	s.t.Helper()
	s.until("a receipt that is "+phase, func(picture) bool { return s.taken().Phase == phase })
	return s.taken()
}

func (s *stand) untilOffered(way string) {
	s.t.Helper()
	s.until("the receipt offered: "+way, func(p picture) bool {
		var done ApplyDoneScreen
		p.data(s.t, &done)
		return done.Receipt == way
	})
}

// words is what stands on a PDF.
func words(t *testing.T, pdf []byte) string {
	t.Helper()
	program, err := exec.LookPath("pdftotext")
	if err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "receipt.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, "-raw", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

func TestReceipt_IsPrintedWithTheNumberAndSaysNotWhoApplied(t *testing.T) {
	printer := newOrderedPrinter()
	s := newStand(t, func(c *Config) { c.Printer = printer })
	number := s.numbered()
	s.untilOffered("print")
	s.do("receipt.print", nil)
	if v := s.untilPhase("printing"); !strings.HasPrefix(v.Number, "1001") || v.QR.Size == 0 {
		t.Fatalf("the number left the screen: %+v", v)
	}
	printer.orders <- "printed"
	s.untilPhase("printed")
	got := <-printer.printed
	text := words(t, got.PDF)
	for _, want := range []string{number[:4] + " " + number[4:10] + " " + number[10:], "22 ноября 2026", "Центр", "удостоверением личности", "22 декабря 2026"} {
		if !strings.Contains(strings.ReplaceAll(text, "\u00a0", " "), want) {
			t.Errorf("%q is not on the receipt: %s", want, text)
		}
	}
	all := text + got.Title + string(got.PDF)
	for _, secret := range []string{aigerim, spacedIIN(aigerim), "СЕРІК", "АЙГЕРІМ", "aigerim@example.kz"} {
		if strings.Contains(all, secret) {
			t.Errorf("the receipt says %q", secret)
		}
	}
	if got.Width != 80 || got.Height < 90 {
		t.Errorf("%d by %d mm", got.Width, got.Height)
	}
	s.shows("apply.done", "back", nil)
	s.shows("attract", "finish", nil)
}

func TestReceipt_APrinterThatWaitsForAPersonIsGivenUpAndTheMailOffered(t *testing.T) {
	for _, state := range []string{"out-of-paper", "jam", "offline"} {
		printer := newOrderedPrinter()
		s := newStand(t, func(c *Config) { c.Printer, c.PrinterPatience = printer, time.Nanosecond })
		s.numbered()
		s.untilOffered("print")
		s.do("receipt.print", nil)
		printer.orders <- state // it is never told to print: only giving up ends it
		v := s.untilPhase("failed")
		if v.Text != s.k.text("receipt.why."+state) || v.Number == "" || v.QR.Size == 0 || !v.Printer {
			t.Errorf("%s: %+v", state, v)
		}
		var mail ReceiptEmailScreen
		s.shows("receipt.email", "receipt.email", nil).data(t, &mail)
		if mail.Email != "aigerim@example.kz" || mail.Number == "" {
			t.Errorf("%+v", mail)
		}
	}
}

func TestReceipt_APrinterThatGoesOnIsWaitedFor(t *testing.T) {
	printer := newOrderedPrinter()
	s := newStand(t, func(c *Config) { c.Printer, c.PrinterPatience = printer, time.Hour })
	s.numbered()
	s.untilOffered("print")
	s.do("receipt.print", nil)
	printer.orders <- "out-of-paper"
	s.until("paper to be asked for", func(picture) bool { return s.taken().Text == s.k.text("printer.out-of-paper") })
	printer.orders <- "busy"
	s.until("the printer to go on", func(picture) bool { return s.taken().Text == s.k.text("receipt.printing") })
	printer.orders <- "printed"
	s.untilPhase("printed")
}

func TestReceipt_APrinterThatFallsSilentWhileItPrintsLeavesItOpenWhetherItIsPrinted(t *testing.T) {
	for word, phase := range map[string]string{"busy": "doubtful", "connecting": "failed"} {
		printer := newOrderedPrinter()
		s := newStand(t, func(c *Config) { c.Printer, c.PrintWithin = printer, 300*time.Millisecond })
		s.numbered()
		s.untilOffered("print")
		printer.orders <- word // it says no more
		s.do("receipt.print", nil)
		if v := s.untilPhase(phase); v.Number == "" || !v.Printer {
			t.Errorf("%s: %+v", word, v)
		}
	}
}

func TestReceipt_TellsWhatBecameOfIt(t *testing.T) {
	for order, want := range map[string]ReceiptTakeScreen{
		"refused": {Phase: "failed", Text: "receipt.why.attention"}, "gone": {Phase: "failed", Text: "receipt.why.absent"}, "doubt": {Phase: "doubtful", Text: "receipt.doubtful"},
	} {
		printer := newOrderedPrinter()
		s := newStand(t, func(c *Config) { c.Printer = printer })
		s.numbered()
		s.untilOffered("print")
		s.do("receipt.print", nil)
		printer.orders <- order
		if v := s.untilPhase(want.Phase); v.Text != s.k.text(want.Text) {
			t.Errorf("%s: %+v", order, v)
		}
	}
}

func TestReceipt_GoesByMailWithoutPrinterAndWithoutLine(t *testing.T) {
	s := newStand(t)
	number := s.numbered()
	s.untilOffered("email")
	if p := s.do("receipt.print", nil); p.Screen.Name != "apply.done" {
		t.Fatalf("printed without a printer: %s", p)
	}
	s.shows("receipt.email", "receipt.email", nil)
	s.refuses(CodeEmail, "receipt.send", args{"email": ""})
	s.refuses(CodeEmail, "receipt.send", args{"email": "a@b.kz\r\nBcc: c@d.kz"})
	s.store.fail(ErrDiskFull)
	s.refuses(CodeDiskFull, "receipt.send", args{"email": "other@example.kz"})
	s.store.fail(nil)
	s.engine.mu.Lock()
	s.engine.state.Online = false
	s.engine.mu.Unlock()
	s.k.tick()
	s.shows("receipt.take", "receipt.send", args{"email": "other@example.kz"})
	if v := s.taken(); v.Phase != "mailed" || v.Text != s.k.text("receipt.mailed-later", "To", "other@example.kz") || v.Number == "" {
		t.Errorf("%+v", v)
	}
	if len(s.store.letters) != 1 {
		t.Fatalf("%d letters are kept", len(s.store.letters))
	}
	l := s.store.letters[0]
	text := l.Subject + l.Text + words(t, l.PDF)
	for _, secret := range []string{aigerim, "СЕРІК", "АЙГЕРІМ"} {
		if strings.Contains(text, secret) {
			t.Errorf("the letter says %q", secret)
		}
	}
	if l.To != "other@example.kz" || l.Language != "ru" || !strings.Contains(l.Subject, number[4:10]) {
		t.Errorf("%+v", l)
	}
	for range 2 {
		s.shows("receipt.email", "receipt.email", nil)
		s.shows("receipt.take", "receipt.send", args{"email": "other@example.kz"})
	}
	s.shows("receipt.email", "receipt.email", nil)
	s.refuses(CodeLetters, "receipt.send", args{"email": "other@example.kz"})
	if strings.Contains(s.log.String(), "other@example.kz") {
		t.Error("the address is in the log")
	}
}

func TestReceipt_OfARevocationLeavesItFollowed(t *testing.T) {
	printer := newOrderedPrinter()
	s, f := inCabinet(t, func(c *Config) { c.Printer = printer })
	s.toConfirm(0)
	number := s.signsRevocation(f, 1)
	s.until("the receipt offered", func(p picture) bool {
		var v RevokeDoneScreen
		p.data(t, &v)
		return v.Receipt == "print"
	})
	s.do("receipt.print", nil)
	s.untilPhase("printing")
	s.settleRevocation(number, "") // seen while the receipt's screen stands over it
	printer.orders <- "printed"
	s.untilPhase("printed")
	if text := words(t, (<-printer.printed).PDF); !strings.Contains(text, "Заявка на отзыв принята") {
		t.Errorf("%s", text)
	}
	s.do("back", nil)
	s.untilRevocation("revoked")
}
