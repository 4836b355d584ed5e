//go:build cgo

package token_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/bus"
	"github.com/tirkeu/kiosk/hardware/virtual/card"
	"github.com/tirkeu/kiosk/hardware/virtual/ccid"
	"github.com/tirkeu/kiosk/hardware/virtual/kit"
	"github.com/tirkeu/kiosk/hardware/virtual/pcsc"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// since runs something and says how long it took.
func since(b *testing.B, do func() error) time.Duration {
	b.Helper()
	began := time.Now()
	err := do()
	took := time.Since(began)
	if err != nil {
		b.Fatal(err)
	}
	return took
}

// BenchmarkWorker_SpawnAndRoundTrip starts a worker until its first look at the slots, by turns with pkcs11-tool, which loads the same module and lists
// its slots; and it looks for certificates on an empty token through a worker, by turns with the same calls in this process.
func BenchmarkWorker_SpawnAndRoundTrip(b *testing.B) {
	tool := virtualtest.Need(b, "pkcs11-tool")
	bench, config := virtualtest.StartForTest(b, virtual.Spec{Name: "a", Kind: token.Kaztoken, PIN: "123456", Initialized: true})
	config.PollEvery = 0 // as in the kiosk
	ctx := context.Background()
	if err := bench.Plug("a"); err != nil {
		b.Fatal(err)
	}
	var spawn, outside []time.Duration
	for range 9 {
		var rack *token.Rack
		spawn = append(spawn, since(b, func() (err error) { rack, err = token.Open(ctx, config); return err }))
		if len(rack.Tokens()) != 1 {
			b.Fatal("no token after the start")
		}
		_ = rack.Close()
		command := exec.Command(tool, "--module", config.Modules[0].Path, "-L")
		command.Env = append(os.Environ(), config.Modules[0].Env...)
		outside = append(outside, since(b, command.Run))
	}
	rack, err := token.Open(ctx, config)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rack.Close() }()
	here := rack.Tokens()[0].Insertion
	p := loaded(b, config.Modules[0])
	direct := func() error {
		h, err := p.OpenSession(0, pkcs11.CKF_SERIAL_SESSION)
		if err == nil {
			err = p.FindObjectsInit(h, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE)})
		}
		if err == nil {
			_, _, err = p.FindObjects(h, 10)
		}
		if err == nil {
			err = p.FindObjectsFinal(h)
		}
		if err == nil {
			err = p.CloseSession(h)
		}
		return err
	}
	through := func() error { _, err := rack.Certificates(ctx, here); return err }
	for range warmUp {
		since(b, through)
		since(b, direct)
	}
	var trips, calls []time.Duration
	for b.Loop() {
		trips = append(trips, since(b, through))
		calls = append(calls, since(b, direct))
	}
	t, c := median(trips), median(calls)
	b.ReportMetric(median(spawn).Seconds()*1000, "ms-spawn")
	b.ReportMetric(median(outside).Seconds()*1000, "ms-outside")
	b.ReportMetric(median(spawn).Seconds()/median(outside).Seconds(), "ratio-spawn")
	b.ReportMetric(t.Seconds()*1000, "ms-trip")
	b.ReportMetric(c.Seconds()*1000, "ms-calls")
	b.ReportMetric((t-c).Seconds()*1000, "ms-more")
}

// BenchmarkGenerate_OnEachDeviceBesideItsModule makes RSA-2048 pairs through tirkeu-token, and then by C_GenerateKeyPair in this process, on each kind of
// virtual device. How long one pair takes is chance, so that only all of them together tell something. It prints one line of JSON: the medians in
// milliseconds for each device, and those of all pairs.
func BenchmarkGenerate_OnEachDeviceBesideItsModule(b *testing.B) {
	var specs []virtual.Spec
	for _, kind := range []token.Kind{token.Kaztoken, token.EToken, token.JaCarta, token.AKey, token.IDCard} {
		specs = append(specs, virtual.Spec{Name: "t-" + string(kind), Kind: kind, PIN: benchPIN, Initialized: true})
	}
	bench, config := virtualtest.StartForTest(b, specs...)
	config.PollEvery = 0
	for _, m := range config.Modules {
		if err := bench.Plug("t-" + m.Name); err != nil {
			b.Fatal(err)
		}
	}
	result, worker, module := map[string]map[string]float64{}, []time.Duration{}, []time.Duration{}
	for _, m := range append(config.Modules, chip(b)) {
		config.Modules = []token.Module{m}
		through := throughWorker(b, config)
		if m.Path == pcsc.Module {
			m = chip(b) // a fresh one: the other has no place left
		}
		var direct []time.Duration
		b.Run(m.Name, func(b *testing.B) { direct = byItself(b, m) })
		worker, module = append(worker, through...), append(module, direct...)
		result[m.Name] = map[string]float64{"worker": median(through).Seconds() * 1000, "module": median(direct).Seconds() * 1000}
	}
	w, d := median(worker).Seconds()*1000, median(module).Seconds()*1000
	result["all"] = map[string]float64{"worker": w, "module": d, "ratio": w / d, "pairs": float64(len(worker))}
	line, err := json.Marshal(result)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("\n%s\n", line)
}

const (
	benchPIN = "123456"
	pairs    = 9 // made of each device, each way
	chipped  = 2 // of those on a chip behind OpenSC, where all of them stay: it refused more, and more after a deletion
)

// chip gives OpenSC's module with a token on a virtual bus behind a pcscd of its own.
func chip(b *testing.B) token.Module {
	b.Helper()
	if err := pcsc.Missing(); err != nil {
		virtualtest.Missing(b, err.Error())
	}
	if _, err := os.Stat(pcsc.Module); err != nil {
		virtualtest.Missing(b, "opensc-pkcs11")
	}
	v, err := bus.New("")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = v.Close() })
	dir, err := os.MkdirTemp("/tmp", "tirkeu-pcsc-") // short: sockets lie in it
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	daemon, err := pcsc.Start(b.Context(), v, dir)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(daemon.Stop)
	model, _ := kit.ByCode("jacarta")
	reader := &ccid.Reader{}
	reader.Insert(card.New(model.ATR))
	if err = v.Plug(bus.Port{Bus: 1, Port: 1}, model.Device("", reader)); err != nil {
		b.Fatal(err)
	}
	err = daemon.Personalize(b.Context(), model.Reader, pcsc.Holder{Label: "bench", PIN: benchPIN, PUK: "1234567812345678"})
	if err != nil {
		b.Fatal(err)
	}
	return token.Module{Name: "opensc", Path: pcsc.Module, Env: daemon.Env()}
}

// throughWorker makes pairs as the kiosk does.
func throughWorker(b *testing.B, config token.Config) (took []time.Duration) {
	b.Helper()
	ctx := b.Context()
	rack, err := token.Open(ctx, config)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rack.Close() }()
	if len(rack.Tokens()) != 1 {
		b.Fatalf("%s: %d tokens", config.Modules[0].Name, len(rack.Tokens()))
	}
	session, err := rack.Login(ctx, rack.Tokens()[0].Insertion, token.NewPIN(benchPIN))
	if err != nil {
		b.Fatal(err)
	}
	stays := config.Modules[0].Path == pcsc.Module
	for i := range pairs {
		if stays && i == chipped {
			break
		}
		id := fmt.Appendf(nil, "worker-%d", i)
		took = append(took, since(b, func() error { _, err := session.GenerateRSA(ctx, id, "k", 2048); return err }))
		if stays {
			continue
		}
		if err = session.Delete(ctx, id); err != nil {
			b.Fatal(err)
		}
	}
	return took
}

// byItself makes the same pairs by the module alone.
func byItself(b *testing.B, m token.Module) (took []time.Duration) {
	b.Helper()
	p := loaded(b, m)
	must := func(err error) {
		if err != nil {
			b.Helper()
			b.Fatal(err)
		}
	}
	slots, err := p.GetSlotList(true)
	must(err)
	h, err := p.OpenSession(slots[0], pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	must(err)
	must(p.Login(h, pkcs11.CKU_USER, benchPIN))
	attr := pkcs11.NewAttribute
	stays := m.Path == pcsc.Module
	for i := range pairs {
		if stays && i == chipped {
			break
		}
		id := fmt.Appendf(nil, "module-%d", i)
		var public, private pkcs11.ObjectHandle
		took = append(took, since(b, func() (err error) {
			public, private, err = p.GenerateKeyPair(h, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, nil)},
				[]*pkcs11.Attribute{attr(pkcs11.CKA_TOKEN, true), attr(pkcs11.CKA_PRIVATE, false), attr(pkcs11.CKA_VERIFY, true),
					attr(pkcs11.CKA_MODULUS_BITS, 2048), attr(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}), attr(pkcs11.CKA_ID, id), attr(pkcs11.CKA_LABEL, "k")},
				[]*pkcs11.Attribute{attr(pkcs11.CKA_TOKEN, true), attr(pkcs11.CKA_PRIVATE, true), attr(pkcs11.CKA_SENSITIVE, true),
					attr(pkcs11.CKA_EXTRACTABLE, false), attr(pkcs11.CKA_SIGN, true), attr(pkcs11.CKA_ID, id), attr(pkcs11.CKA_LABEL, "k")})
			return err
		}))
		if stays {
			continue
		}
		must(p.DestroyObject(h, private))
		must(p.DestroyObject(h, public))
	}
	return took
}

// BenchmarkRack_MemoryOverManyPlugs plugs and pulls one token as often as -benchtime says (10000x), and reports the memory of the rack's own process and of
// the worker after half of them and after all, in MB, and the larger ratio (virtualtest.Growth): neither must grow.
func BenchmarkRack_MemoryOverManyPlugs(b *testing.B) {
	bench, config := virtualtest.StartForTest(b, virtual.Spec{Name: "a", Kind: token.Kaztoken, PIN: benchPIN, Initialized: true})
	config.PollEvery = 10 * time.Millisecond // or ten thousand plugs would take half an hour, and so they would without slot events
	config.Modules[0].Profile.SlotEvents = "yes"
	config.Modules[0].Env = append(config.Modules[0].Env, "TIRKEU_SHIM_EVENTS=yes", "GOGC=10") // and garbage that waits is no leak
	rack, err := token.Open(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rack.Close() }()
	watch, stop := rack.Watch()
	defer stop()
	until := func(kind token.EventKind) {
		for e := range watch {
			if e.Kind == kind {
				return
			}
		}
		b.Fatal("the rack is closed")
	}
	own, worker := virtualtest.OverRounds(b.N), virtualtest.OverRounds(b.N)
	for n := range b.N {
		own.Look(n, func() int {
			debug.FreeOSMemory()
			return virtualtest.Memory(b, os.Getpid(), "Anonymous")
		})
		worker.Look(n, func() int { return virtualtest.Memory(b, rack.Modules()[0].PID, "Anonymous") })
		if err = bench.Plug("a"); err != nil {
			b.Fatal(err)
		}
		until(token.Inserted)
		if err = bench.Pull("a"); err != nil {
			b.Fatal(err)
		}
		until(token.Removed)
	}
	rackEarly, rackLate, rackRatio := own.MB()
	workerEarly, workerLate, workerRatio := worker.MB()
	if rackEarly == 0 || workerEarly == 0 {
		return // the benchmark's own first round
	}
	if m := rack.Modules()[0]; m.Starts != 1 {
		b.Fatalf("the worker was started %d times", m.Starts)
	}
	b.ReportMetric(rackEarly, "MB-rack-early")
	b.ReportMetric(rackLate, "MB-rack-late")
	b.ReportMetric(workerEarly, "MB-worker-early")
	b.ReportMetric(workerLate, "MB-worker-late")
	b.ReportMetric(max(rackRatio, workerRatio), "ratio")
}
