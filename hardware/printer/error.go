package printer

import "errors"

// Code says what kept a document from being printed.
type Code string

const (
	Absent  Code = "absent"   // no CUPS, or no such printer
	Refused Code = "refused"  // CUPS or the printer does not take it
	Silent  Code = "silent"   // no answer; nothing was printed and nothing will be: it may be tried again
	Unknown Code = "unknown"  // no answer; it may have been printed
	Kept    Code = "kept"     // the job has ended, but CUPS still has it
	TooLong Code = "too-long" // the caller's time was over before the job ended; it goes on until it is cancelled
)

// Error is every error of this package.
type Error struct {
	Code Code
	Err  error
}

func (e *Error) Error() string { return "printer: " + string(e.Code) + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// CodeOf gives the code of an error of this package; "" of another.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
