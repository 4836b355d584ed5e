package gost

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// valgrind runs this package's own tests, built with their symbols, under its tools.
type valgrind struct {
	t       *testing.T
	program string
	symbols []elf.Symbol // functions, by address
	prefix  string       // of this package's functions
}

// newValgrind skips the test where valgrind or the Go tool is missing, or fails it where everything is meant to be installed.
func newValgrind(t *testing.T) *valgrind {
	t.Helper()
	if testing.Short() || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("measured on linux/amd64, in full runs")
	}
	for _, name := range []string{"valgrind", "go"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("TIRKEU_TEST_ALL") == "1" {
				t.Fatalf("%s is not installed", name)
			}
			t.Skipf("%s is not installed", name)
		}
	}
	v := &valgrind{t: t, program: filepath.Join(t.TempDir(), "gost.test"), prefix: reflect.TypeFor[scalar]().PkgPath() + "."}
	// The program that runs here may be instrumented, or stripped of its symbols.
	if out, err := exec.Command("go", "test", "-c", "-o", v.program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	file, err := elf.Open(v.program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC {
			v.symbols = append(v.symbols, s)
		}
	}
	slices.SortFunc(v.symbols, func(a, b elf.Symbol) int { return int(int64(a.Value - b.Value)) })
	return v
}

// function gives the function at an address and whether the address is its entry.
func (v *valgrind) function(pc uint64) (name string, entry bool) {
	i := sort.Search(len(v.symbols), func(i int) bool { return v.symbols[i].Value > pc }) - 1
	if i < 0 {
		return "", false
	}
	return v.symbols[i].Name, v.symbols[i].Value == pc
}

// run does the jobs under a tool; report takes what valgrind writes. The first job is done once more, before all, so that nothing is new to the others.
func (v *valgrind) run(todo []job, report func(io.Reader), tool ...string) {
	v.t.Helper()
	dir := v.t.TempDir()
	var list strings.Builder
	for _, j := range append([]job{todo[0]}, todo...) {
		list.WriteString(j.work)
		for _, n := range j.numbers {
			fmt.Fprintf(&list, " %x", n.bytes())
		}
		list.WriteByte('\n')
	}
	table := baseTable()
	for name, b := range map[string][]byte{
		"table": unsafe.Slice((*byte)(unsafe.Pointer(table)), unsafe.Sizeof(*table)),
		"jobs":  []byte(list.String()),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			v.t.Fatal(err)
		}
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		v.t.Fatal(err)
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "valgrind", append(slices.Clone(tool), "--log-fd=3", v.program, "-test.run=^TestTracedWork$")...)
	cmd.Dir = dir
	cmd.ExtraFiles = []*os.File{writer}
	// One thread of Go at work, no collector, no signals between; valgrind 3.19 does not know RDTSCP, which locks time themselves with.
	cmd.Env = append(os.Environ(), tracedFolder+"="+dir, "GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1,cpu.rdtscp=off")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err = cmd.Start()
	writer.Close()
	if err != nil {
		v.t.Fatal(err)
	}
	report(reader)
	if err := cmd.Wait(); err != nil {
		v.t.Fatalf("valgrind %s: %v\n%s", strings.Join(tool, " "), err, said.String())
	}
}

// seen is what a tool saw of one job: a digest of it all, and how many instructions (callgrind) or instructions and accesses (lackey) it were.
type seen struct {
	sum   string
	count int
}

// profiles gives, for each job, how often callgrind saw each instruction of this package executed.
func (v *valgrind) profiles(todo []job) (all []seen) {
	v.t.Helper()
	out := v.t.TempDir()
	// Counts are written and set to 0 where a piece of work begins and where it ends. (To switch counting on and off instead does not hold where Go
	// changes stacks.) It may begin twice, where Go's scheduler interrupts it at its entry: what counts is where it ends.
	tool := []string{"--tool=callgrind", "--dump-instr=yes", "--compress-strings=no", "--compress-pos=no", "--callgrind-out-file=" + filepath.Join(out, "profile"),
		"--dump-before=" + v.prefix + "tracedEnd"}
	for work := range tracedWork {
		tool = append(tool, "--dump-before="+v.prefix+work)
	}
	v.run(todo, func(r io.Reader) { io.Copy(io.Discard, r) }, tool...)
	count, total := map[uint64]int{}, 0
	for part := 1; len(all) < len(todo)+1; part++ {
		file, err := os.ReadFile(filepath.Join(out, fmt.Sprintf("profile.%d", part)))
		if err != nil {
			v.t.Fatal(err)
		}
		total += v.count(string(file), count)
		if bytes.Contains(file, []byte("--dump-before="+v.prefix+"tracedEnd\n")) {
			sum := sha256.New()
			for _, pc := range slices.Sorted(maps.Keys(count)) {
				fmt.Fprintln(sum, pc, count[pc])
			}
			all = append(all, seen{hex.EncodeToString(sum.Sum(nil)), total})
			clear(count)
			total = 0
		}
	}
	return all[1:]
}

// count adds up a profile by address and gives the sum: «address line count», but after «calls=» a line with what the callee took in all.
func (v *valgrind) count(profile string, count map[uint64]int) (total int) {
	inclusive := false
	for line := range strings.Lines(profile) {
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "calls="):
			inclusive = true
		case !strings.HasPrefix(line, "0x") || len(fields) < 3:
		case inclusive:
			inclusive = false
		default:
			pc, err := strconv.ParseUint(fields[0][2:], 16, 64)
			n, err2 := strconv.Atoi(fields[2])
			if err != nil || err2 != nil {
				v.t.Fatalf("profile line %q", line)
			}
			if name, _ := v.function(pc); strings.HasPrefix(name, v.prefix) {
				count[pc] += n
				total += n
			}
		}
	}
	return total
}

// traces gives the trace of each job, of what this package's functions do: Go's own threads may come in between. Where Go's scheduler interrupts,
// it does so at the entry of a function, which then starts anew: the first start is left out.
func (v *valgrind) traces(todo []job) (all []seen) {
	v.t.Helper()
	type place struct{ ours, entry, interrupts, starts, ends bool }
	places := map[uint64]place{}
	at := func(pc uint64) place {
		p, seen := places[pc]
		if !seen {
			name, entry := v.function(pc)
			p = place{ours: strings.HasPrefix(name, v.prefix), entry: entry, interrupts: entry && strings.HasPrefix(name, "runtime.morestack"),
				starts: entry && tracedWork[strings.TrimPrefix(name, v.prefix)] != nil, ends: entry && name == v.prefix+"tracedEnd"}
			places[pc] = p
		}
		return p
	}
	v.run(todo, func(r io.Reader) {
		sum, held := sha256.New(), []byte(nil)
		var inside, keep bool
		var lines, heldLines int
		var entered, resume uint64 // the function begun last; the one to begin anew
		scan := bufio.NewScanner(bufio.NewReaderSize(r, 1<<20))
		for scan.Scan() {
			line := scan.Bytes()
			if len(line) < 4 || line[0] != 'I' && line[0] != ' ' {
				continue
			}
			if line[0] == 'I' {
				address, _, _ := bytes.Cut(line[3:], []byte(","))
				pc, err := strconv.ParseUint(string(address), 16, 64)
				if err != nil {
					continue
				}
				p := at(pc)
				if p.ends && inside {
					sum.Write(held)
					all = append(all, seen{hex.EncodeToString(sum.Sum(nil)), lines + heldLines})
				}
				if p.starts && resume == 0 || p.ends {
					sum.Reset()
					held, lines, heldLines, inside = held[:0], 0, 0, p.starts
				}
				if inside && p.interrupts && resume == 0 {
					held, heldLines, resume = held[:0], 0, entered
				}
				if inside && p.ours && p.entry && (resume == 0 || pc == resume) {
					sum.Write(held)
					lines += heldLines
					held, heldLines, entered, resume = held[:0], 0, pc, 0
				}
				keep = inside && p.ours && resume == 0
			}
			if keep {
				held = append(append(held, line...), '\n')
				heldLines++
			}
		}
	}, "--tool=lackey", "--basic-counts=no", "--trace-mem=yes")
	if len(all) != len(todo)+1 {
		v.t.Fatalf("%d calls traced instead of %d", len(all), len(todo)+1)
	}
	return all[1:]
}
