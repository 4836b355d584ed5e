package gost

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"
)

// What works with secret numbers is run again and again under valgrind, each time with others: it must execute every instruction as often
// (callgrind), and read and write the same addresses in the same order (lackey). What leaks on purpose, below, must be caught by the same measure.

// worked holds what comes out, so that the compiler leaves no work out.
var worked struct {
	r, s   scalar
	at     affine
	octets [64]byte
}

// tracedWork is what can be measured: by name, a function that is not inlined and takes secret numbers.
var tracedWork = map[string]func(d, e, k *scalar){
	"tracedSign":   tracedSign,
	"tracedDerive": tracedDerive,
	"tracedStep":   tracedStep,
	"leakyBranch":  leakyBranch,
	"leakyIndex":   leakyIndex,
}

//go:noinline
func tracedSign(d, e, k *scalar) { worked.r, worked.s = sign(d, e, k) }

// tracedDerive reads a private key and works out its public half.
//
//go:noinline
func tracedDerive(d, _, _ *scalar) {
	worked.octets = d.bytes()
	worked.r[0] = worked.s.setBytes(&worked.octets) | worked.s.zero()
	var p point
	p.mulBase(&worked.s)
	worked.at = p.affine()
}

// tracedStep is one step of each kind that signing is made of: short enough to be traced in every run.
//
//go:noinline
func tracedStep(d, e, k *scalar) {
	v := k.window(3) | 1
	worked.at.lookup(&baseTable()[3], v>>2, d[0]&1)
	p := point{worked.at.x, worked.at.y, element(*e)}
	p.addAffine(&p, &worked.at)
	worked.at.x.reduced(&p.x)
	worked.r.mul(d, e)
	worked.s.add(&worked.r, k)
	worked.r.negate(&worked.s)
}

// leakyBranch leaves an addition out where a bit is 0, as the first textbook has it.
//
//go:noinline
func leakyBranch(_, _, k *scalar) {
	var p point
	p.setInfinity()
	base := affine{baseX, baseY}
	for i := range 16 {
		p.add(&p, &p)
		if k[0]>>i&1 == 1 {
			p.addAffine(&p, &base)
		}
	}
	worked.at.x = p.x
}

// leakyIndex takes the table's entries by their numbers: the same instructions, other addresses.
//
//go:noinline
func leakyIndex(_, _, k *scalar) {
	var p point
	table := baseTable()
	p.setAffine(&table[0][k[0]&15])
	p.addAffine(&p, &table[1][k[0]>>4&15])
	worked.at.x = p.x
}

// tracedEnd marks in a trace that a piece of work is done.
//
//go:noinline
func tracedEnd() { worked.octets[0]++ }

// grow takes much of the stack, so that it moves to its last place now and not in the middle of the work.
//
//go:noinline
func grow(depth int) byte {
	var much [1 << 10]byte
	much[depth] = worked.octets[1]
	if depth > 0 {
		much[depth-1] = grow(depth - 1)
	}
	return much[depth] + much[depth/2]
}

// tracedFolder names, in the environment, the folder with the child's work.
const tracedFolder = "TIRKEU_GOST_TRACED"

// TestTracedWork is what runs under valgrind. It does nothing unless it is told what.
func TestTracedWork(t *testing.T) {
	dir := os.Getenv(tracedFolder)
	if dir == "" {
		t.SkipNow()
	}
	// The table comes ready: making it would be most of the trace.
	made, err := os.ReadFile(filepath.Join(dir, "table"))
	if err != nil {
		t.Fatal(err)
	}
	table := new([windows][oddPoints]affine)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(table)), unsafe.Sizeof(*table)), made)
	baseTable = func() *[windows][oddPoints]affine { return table }
	jobs, err := os.ReadFile(filepath.Join(dir, "jobs"))
	if err != nil {
		t.Fatal(err)
	}
	var d, e, k scalar
	worked.octets[0] = grow(100)
	for line := range strings.Lines(string(jobs)) {
		fields := strings.Fields(line)
		for j, z := range []*scalar{&d, &e, &k} {
			b, err := hex.DecodeString(fields[1+j])
			if err != nil {
				t.Fatal(err)
			}
			z.setBytes((*[64]byte)(b))
		}
		tracedWork[fields[0]](&d, &e, &k)
		tracedEnd()
	}
}

// job is one call of a piece of work.
type job struct {
	work    string
	numbers [3]scalar
}

// jobs calls a piece of work with each of the numbers.
func jobs(work string, numbers [][3]scalar) (all []job) {
	for _, n := range numbers {
		all = append(all, job{work, n})
	}
	return all
}

// secrets gives triples of numbers d, e and k: edges first, then random ones.
func secrets(t *testing.T, n int) (all [][3]scalar) {
	chance := seeded(t)
	last := scalarOf(plus(setA.q, -1))
	all = append(all, [3]scalar{{1}, {1}, {1}}, [3]scalar{last, last, last}, [3]scalar{{2}, last, {1 << 63}})
	for len(all) < n {
		var triple [3]scalar
		for i := range triple {
			w := words(anyNumber(chance))
			triple[i].reduce(&w)
			if triple[i].zero() == 1 {
				triple[i] = scalar{4}
			}
		}
		all = append(all, triple)
	}
	return all[:n]
}

// Callgrind may count what Go's scheduler makes of a call that it interrupts: a difference counts when it is there each time.
func TestSecrets_ChangeNoInstruction(t *testing.T) {
	v := newValgrind(t)
	numbers := secrets(t, cases(6))
	n := len(numbers)
	done := append(append(jobs("tracedSign", numbers), jobs("tracedDerive", numbers)...), jobs("leakyBranch", numbers[:3])...)
	all := v.profiles(done)
	for i, p := range all[:2*n] {
		if p.count < 500_000 {
			t.Fatalf("%s in %d instructions: not all was counted", done[i].work, p.count)
		}
		first := i / n * n
		for try := 0; p != all[first]; try++ {
			if try == 3 {
				t.Fatalf("%s executes other instructions for %x than for %x", done[i].work, done[i].numbers, done[first].numbers)
			}
			again := v.profiles([]job{done[first], done[i]})
			all[first], p = again[0], again[1]
		}
	}
	if leaky := all[2*n:]; leaky[0] == leaky[1] || leaky[0] == leaky[2] || leaky[1] == leaky[2] {
		t.Error("a branch that leaks goes unseen")
	}
}

// A whole signature makes a trace of two million lines: where everything is tested. Otherwise one step of each kind.
func TestSecrets_ChangeNoAddress(t *testing.T) {
	v := newValgrind(t)
	work, numbers, least := "tracedStep", secrets(t, 8), 5_000
	if cases(1) > 1 {
		work, numbers, least = "tracedSign", numbers[:4], 500_000
	}
	done := append(jobs(work, numbers), jobs("leakyIndex", numbers[:2])...)
	all := v.traces(done)
	for i, one := range all[:len(numbers)] {
		if one != all[0] {
			t.Errorf("%s touches other addresses for %x than for %x: %v, %v", work, numbers[i], numbers[0], one, all[0])
		}
	}
	if all[0].count < least {
		t.Errorf("a trace of %d lines is too short", all[0].count)
	}
	leaky := all[len(numbers):]
	if leaky[0].sum == leaky[1].sum || leaky[0].count != leaky[1].count {
		t.Errorf("an index that leaks goes unseen: %v, %v", leaky[0], leaky[1])
	}
}
