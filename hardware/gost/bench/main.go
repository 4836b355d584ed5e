// Command bench measures package gost beside OpenSSL's gost engine (Debian: libengine-gost-openssl): both do the same work, a signature of a digest and its
// verification, by turns in one run, so that what else the machine does falls on both alike. It prints one line of JSON.
//
// It needs the engine, a C compiler and the headers of libcrypto (libssl-dev). Exit status 0 done, 1 failed.
package main

import (
	"bufio"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
)

//go:embed peer/engine.c
var peerSource []byte

const peerConfiguration = `openssl_conf = start
[start]
engines = engines
[engines]
gost = gost
[gost]
engine_id = gost
default_algorithms = ALL
`

// result is what is printed. Times are of one operation, in microseconds, the best of all rounds; a ratio is ours to the engine's of the median round.
type result struct {
	SignRatio    float64 `json:"sign_ratio"`
	VerifyRatio  float64 `json:"verify_ratio"`
	SignUs       float64 `json:"sign_us"`
	VerifyUs     float64 `json:"verify_us"`
	EngineSign   float64 `json:"engine_sign_us"`
	EngineVerify float64 `json:"engine_verify_us"`
	Rounds       int     `json:"rounds"`
}

func main() {
	r, err := measure(31, 20*time.Millisecond)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(r)
}

// peer is the engine in a process of its own.
type peer struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	said *strings.Builder
}

// newPeer compiles and starts it in a folder that the caller removes.
func newPeer(dir string) (*peer, error) {
	source, program, configuration := filepath.Join(dir, "engine.c"), filepath.Join(dir, "engine"), filepath.Join(dir, "openssl.cnf")
	if err := os.WriteFile(source, peerSource, 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(configuration, []byte(peerConfiguration), 0o600); err != nil {
		return nil, err
	}
	if out, err := exec.Command("cc", "-O2", "-o", program, source, "-lcrypto").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile the peer (cc and libssl-dev are needed): %w\n%s", err, out)
	}
	p := &peer{cmd: exec.Command(program), said: new(strings.Builder)}
	p.cmd.Env = append(os.Environ(), "OPENSSL_CONF="+configuration)
	p.cmd.Stderr = p.said
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the peer: %w", err)
	}
	return p, nil
}

// tell sends a line that has no answer.
func (p *peer) tell(what string, value []byte) error {
	_, err := fmt.Fprintf(p.in, "%s %x\n", what, value)
	return err
}

// do has an operation done n times and gives the time and what else was answered.
func (p *peer) do(what string, n int) (time.Duration, string, error) {
	if _, err := fmt.Fprintf(p.in, "%s %d\n", what, n); err != nil {
		return 0, "", err
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.in.Close()
		p.cmd.Wait()
		return 0, "", fmt.Errorf("%s by the engine (libengine-gost-openssl is needed): %w\n%s", what, err, p.said)
	}
	took, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	ns, err := strconv.ParseInt(took, 10, 64)
	if err != nil {
		return 0, "", fmt.Errorf("%s by the engine: answered %q", what, line)
	}
	return time.Duration(ns), rest, nil
}

// stop lets the peer end.
func (p *peer) stop() {
	p.in.Close()
	p.cmd.Wait()
}

// measure compares in so many rounds, each operation for about the slice of time a round.
func measure(rounds int, slice time.Duration) (result, error) {
	dir, err := os.MkdirTemp("", "gost-bench-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	p, err := newPeer(dir)
	if err != nil {
		return result{}, err
	}
	defer p.stop()
	key, err := gost.GenerateKey(nil)
	if err != nil {
		return result{}, err
	}
	public := key.Public().(*gost.PublicKey)
	der, err := gost.MarshalPrivateKey(key, gost.Russian)
	if err != nil {
		return result{}, err
	}
	digest := gost.Sum512([]byte("bench"))
	signature, err := key.Sign(nil, digest[:], gost.Russian)
	if err != nil {
		return result{}, err
	}
	for _, line := range []struct {
		what  string
		value []byte
	}{{"key", der}, {"digest", digest[:]}, {"check", signature}} {
		if err := p.tell(line.what, line.value); err != nil {
			return result{}, err
		}
	}
	// Each takes the other's signature first: they do the same thing.
	_, theirs, err := p.do("sign", 1)
	if err != nil {
		return result{}, err
	}
	if b, err := hex.DecodeString(theirs); err != nil || !public.Verify(gost.Russian, digest[:], b) {
		return result{}, fmt.Errorf("the engine's signature %q is refused", theirs)
	}
	ours := map[string]func(int) (time.Duration, error){
		"sign": func(n int) (time.Duration, error) {
			began := time.Now()
			for range n {
				if _, err := key.Sign(nil, digest[:], gost.Russian); err != nil {
					return 0, err
				}
			}
			return time.Since(began), nil
		},
		"verify": func(n int) (time.Duration, error) {
			began := time.Now()
			for range n {
				if !public.Verify(gost.Russian, digest[:], signature) {
					return 0, fmt.Errorf("our own signature is refused")
				}
			}
			return time.Since(began), nil
		},
	}
	r := result{Rounds: rounds}
	for _, one := range []struct {
		what               string
		ratio, mine, other *float64
	}{{"sign", &r.SignRatio, &r.SignUs, &r.EngineSign}, {"verify", &r.VerifyRatio, &r.VerifyUs, &r.EngineVerify}} {
		theirs := func(n int) (time.Duration, error) {
			took, _, err := p.do(one.what, n)
			return took, err
		}
		if *one.ratio, *one.mine, *one.other, err = compare(rounds, slice, ours[one.what], theirs); err != nil {
			return result{}, err
		}
	}
	return r, nil
}

// compare gives the median of the rounds' ratios, and the best time of each side in microseconds.
func compare(rounds int, slice time.Duration, a, b func(int) (time.Duration, error)) (ratio, bestA, bestB float64, err error) {
	repeat := func(f func(int) (time.Duration, error)) (int, error) {
		took, err := f(20)
		return max(1, int(20*slice/max(took, 1))), err
	}
	na, err := repeat(a)
	if err != nil {
		return 0, 0, 0, err
	}
	nb, err := repeat(b)
	if err != nil {
		return 0, 0, 0, err
	}
	var ratios []float64
	for range rounds {
		ta, err := a(na)
		if err != nil {
			return 0, 0, 0, err
		}
		tb, err := b(nb)
		if err != nil {
			return 0, 0, 0, err
		}
		oneA, oneB := float64(ta.Nanoseconds())/1e3/float64(na), float64(tb.Nanoseconds())/1e3/float64(nb)
		if len(ratios) == 0 || oneA < bestA {
			bestA = oneA
		}
		if len(ratios) == 0 || oneB < bestB {
			bestB = oneB
		}
		ratios = append(ratios, oneA/oneB)
	}
	slices.Sort(ratios)
	round := func(x float64) float64 { return float64(int(x*1000+0.5)) / 1000 }
	return round(ratios[len(ratios)/2]), round(bestA), round(bestB), nil
}
