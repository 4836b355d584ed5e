package printer

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/OpenPrinting/goipp"
)

// stand is a CUPS of the test's own, without systemd, with one driverless queue "Receipt" whose printer is CUPS's own virtual one (ippeveprinter). The
// printer does what it is ordered, a line at a time: "STATE: …" sets its state, "done" ends a job well, "fail" ends it badly. testdata has what CUPS is
// told, and a driverless receipt printer (ippserver's format): paper 80 mm wide, 25 mm to 2 m long, PDF taken as it is. The end-to-end runs take them too.
type stand struct {
	dir     string
	orders  *os.File
	printer *exec.Cmd
	address string // of the printer, as CUPS calls it
}

// programs are what the stand needs; where one is missing the test is skipped, or fails if TIRKEU_TEST_ALL is set.
var programs = []string{"cupsd", "lpadmin", "cupsdisable", "cupsenable", "cupsreject", "ippeveprinter", "dbus-daemon"}

const command = `#!/bin/sh
cp "$1" "DIR/printed/$$.pdf"
while read -r order; do
  case $order in
    done) exit 0 ;;
    fail) exit 1 ;;
    *) echo "$order" >&2 ;;
  esac
done <"DIR/orders"
`

func newStand(t *testing.T) *stand {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin") // where Debian has them, also for who is not root
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("TIRKEU_TEST_ALL") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	// Not t.TempDir: CUPS's filters run as another user and must reach it, and a socket's path must be short.
	dir, err := os.MkdirTemp("", "tkcups")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &stand{dir: dir}
	s.must(t, os.Chmod(dir, 0o711))
	for _, d := range []string{"etc", "spool", "tmp", "cache", "state", "log", "jobs", "printed"} {
		s.must(t, os.Mkdir(filepath.Join(dir, d), 0o755))
	}
	for name, from := range map[string]string{"etc/cupsd.conf": "cupsd.conf", "etc/cups-files.conf": "cups-files.conf", "roll.conf": "roll.conf"} {
		text, err := os.ReadFile(filepath.Join("testdata", from))
		s.must(t, err)
		s.write(t, name, strings.ReplaceAll(string(text), "GROUP", group(t)), 0o644)
	}
	s.write(t, "command", command, 0o755)
	s.must(t, syscall.Mkfifo(filepath.Join(dir, "orders"), 0o666))
	s.orders, err = os.OpenFile(filepath.Join(dir, "orders"), os.O_RDWR, 0) // read and write: neither end waits for the other
	s.must(t, err)
	t.Cleanup(func() { s.orders.Close() })

	// The virtual printer wants Avahi, whose library wants a system bus; an empty one of the test's own will do.
	bus := "unix:path=" + filepath.Join(dir, "bus")
	s.start(t, nil, exec.Command("dbus-daemon", "--session", "--nofork", "--nopidfile", "--address="+bus))
	s.appears(t, "bus")
	port := freePort(t)
	s.printer = exec.Command("ippeveprinter", "-r", "off", "-p", fmt.Sprint(port), "-n", "localhost",
		"-a", filepath.Join(dir, "roll.conf"), "-c", filepath.Join(dir, "command"), "-d", filepath.Join(dir, "jobs"), "Virtual")
	s.start(t, []string{"DBUS_SYSTEM_BUS_ADDRESS=" + bus}, s.printer)
	s.answers(t, port)
	s.start(t, nil, exec.Command("cupsd", "-f", "-c", filepath.Join(dir, "etc/cupsd.conf"), "-s", filepath.Join(dir, "etc/cups-files.conf")))
	s.appears(t, "socket")
	t.Setenv("CUPS_SERVER", filepath.Join(dir, "socket"))
	s.address = fmt.Sprintf("ipp://localhost:%d/ipp/print", port)
	s.run(t, "lpadmin", "-p", "Receipt", "-E", "-v", s.address, "-m", "everywhere", "-o", "printer-error-policy=abort-job")
	// CUPS asks the printer what it can do after lpadmin has gone, and sets the queue's state when it is done.
	until(t, "the driverless queue", func() bool {
		m := request(goipp.OpGetPrinterAttributes)
		add(&m.Operation, "printer-uri", goipp.TagURI, Open("Receipt").uri())
		answer, err := ask(t.Context(), answerWithin, "/", m, nil)
		return err == nil && strings.Contains(text(answer.Printer, "printer-make-and-model"), "IPP Everywhere")
	})
	return s
}

// group is the name of the group whose members may change this CUPS: the test's own, since the test need not run as root.
func group(t *testing.T) string {
	t.Helper()
	g, err := user.LookupGroupId(fmt.Sprint(os.Getgid()))
	if err != nil {
		t.Fatal(err)
	}
	return g.Name
}

func (s *stand) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stand) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	s.must(t, os.WriteFile(filepath.Join(s.dir, name), []byte(strings.ReplaceAll(text, "DIR", s.dir)), mode))
}

// start starts a program that ends with the test.
func (s *stand) start(t *testing.T, env []string, cmd *exec.Cmd) {
	t.Helper()
	cmd.Env = append(os.Environ(), env...)
	log, err := os.Create(filepath.Join(s.dir, "log", filepath.Base(cmd.Path)))
	s.must(t, err)
	cmd.Stdout, cmd.Stderr = log, log
	s.must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		killer := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		killer.Stop()
		log.Close()
		if t.Failed() {
			said, _ := os.ReadFile(log.Name())
			t.Logf("%s: %.2000s", cmd.Path, said)
		}
	})
}

func (s *stand) run(t *testing.T, program string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", program, err, out)
	}
}

// until asks again and again whether something is so, for 20 seconds at most.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within 20 s", what)
		case <-tick.C:
		}
	}
}

// appears waits for a socket in the stand's folder.
func (s *stand) appears(t *testing.T, name string) {
	t.Helper()
	until(t, name, func() bool {
		c, err := net.Dial("unix", filepath.Join(s.dir, name))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func (s *stand) answers(t *testing.T, port int) {
	t.Helper()
	until(t, "the virtual printer", func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("localhost:%d", port))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// order tells the printer what to do with the job it has or gets next.
func (s *stand) order(t *testing.T, lines ...string) {
	t.Helper()
	_, err := io.WriteString(s.orders, strings.Join(lines, "\n")+"\n")
	s.must(t, err)
}

// halted stops CUPS's way to the printer, the process that carries the printer's address for a name, and gives what lets it go on.
func (s *stand) halted(t *testing.T) (goOn func()) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	s.must(t, err)
	for _, file := range all {
		if line, _ := os.ReadFile(file); strings.HasPrefix(string(line), s.address) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			s.must(t, err)
			s.must(t, syscall.Kill(pid, syscall.SIGSTOP))
			goOn = func() { syscall.Kill(pid, syscall.SIGCONT) }
			t.Cleanup(goOn)
			return goOn
		}
	}
	t.Fatal("nothing of CUPS speaks to the printer")
	return nil
}

// printed counts the documents that reached the printer.
func (s *stand) printed(t *testing.T) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.dir, "printed", "*.pdf"))
	s.must(t, err)
	return len(found)
}

// spooled are the documents that CUPS still has.
func (s *stand) spooled(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.dir, "spool", "[cd]0*"))
	s.must(t, err)
	return found
}

// page is a PDF of one page 80 mm wide, made by hand: this room imports nothing of the others.
func page() []byte {
	var b strings.Builder
	var at []int
	b.WriteString("%PDF-1.4\n")
	for i, object := range []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 227 400]/Contents 4 0 R>>",
		"<</Length 19>>\nstream\n20 20 100 100 re f \nendstream"} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, a := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", a)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return []byte(b.String())
}
