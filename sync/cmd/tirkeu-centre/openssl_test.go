package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// house is the built program in a folder of its own, run as an operator would.
type house struct {
	t        *testing.T
	dir, bin string
	host     string // HOST:PORT of TLS
	plain    string // http://HOST:PORT
	process  *exec.Cmd
	log      *journal
	ended    chan error
}

// journal is what the program logs, readable while it runs.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func needOpenSSL(t *testing.T) {
	t.Helper()
	out, err := exec.Command("openssl", "cmp", "-help").CombinedOutput()
	if err == nil {
		return
	}
	if os.Getenv("TIRKEU_TEST_ALL") != "" {
		t.Fatalf("openssl cmp does not run: %v\n%s", err, out)
	}
	t.Skipf("openssl cmp does not run: %v", err)
}

func build(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir()}
	h.bin = filepath.Join(h.dir, "tirkeu-centre")
	if out, err := exec.Command("go", "build", "-o", h.bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return h
}

// try runs the program on the house's database.
func (h *house) try(args ...string) (code int, out, errors string) {
	h.t.Helper()
	c := exec.Command(h.bin, append(args, "--db", "sqlite:"+h.path("centre.db"))...)
	var o, e bytes.Buffer
	c.Stdout, c.Stderr = &o, &e
	if err := c.Run(); err != nil && c.ProcessState == nil {
		h.t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), o.String(), e.String()
}

func (h *house) run(args ...string) string {
	h.t.Helper()
	code, out, errors := h.try(args...)
	if code != 0 {
		h.t.Fatalf("tirkeu-centre %v: exit status %d\n%s%s", args, code, out, errors)
	}
	return out
}

func (h *house) path(name string) string { return filepath.Join(h.dir, name) }

// serve starts the centre on free ports.
func (h *house) serve() {
	h.t.Helper()
	h.process = exec.Command(h.bin, "serve", "--db", "sqlite:"+h.path("centre.db"), "--listen", "127.0.0.1:0", "--listen-http", "127.0.0.1:0", "--log", "json")
	out, err := h.process.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	h.log = &journal{}
	h.process.Stderr = h.log
	if err := h.process.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.ended = make(chan error, 1)
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() { _, _ = io.Copy(io.Discard, out); h.ended <- h.process.Wait() }()
	h.t.Cleanup(func() { h.end() })
	host, ok := strings.CutPrefix(strings.TrimSpace(line), "listening https://")
	if err != nil || !ok {
		h.t.Fatalf("the first line is %q (%v)", line, err)
	}
	h.host = host
	var urls struct{ URLs string }
	if err := json.Unmarshal(h.firstLog(), &urls); err != nil {
		h.t.Fatalf("the log is no JSON: %v", err)
	}
	h.plain = urls.URLs
}

// firstLog waits for the log's first line.
func (h *house) firstLog() []byte {
	h.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if line, _, found := strings.Cut(h.log.String(), "\n"); found {
			return []byte(line)
		}
	}
	h.t.Fatal("the log stays empty")
	return nil
}

// end ends the centre and says how long that took.
func (h *house) end() time.Duration {
	if h.process == nil {
		return 0
	}
	begun := time.Now()
	_ = h.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-h.ended:
	case <-time.After(10 * time.Second):
		_ = h.process.Process.Kill()
		<-h.ended
		h.t.Error("SIGTERM did not end the centre")
	}
	h.process = nil
	return time.Since(begun)
}

// openssl runs openssl in the house's folder.
func (h *house) openssl(args ...string) (string, error) {
	c := exec.Command("openssl", args...)
	c.Dir = h.dir
	out, err := c.CombinedOutput()
	return string(out), err
}

func (h *house) must(args ...string) string {
	h.t.Helper()
	out, err := h.openssl(args...)
	if err != nil {
		h.t.Fatalf("openssl %v: %v\n%s\nlog: %s", args, err, out, h.log)
	}
	return out
}

// cmp is an openssl cmp call to a profile over TLS.
func (h *house) cmp(profile string, args ...string) []string {
	return append([]string{"cmp", "-server", h.host, "-tls_used", "-tls_trusted", "ca/root.pem", "-path", ".well-known/cmp/p/" + profile}, args...)
}

// signed is cmp protected with a device's certificate.
func (h *house) signed(profile, device string, args ...string) []string {
	return h.cmp(profile, append([]string{"-trusted", "ca/root.pem", "-untrusted", "ca/issuing.pem", "-cert", device + ".pem", "-key", device + ".key"}, args...)...)
}

func (h *house) ecKey(name string) {
	h.t.Helper()
	h.must("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", name)
}

func (h *house) fetch(url, name string) {
	h.t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		h.t.Fatalf("%s: %d %v", url, answer.StatusCode, err)
	}
	if err := os.WriteFile(h.path(name), data, 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// waiting waits for an application that is there besides those known.
func (h *house) waiting() string {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var all []struct{ Number, Status string }
		if err := json.Unmarshal([]byte(h.run("application", "list", "--json", "--status", "waiting")), &all); err != nil {
			h.t.Fatal(err)
		}
		if len(all) > 0 {
			return all[0].Number
		}
	}
	h.t.Fatalf("no application came; log: %s", h.log)
	return ""
}

func TestOpenSSL_EnrolsRenewsAndRevokesADevice(t *testing.T) {
	needOpenSSL(t)
	h := build(t)
	h.run("init")
	h.run("ca", "export", h.path("ca"))
	h.serve()
	add := func(name string) (reference, secret string) {
		var e struct{ Reference, Secret string }
		if err := json.Unmarshal([]byte(h.run("kiosk", "add", name, "--json")), &e); err != nil {
			t.Fatal(err)
		}
		return e.Reference, e.Secret
	}
	reference, secret := add("hall")
	h.ecKey("hall.key")
	if out, err := h.openssl(h.cmp("device", "-cmd", "ir", "-ref", reference, "-secret", "pass:wrong", "-newkey", "hall.key", "-subject", "/CN=hall", "-certout", "hall.pem")...); err == nil {
		t.Errorf("a wrong secret enrolled:\n%s", out)
	}
	h.must(h.cmp("device", "-cmd", "ir", "-ref", reference, "-secret", "pass:"+secret, "-newkey", "hall.key", "-subject", "/CN=hall", "-certout", "hall.pem", "-cacertsout", "anchor.pem")...)
	if a, b := h.must("x509", "-in", "anchor.pem", "-noout", "-fingerprint"), h.must("x509", "-in", "ca/root.pem", "-noout", "-fingerprint"); a != b {
		t.Error("the anchor in the answer is not the root")
	}
	if out, err := h.openssl(h.cmp("device", "-cmd", "ir", "-ref", reference, "-secret", "pass:"+secret, "-newkey", "hall.key", "-subject", "/CN=hall", "-certout", "again.pem")...); err == nil {
		t.Errorf("a spent secret enrolled:\n%s", out)
	}
	reference, secret = add("porch")
	h.ecKey("porch.key")
	h.must(h.cmp("device", "-cmd", "ir", "-ref", reference, "-secret", "pass:"+secret, "-mac", "hmacWithSHA256", "-digest", "sha256", "-newkey", "porch.key", "-subject", "/CN=porch", "-certout", "porch.pem")...)
	h.must("verify", "-CAfile", "ca/root.pem", "-untrusted", "ca/issuing.pem", "-purpose", "sslclient", "hall.pem", "porch.pem")

	h.ecKey("next.key")
	h.must(h.signed("device", "hall", "-cmd", "kur", "-newkey", "next.key", "-certout", "next.pem")...)
	if out, err := h.openssl(h.signed("device", "next", "-cmd", "rr", "-oldcert", "porch.pem", "-revreason", "1")...); err == nil {
		t.Errorf("a device revoked another:\n%s", out)
	}
	h.must(h.signed("device", "next", "-cmd", "rr", "-oldcert", "hall.pem", "-revreason", "4")...)
	h.must(h.signed("device", "next", "-cmd", "rr", "-oldcert", "next.pem", "-revreason", "5")...)
	if out, err := h.openssl(h.signed("device", "next", "-cmd", "kur", "-newkey", "hall.key", "-certout", "x.pem")...); err == nil {
		t.Errorf("a revoked device renewed itself:\n%s", out)
	}
	if took := h.end(); took > 2*time.Second {
		t.Errorf("SIGTERM took %v", took)
	}
	if strings.Contains(h.log.String(), secret) {
		t.Error("the log has an enrolment secret")
	}
}

func TestOpenSSL_ACitizensRequestsWaitForApproval(t *testing.T) {
	needOpenSSL(t)
	h := build(t)
	h.run("init")
	h.run("ca", "export", h.path("ca"))
	h.serve()
	var e struct{ Reference, Secret string }
	if err := json.Unmarshal([]byte(h.run("kiosk", "add", "hall", "--json")), &e); err != nil {
		t.Fatal(err)
	}
	h.ecKey("hall.key")
	h.must(h.cmp("device", "-cmd", "ir", "-ref", e.Reference, "-secret", "pass:"+e.Secret, "-newkey", "hall.key", "-subject", "/CN=hall", "-certout", "hall.pem")...)

	const iin = "900101400013"
	h.must("genrsa", "-out", "sign.key", "2048")
	h.must("req", "-new", "-utf8", "-key", "sign.key", "-subj", "/CN=СЫНАҚ АЙГЕРІМ/SN=СЫНАҚ/serialNumber=IIN"+iin+"/C=KZ", "-out", "sign.csr")
	h.must("genrsa", "-out", "auth.key", "2048")
	for _, c := range []struct {
		name string
		args []string
	}{
		{"sign", h.signed("rsa-sign", "hall", "-cmd", "p10cr", "-csr", "sign.csr", "-certout", "sign.pem", "-total_timeout", "60")},
		{"auth", h.signed("rsa-auth", "hall", "-cmd", "ir", "-newkey", "auth.key", "-subject", "/CN=TEST AIGERIM/serialNumber=IIN"+iin+"/C=KZ", "-certout", "auth.pem", "-total_timeout", "60")},
	} {
		type result struct {
			out string
			err error
		}
		done := make(chan result, 1)
		go func() { out, err := h.openssl(c.args...); done <- result{out, err} }()
		number := h.waiting()
		if !strings.HasPrefix(number, "9000") {
			t.Errorf("the number is %s", number)
		}
		h.run("application", "approve", number)
		r := <-done
		if r.err != nil || !strings.Contains(r.out, "starting to poll") {
			t.Fatalf("%s: %v\n%s\nlog: %s", c.name, r.err, r.out, h.log)
		}
	}
	h.fetch(h.plain+"/crl/issuing.crl", "issuing.crl")
	h.fetch(h.plain+"/crl/root.crl", "root.crl")
	h.fetch(h.plain+"/ca/root.cer", "root.cer")
	h.must("crl", "-inform", "DER", "-in", "issuing.crl", "-out", "issuing.crl.pem")
	h.must("verify", "-crl_check", "-CAfile", "ca/root.pem", "-untrusted", "ca/issuing.pem", "-CRLfile", "issuing.crl.pem", "sign.pem", "auth.pem")
	for _, cert := range []string{"sign.pem", "auth.pem"} {
		out := h.must("ocsp", "-issuer", "ca/issuing.pem", "-cert", cert, "-CAfile", "ca/root.pem", "-url", h.plain+"/ocsp")
		if !strings.Contains(out, cert+": good") || !strings.Contains(out, "Response verify OK") {
			t.Errorf("OCSP of %s:\n%s", cert, out)
		}
	}
	text := h.must("x509", "-in", "sign.pem", "-noout", "-text", "-nameopt", "utf8")
	for _, want := range []string{"IIN" + iin, "СЫНАҚ АЙГЕРІМ", "Non Repudiation", "1.2.398.3.3.4.1.1", h.plain + "/crl/issuing.crl", "SANDBOX"} {
		if !strings.Contains(text, want) {
			t.Errorf("the certificate has no %s:\n%s", want, text)
		}
	}
	if out, err := h.openssl(h.signed("device", "hall", "-cmd", "rr", "-oldcert", "sign.pem", "-revreason", "1")...); err == nil || !strings.Contains(out, "notAuthorized") {
		t.Errorf("a device's rr of a citizen's certificate: %v\n%s", err, out)
	}
	h.cabinet(iin)
	h.run("kiosk", "revoke", "hall")
	h.fetch(h.plain+"/crl/issuing.crl", "issuing.crl")
	h.must("crl", "-inform", "DER", "-in", "issuing.crl", "-out", "issuing.crl.pem")
	if out, err := h.openssl("verify", "-crl_check", "-CAfile", "ca/root.pem", "-untrusted", "ca/issuing.pem", "-CRLfile", "issuing.crl.pem", "hall.pem"); err == nil || !strings.Contains(out, "revoked") {
		t.Errorf("a revoked device's certificate: %v\n%s", err, out)
	}
	h.end()
	for _, personal := range []string{iin, "АЙГЕРІМ", "AIGERIM"} {
		if strings.Contains(h.log.String(), personal) {
			t.Errorf("the log has %s", personal)
		}
	}
	if out := h.run("audit", "verify"); !strings.Contains(out, "whole") {
		t.Errorf("audit: %s", out)
	}
}
