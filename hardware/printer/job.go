package printer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/OpenPrinting/goipp"
)

// Job is a document that was handed in.
type Job struct {
	queue *Queue
	id    int
}

// End is how a job ended.
type End string

const (
	Printed   End = "printed"
	Cancelled End = "cancelled" // by Cancel, by a person at the printer, or because its time was over
	Failed    End = "failed"    // CUPS or the printer gave it up
)

// lookEvery is how often a job is looked at, missedFor how long CUPS may be silent meanwhile (it may be restarting).
const (
	lookEvery = 300 * time.Millisecond
	missedFor = 15 * time.Second
)

// Follow waits for the job's end and tells the printer's state meanwhile, each time it changes: out of paper is told while the job waits for paper. When
// the job has ended it is removed from CUPS with its document. *Error: TooLong when ctx ended first (the job goes on: cancel it), Unknown when CUPS does not
// answer or does not know the job any more, or does not get a cancelled one back from the printer, Kept beside the end when it could not be removed.
func (j *Job) Follow(ctx context.Context, told func(State)) (End, error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var last State
	answered := time.Now()
	for {
		seen, err := j.look(ctx)
		switch {
		case err == nil:
			answered = time.Now()
		case ctx.Err() != nil:
			return "", &Error{TooLong, ctx.Err()}
		case CodeOf(err) == Absent, CodeOf(err) == Refused, time.Since(answered) > missedFor:
			return "", &Error{Unknown, err}
		}
		if err == nil && seen.end != "" {
			if seen.end == Cancelled {
				if err := j.takenBack(ctx); err != nil {
					_ = j.remove(ctx) // that nobody knows weighs more than that CUPS keeps it
					return "", err
				}
			}
			return seen.end, j.remove(ctx)
		}
		if p, err := j.queue.Printer(ctx); err == nil && p.State != last && told != nil {
			last = p.State
			told(p.State)
		}
		select {
		case <-ctx.Done():
			return "", &Error{TooLong, ctx.Err()}
		case <-tick.C:
		}
	}
}

// takenBackWithin is how long CUPS's way to the printer may take to end a job that was cancelled. It may hear of that while it waits between two questions to
// the printer, which lasts up to eleven seconds (CUPS 2.4, cups/util.c, _cupsNextDelay).
var takenBackWithin = 15 * time.Second

// takenBack waits until the printer does not work for CUPS any more. CUPS calls a job cancelled at once, but its way to the printer tells the printer only
// when it comes to it, and until then the printer may print the job: paper put in meanwhile brings it out. *Error: Unknown when that lasts too long.
func (j *Job) takenBack(ctx context.Context) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), takenBackWithin)
	defer stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		printer, err := j.queue.attributes(ctx, "printer-state")
		if err == nil && number(printer, "printer-state") != processing {
			return nil
		}
		select {
		case <-ctx.Done():
			return &Error{Unknown, errors.New("the job was cancelled, and the printer still has it")}
		case <-tick.C:
		}
	}
}

// Cancel ends the job and removes it from CUPS with its document. It gives how the job ended, for it may have been printed just before. *Error: TooLong,
// Unknown, and Kept beside the end.
func (j *Job) Cancel(ctx context.Context) (End, error) {
	m := request(goipp.OpCancelJob)
	j.name(m)
	if _, err := ask(ctx, answerWithin, "/jobs/", m, nil); errors.Is(err, errNotSent) {
		return "", &Error{Unknown, err}
	}
	// Whatever was answered, and whether it was: only the job's state tells.
	return j.Follow(ctx, nil)
}

// sight is what CUPS says of a job.
type sight struct {
	end       End // "" while it goes on
	documents int
	incoming  bool // CUPS still waits for a document
}

// look asks CUPS for the job. *Error: Absent, Silent, Refused.
func (j *Job) look(ctx context.Context) (sight, error) {
	m := request(goipp.OpGetJobAttributes)
	j.name(m)
	add(&m.Operation, "requested-attributes", goipp.TagKeyword, "job-id", "job-state", "job-state-reasons", "number-of-documents")
	answer, err := ask(ctx, answerWithin, "/jobs/", m, nil)
	if err != nil {
		return sight{}, &Error{Silent, err}
	}
	if err := refusal(answer); err != nil {
		return sight{}, err
	}
	if number(answer.Job, "job-id") != j.id {
		return sight{}, &Error{Refused, errors.New("CUPS spoke of another job")}
	}
	s := sight{documents: number(answer.Job, "number-of-documents"), incoming: slices.Contains(texts(answer.Job, "job-state-reasons"), "job-incoming")}
	switch number(answer.Job, "job-state") { // RFC 8011 §5.3.7
	case 7:
		s.end = Cancelled
	case 8:
		s.end = Failed
	case 9:
		s.end = Printed
	}
	return s, nil
}

// removeTries is how often an ended job is taken out of CUPS. A cancelled one loses only its document at first, and stays in the lists, while its way to
// the printer has not ended (CUPS 2.4, scheduler/job.c, cupsdSetJobState); it goes the next time. The third is for a lost answer.
const removeTries = 3

// remove takes an ended job out of CUPS with its document, and is content only when CUPS does not know it any more. It has a time of its own, since the
// caller's may be over.
func (j *Job) remove(ctx context.Context) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), checkWithin)
	defer stop()
	var err error
	for range removeTries {
		err = j.purge(ctx)
		if CodeOf(err) == Absent {
			return nil
		}
		_, gone := j.look(ctx)
		if CodeOf(gone) == Absent {
			return nil
		}
		if err == nil {
			err = gone
		}
	}
	if err == nil {
		err = errors.New("CUPS still lists it")
	}
	return &Error{Kept, fmt.Errorf("remove the job: %w", err)}
}

// purge asks CUPS once to take the job out (purge-job, CUPS's own attribute of Cancel-Job).
func (j *Job) purge(ctx context.Context) error {
	m := request(goipp.OpCancelJob)
	j.name(m)
	m.Operation.Add(goipp.MakeAttribute("purge-job", goipp.TagBoolean, goipp.Boolean(true)))
	answer, err := ask(ctx, answerWithin, "/jobs/", m, nil)
	if err != nil {
		return err
	}
	return refusal(answer)
}

// name says in a request which job it is about.
func (j *Job) name(m *goipp.Message) {
	add(&m.Operation, "printer-uri", goipp.TagURI, j.queue.uri())
	m.Operation.Add(goipp.MakeAttribute("job-id", goipp.TagInteger, goipp.Integer(j.id)))
	add(&m.Operation, "requesting-user-name", goipp.TagName, me())
}
