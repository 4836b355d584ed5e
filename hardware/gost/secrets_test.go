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
func grow() {
	var much [1 << 17]byte
	much[len(worked.octets)] = worked.octets[1]
	worked.octets[0] = much[len(worked.octets)/2]
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
	lines := strings.Fields(string(jobs))
	work := tracedWork[lines[0]]
	var d, e, k scalar
	grow()
	for i := 1; i < len(lines); i += 3 {
		for j, z := range []*scalar{&d, &e, &k} {
			b, err := hex.DecodeString(lines[i+j])
			if err != nil {
				t.Fatal(err)
			}
			z.setBytes((*[64]byte)(b))
		}
		work(&d, &e, &k)
		tracedEnd()
	}
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

// Callgrind may count what Go's scheduler makes of a call that it interrupts: a difference counts when it is there three times.
func TestSecrets_ChangeNoInstruction(t *testing.T) {
	v := newValgrind(t)
	for _, work := range []string{"tracedSign", "tracedDerive"} {
		numbers := secrets(t, cases(5))
		all := v.profiles(work, numbers)
		for i, p := range all {
			for try := 0; p != all[0]; try++ {
				if try == 3 {
					t.Fatalf("%s executes other instructions for %x than for %x", work, numbers[i], numbers[0])
				}
				again := v.profiles(work, [][3]scalar{numbers[0], numbers[i]})
				all[0], p = again[0], again[1]
			}
		}
	}
	all := v.profiles("leakyBranch", secrets(t, 4))
	if all[0] == all[1] || all[0] == all[2] || all[1] == all[2] {
		t.Error("a branch that leaks goes unseen")
	}
}

func TestSecrets_ChangeNoAddress(t *testing.T) {
	v := newValgrind(t)
	count := 2
	if cases(1) > 1 {
		count = 3
	}
	numbers := secrets(t, count)
	all := v.traces("tracedSign", numbers)
	for i, one := range all {
		if one != all[0] {
			t.Errorf("signing touches other addresses for %x than for %x: %v, %v", numbers[i], numbers[0], one, all[0])
		}
	}
	if all[0].lines < 500_000 {
		t.Errorf("a trace of %d lines is too short for a signature", all[0].lines)
	}
	leaky := v.traces("leakyIndex", numbers)
	if leaky[0].sum == leaky[1].sum || leaky[0].lines != leaky[1].lines {
		t.Errorf("an index that leaks goes unseen: %v, %v", leaky[0], leaky[1])
	}
}
