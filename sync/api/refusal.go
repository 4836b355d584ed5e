package api

import (
	"fmt"
	"net/http"
	"time"
)

// Error makes a refusal of the centre an error of Go: errors.As(err, *(*Error)) finds the code.
func (e *Error) Error() string { return fmt.Sprintf("the centre refused: %s: %s", e.Code, e.Message) }

// Wait is how long to wait before asking again; 0 where the centre does not say.
func (e *Error) Wait() time.Duration {
	if e.RetryAfter == nil {
		return 0
	}
	return time.Duration(*e.RetryAfter) * time.Second
}

// Refusal turns what a generated call answered into an error: nil for 2xx, *Error for a refusal in the contract's
// words, and a plain error for anything else (a proxy's page, a broken answer), which is no verdict of the centre.
func Refusal(answer *http.Response, refused *Error) error {
	if answer == nil {
		return fmt.Errorf("the centre gave no answer")
	}
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return nil
	}
	if refused != nil && refused.Code.Valid() {
		return refused
	}
	return fmt.Errorf("the centre answered HTTP status %d without a refusal of its own", answer.StatusCode)
}
