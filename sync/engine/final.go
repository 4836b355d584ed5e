package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/cmp"
)

// finalError says that the centre refused a task for good, with the code that the citizen is told by.
type finalError struct {
	code string
	err  error
}

func (f *finalError) Error() string { return fmt.Sprintf("refused for good: %s: %v", f.code, f.err) }
func (f *finalError) Unwrap() error { return f.err }

// passing are refusals that another moment may take back: they speak of the asker's pace, of who else is at work, of a line or
// a centre that is not well, or of a centre that is older than this program and does not know the call.
var passing = map[api.ErrorCode]bool{api.ErrorCodeRateLimited: true, api.ErrorCodeLocked: true, api.ErrorCodeInternal: true,
	api.ErrorCodeUnauthenticated: true, api.ErrorCodeNotFound: true}

// forGood makes a refusal that nothing will take back final: the bytes are what they are.
func forGood(err error) error {
	if refusal := (*api.Error)(nil); errors.As(err, &refusal) && !passing[refusal.Code] {
		return &finalError{code: string(refusal.Code), err: err}
	}
	return err
}

// requestRefused are the failures of RFC 9810 §5.2.3 that speak of the request itself, not of the message around it: another
// message would fare no better.
const requestRefused = cmp.BadCertTemplate | cmp.BadPOP | cmp.NotAuthorized | cmp.DuplicateCertReq | cmp.BadCertID

// problemRequest is the code of a request that the centre refused by CMP.
const problemRequest = "request-refused"

// afterRefusals is what a protected refusal means that left no trace in the application's status. One of the request is final;
// one of the message is tried again with a new message, since the last one was dropped, a few times.
func (e *Engine) afterRefusals(task storage.Task, cause error) error {
	verdict := (*cmp.StatusError)(nil)
	if errors.As(cause, &verdict) && verdict.Info.Fail&requestRefused != 0 || task.Problem == problemRequest && task.Attempts+1 >= refusedMax {
		return &finalError{code: problemRequest, err: cause}
	}
	return &taskError{code: problemRequest, wait: taskFirst, err: cause}
}

// giveUp ends what was refused for good and keeps the reason. What was only to be reported stays as it is.
func (e *Engine) giveUp(ctx context.Context, task storage.Task, final *finalError) error {
	e.cfg.Log.Error("refused for good", "task", task.Kind, "number", task.Number, "key", task.Ordinal, "code", final.code, "cause", final.err)
	step := storage.Step{Status: storage.Rejected, Drop: true, Reason: final.code}
	switch task.Kind {
	case storage.TaskReport:
		step = storage.Step{Reason: final.code}
	case storage.TaskLetter: // the application stands, whatever becomes of a letter about it
		step = storage.Step{}
	}
	err := e.cfg.Store.Done(ctx, task.TaskID, step)
	if errors.Is(err, storage.ErrNotFound) {
		return nil // done or dropped meanwhile
	}
	return err
}
