package printer

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/OpenPrinting/goipp"
)

// Document is what is printed.
type Document struct {
	Title  string // seen in CUPS's lists and logs: nothing of a person
	PDF    []byte
	Within time.Duration // a job not printed by then is dropped by CUPS itself; 5 minutes if 0
	// Width and Height of the paper in millimetres where it is not the printer's usual one, as for a receipt. A printer that can have such paper prints in
	// true size on it; another one on the paper it has.
	Width, Height int
}

const withinUsually = 5 * time.Minute

// checkWithin is how long CUPS is asked what became of a job after an answer was lost.
const checkWithin = 10 * time.Second

// Print hands a document in and gives its job. When it gives an error nothing was printed and nothing will be, unless the code is Unknown: then a person
// must look at the printer before it is tried again. *Error: Absent, Refused, Silent, Unknown.
func (q *Queue) Print(ctx context.Context, d Document) (*Job, error) {
	if len(d.PDF) > maxDocument || !bytes.HasPrefix(d.PDF, []byte("%PDF-")) {
		return nil, &Error{Refused, fmt.Errorf("%d bytes are no PDF that is taken", len(d.PDF))}
	}
	job, err := q.create(ctx, d)
	if err != nil {
		return nil, err
	}
	m := request(goipp.OpSendDocument)
	job.name(m)
	add(&m.Operation, "document-format", goipp.TagMimeType, "application/pdf")
	m.Operation.Add(goipp.MakeAttribute("last-document", goipp.TagBoolean, goipp.Boolean(true)))
	answer, err := ask(ctx, sendWithin, q.path(), m, d.PDF)
	switch {
	case errors.Is(err, errNotSent): // CUPS has gone since; what it has is an empty job
		return nil, &Error{Silent, err}
	case err != nil:
		return job.settle(ctx, err)
	}
	if err := refusal(answer); err != nil {
		job.drop(ctx) // it has no document: what becomes of it does not matter
		return nil, err
	}
	return job, nil
}

// create makes an empty job. If the answer is lost the job is looked for by its title, which holds a word of chance; an empty job prints nothing, and CUPS
// drops one that stays empty (MultipleOperationTimeout).
func (q *Queue) create(ctx context.Context, d Document) (*Job, error) {
	title := d.Title + " " + rand.Text()[:10]
	m := request(goipp.OpCreateJob)
	add(&m.Operation, "printer-uri", goipp.TagURI, q.uri())
	add(&m.Operation, "requesting-user-name", goipp.TagName, me())
	add(&m.Operation, "job-name", goipp.TagName, title)
	within := d.Within
	if within <= 0 {
		within = withinUsually
	}
	m.Job.Add(goipp.MakeAttribute("job-cancel-after", goipp.TagInteger, goipp.Integer(max(1, within/time.Second))))
	if media := q.media(ctx, d.Width, d.Height); media != "" {
		add(&m.Job, "media", goipp.TagKeyword, media)
		add(&m.Job, "print-scaling", goipp.TagKeyword, "none")
	}
	answer, err := ask(ctx, answerWithin, q.path(), m, nil)
	switch {
	case errors.Is(err, errNotSent):
		return nil, &Error{Absent, err}
	case err != nil:
		return q.find(ctx, title, err)
	}
	if err := refusal(answer); err != nil {
		return nil, err
	}
	id := number(answer.Job, "job-id")
	if id == 0 {
		return q.find(ctx, title, errors.New("CUPS gave the job no number"))
	}
	return &Job{queue: q, id: id}, nil
}

// find looks for the job of a lost answer.
func (q *Queue) find(ctx context.Context, title string, lost error) (*Job, error) {
	m := request(goipp.OpGetJobs)
	add(&m.Operation, "printer-uri", goipp.TagURI, q.uri())
	add(&m.Operation, "requesting-user-name", goipp.TagName, me())
	add(&m.Operation, "which-jobs", goipp.TagKeyword, "not-completed")
	add(&m.Operation, "requested-attributes", goipp.TagKeyword, "job-id", "job-name")
	answer, err := ask(ctx, answerWithin, q.path(), m, nil)
	if err != nil || refusal(answer) != nil {
		return nil, &Error{Silent, lost}
	}
	for _, g := range answer.Groups {
		if g.Tag == goipp.TagJobGroup && text(g.Attrs, "job-name") == title {
			return &Job{queue: q, id: number(g.Attrs, "job-id")}, nil
		}
	}
	return nil, &Error{Silent, lost}
}

// settle finds out what became of a document whose answer was lost. CUPS has it whole or not at all; in the second case the job is cancelled, so that it
// cannot be printed later either. It has a time of its own, since the caller's may be over.
func (j *Job) settle(ctx context.Context, lost error) (*Job, error) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), checkWithin)
	defer stop()
	seen, err := j.look(ctx)
	if err == nil && seen.documents > 0 && !seen.incoming {
		return j, nil
	}
	if err == nil {
		err = j.drop(ctx)
	}
	if err == nil {
		return nil, &Error{Silent, lost}
	}
	return nil, &Error{Unknown, lost}
}

// drop cancels a job without a document, and is content only when CUPS says that it has ended without being printed.
func (j *Job) drop(ctx context.Context) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), checkWithin)
	defer stop()
	end, err := j.Cancel(ctx)
	if err != nil && CodeOf(err) != Kept {
		return err
	}
	if end == Printed {
		return errors.New("the job was printed")
	}
	return nil
}
