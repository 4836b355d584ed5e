//go:build cgo

package storage

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// acceptUntilKilled is the child of the test below: it accepts and says so, for ever.
func acceptUntilKilled(path string) error {
	ctx := context.Background()
	s, err := Open(path, Options{SealKey: testKey()})
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 5))
	for {
		counter, err := s.ReserveNumber(ctx, "1001")
		if err != nil {
			return err
		}
		id, err := s.Begin(ctx, Intent{Kind: IntentGenerate, Medium: testSerial, Number: fmt.Sprint(counter)})
		if err != nil {
			return err
		}
		number := fmt.Sprintf("1001%06d0", counter)
		if err := s.Accept(ctx, acceptance(number, r)); err != nil {
			return err
		}
		fmt.Println("accepted", number)
		if err := s.Finish(ctx, id, OutcomeDone); err != nil {
			return err
		}
		if counter%3 == 0 {
			if err := s.Done(ctx, TaskID{number, TaskFile, 0}, Step{Status: Waiting}); err != nil {
				return err
			}
			fmt.Println("filed", number)
		}
	}
}

func TestMain(m *testing.M) {
	if path := os.Getenv("TIRKEU_STORAGE_CHILD"); path != "" {
		fmt.Fprintln(os.Stderr, acceptUntilKilled(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestAccept_KeepsEveryAcknowledgedApplicationThroughKill(t *testing.T) {
	ctx := context.Background()
	path := t.TempDir() + "/kiosk.db"
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 6))
	var accepted, filed []string
	for round := range 12 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "TIRKEU_STORAGE_CHILD="+path)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		must(t, err)
		must(t, child.Start())
		lines := bufio.NewScanner(out)
		// Killed after a random number of acknowledgements and a random share of the next transaction.
		for range 1 + random.IntN(20) {
			if !lines.Scan() {
				t.Fatalf("seed %d: the child ended by itself", seed)
			}
			note(lines.Text(), &accepted, &filed)
		}
		for spin := random.IntN(200_000); spin > 0; spin-- {
			_ = spin
		}
		must(t, child.Process.Kill())
		for lines.Scan() {
			note(lines.Text(), &accepted, &filed)
		}
		child.Wait()

		s, err := Open(path, Options{SealKey: testKey()})
		if err != nil {
			t.Fatalf("seed %d, round %d: %v", seed, round, err)
		}
		if err := s.Check(ctx); err != nil {
			t.Fatalf("seed %d, round %d: %v", seed, round, err)
		}
		for _, n := range accepted {
			r, err := s.Application(ctx, n)
			if err != nil || len(r.Keys) != 2 {
				t.Fatalf("seed %d, round %d: %s was acknowledged and is lost: %v", seed, round, n, err)
			}
		}
		for _, n := range filed {
			if r, _ := s.Application(ctx, n); r.Status != Waiting {
				t.Fatalf("seed %d, round %d: %s was filed and is %s", seed, round, n, r.Status)
			}
		}
		open, err := s.OpenIntents(ctx)
		must(t, err)
		if len(open) > round+1 {
			t.Fatalf("seed %d, round %d: %d open intents", seed, round, len(open))
		}
		must(t, s.Close())
	}
	t.Logf("%d acknowledged applications survived 12 kills", len(accepted))
}

func note(line string, accepted, filed *[]string) {
	if n, ok := strings.CutPrefix(line, "accepted "); ok && len(n) == 11 {
		*accepted = append(*accepted, n)
	}
	if n, ok := strings.CutPrefix(line, "filed "); ok && len(n) == 11 {
		*filed = append(*filed, n)
	}
}
