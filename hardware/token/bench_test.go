//go:build cgo

package token_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// warmUp is how many signatures of each kind are not counted: the first ones load code and memory on both sides.
const warmUp = 20

// BenchmarkSign_ThroughWorkerBesideInProcess signs by turns through tirkeu-token and by the same C_SignInit and C_Sign in this process, on the same
// virtual token. It reports both medians, their difference (the promise: at most 0.5 ms) and their ratio; some hundred rounds (-benchtime 500x) make the medians steady. What the worker's way does beyond
// the calls, verifying each signature, counts in.
func BenchmarkSign_ThroughWorkerBesideInProcess(b *testing.B) {
	bench, config := virtualtest.StartForTest(b, virtual.Spec{Name: "a", Kind: token.Kaztoken, PIN: "123456", Initialized: true})
	config.PollEvery = 0 // as in the kiosk
	ctx := context.Background()
	if err := bench.Plug("a"); err != nil {
		b.Fatal(err)
	}
	rack, err := token.Open(ctx, config)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rack.Close() }()
	session, err := rack.Login(ctx, rack.Tokens()[0].Insertion, token.NewPIN("123456"))
	if err != nil {
		b.Fatal(err)
	}
	key, err := session.GenerateRSA(ctx, []byte("k"), "k", 2048)
	if err != nil {
		b.Fatal(err)
	}
	signer, err := session.Signer(ctx, []byte("k"))
	if err != nil {
		b.Fatal(err)
	}
	direct := inProcess(b, config.Modules[0], "123456")
	public, err := x509.ParsePKIXPublicKey(key.SPKI)
	if err != nil {
		b.Fatal(err)
	}

	var worker, alone []time.Duration
	digest := make([]byte, sha256.Size)
	through := func() time.Duration {
		began := time.Now()
		_, err := signer.Sign(nil, digest, crypto.SHA256)
		took := time.Since(began)
		if err != nil {
			b.Fatal(err)
		}
		return took
	}
	here := func() time.Duration {
		began := time.Now()
		signature := direct(digest)
		took := time.Since(began)
		if err := rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), crypto.SHA256, digest, signature); err != nil {
			b.Fatal(err)
		}
		return took
	}
	for range warmUp {
		through()
		here()
	}
	for b.Loop() {
		_, _ = rand.Read(digest)
		if len(worker)%2 == 0 { // each follows itself as often as the other: no caches are warmer for one
			worker = append(worker, through())
			alone = append(alone, here())
		} else {
			alone = append(alone, here())
			worker = append(worker, through())
		}
	}
	w, a := median(worker), median(alone)
	b.ReportMetric(w.Seconds()*1000, "ms-worker")
	b.ReportMetric(a.Seconds()*1000, "ms-in-process")
	b.ReportMetric((w-a).Seconds()*1000, "ms-more")
	b.ReportMetric(w.Seconds()/a.Seconds(), "ratio")
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// loaded loads the module here.
func loaded(b *testing.B, m token.Module) *pkcs11.Ctx {
	b.Helper()
	for _, e := range m.Env {
		name, value, _ := strings.Cut(e, "=")
		b.Setenv(name, value)
	}
	p := pkcs11.New(m.Path)
	if p == nil {
		b.Fatal("load module")
	}
	if err := p.Initialize(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = p.Finalize(); p.Destroy() })
	return p
}

// inProcess loads the module here and gives the signature of the key "k".
func inProcess(b *testing.B, m token.Module, pin string) func([]byte) []byte {
	p := loaded(b, m)
	must := func(err error) {
		if err != nil {
			b.Helper()
			b.Fatal(err)
		}
	}
	h, err := p.OpenSession(0, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	must(err)
	must(p.Login(h, pkcs11.CKU_USER, pin))
	must(p.FindObjectsInit(h, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY), pkcs11.NewAttribute(pkcs11.CKA_ID, []byte("k"))}))
	keys, _, err := p.FindObjects(h, 2)
	must(err)
	must(p.FindObjectsFinal(h))
	if len(keys) != 1 {
		b.Fatalf("%d keys", len(keys))
	}
	prefix := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	return func(digest []byte) []byte {
		must(p.SignInit(h, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil)}, keys[0]))
		signature, err := p.Sign(h, append(slices.Clone(prefix), digest...))
		must(err)
		return signature
	}
}

// BenchmarkRack_IdleWithFourModules lets a rack of four modules with a token each do nothing for five seconds, and reports what share of
// one core the kiosk's side and the workers took together (the promise: well below 1 %), and what the workers hold in memory.
func BenchmarkRack_IdleWithFourModules(b *testing.B) {
	var specs []virtual.Spec
	for _, kind := range []token.Kind{token.Kaztoken, token.EToken, token.JaCarta, token.AKey} {
		specs = append(specs, virtual.Spec{Name: "t-" + string(kind), Kind: kind, PIN: "123456", Initialized: true})
	}
	bench, config := virtualtest.StartForTest(b, specs...)
	config.PollEvery = 0 // as in the kiosk
	for _, s := range specs {
		if err := bench.Plug(s.Name); err != nil {
			b.Fatal(err)
		}
	}
	rack, err := token.Open(context.Background(), config)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rack.Close() }()
	const idle = 5 * time.Second
	b.ResetTimer()
	for range b.N {
		before := spent(b, rack)
		time.Sleep(idle)
		used := spent(b, rack) - before
		b.ReportMetric(100*used.Seconds()/idle.Seconds(), "cpu-%")
	}
	resident := 0
	for _, m := range rack.Modules() {
		resident += virtualtest.Memory(b, m.PID, "Pss")
	}
	b.ReportMetric(float64(resident)/1024/float64(len(specs)), "MB/worker")
}

// spent is the processor time of this process and of the workers, by the scheduler's own clock in nanoseconds.
func spent(b *testing.B, rack *token.Rack) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	total := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	for _, m := range rack.Modules() {
		tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", m.PID))
		if err != nil {
			b.Fatal(err)
		}
		for _, task := range tasks {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", m.PID, task.Name()))
			if err != nil {
				continue // a thread that has just ended
			}
			n, _ := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
			total += time.Duration(n)
		}
	}
	return total
}
