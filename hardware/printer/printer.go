// Package printer says whether a printer can be used, by asking CUPS. The kiosk prints nothing yet: the self-test asks, and where there is no printer
// the application's number is shown on the screen alone.
package printer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// answerWithin is how long CUPS may take. A print server elsewhere can be unreachable; the self-test must not wait for it.
const answerWithin = 3 * time.Second

// maxAnswer bounds what is read of the answer, in bytes.
const maxAnswer = 64 << 10

// Present names the printer that takes jobs: the default one if it does, else the first that does. No CUPS on the machine, no scheduler running and no
// printer set up all mean that there is none, which is no error. An error is what CUPS could not be asked, or said and should not have.
func Present() (name string, ok bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	program, err := exec.LookPath("lpstat")
	if err != nil {
		return "", false, nil
	}
	usable, err := ask(ctx, program, "-a") // who accepts jobs, one a line
	if err != nil || usable == "" {
		return "", false, err
	}
	byDefault, err := ask(ctx, program, "-d") // "system default destination: NAME"
	if err != nil {
		return "", false, err
	}
	_, wanted, _ := strings.Cut(byDefault, "destination: ")
	name = choose(usable, strings.TrimSpace(wanted))
	return name, name != "", nil
}

// ask runs lpstat in the language of programs. What it says when there is nothing to say is an empty answer.
func ask(ctx context.Context, program, question string) (string, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := exec.CommandContext(ctx, program, question)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.WaitDelay = time.Second // a grandchild that keeps the pipe open is not waited for
	out, said := bounded{stop: stop}, bounded{stop: stop}
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	switch complaint := strings.TrimSpace(said.String()); {
	case errors.Is(context.Cause(ctx), errTooMuch):
		return "", fmt.Errorf("ask CUPS: %w", errTooMuch)
	case ctx.Err() != nil:
		return "", fmt.Errorf("ask CUPS: no answer within %v", answerWithin)
	case err == nil:
		return out.String(), nil
	case strings.Contains(complaint, "No destinations added"), strings.Contains(complaint, "Scheduler is not running"):
		return "", nil
	case complaint != "":
		return "", fmt.Errorf("ask CUPS: %s", firstLine(complaint))
	default:
		return "", fmt.Errorf("ask CUPS: %w", err)
	}
}

// choose finds the wanted printer among those that accept jobs ("NAME accepting requests since …"), or takes the first.
func choose(usable, wanted string) string {
	first := ""
	for line := range strings.Lines(usable) {
		name, rest, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found || !strings.HasPrefix(rest, "accepting requests") {
			continue
		}
		if name == wanted {
			return name
		}
		if first == "" {
			first = name
		}
	}
	return first
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// bounded keeps the first maxAnswer bytes and stops whoever says more.
type bounded struct {
	kept bytes.Buffer // not embedded: its ReadFrom would go round the bound
	stop context.CancelCauseFunc
}

func (b *bounded) String() string { return b.kept.String() }

var errTooMuch = errors.New("too long an answer")

func (b *bounded) Write(p []byte) (int, error) {
	if b.kept.Len()+len(p) > maxAnswer {
		b.stop(errTooMuch)
		return 0, errTooMuch
	}
	return b.kept.Write(p)
}
