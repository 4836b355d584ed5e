package centre

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/cmp"
)

// Refusal is a no of the centre that the asker may see: a code of the contract's closed list and a text for logs. What
// is no Refusal is a fault of our own, and its details stay here.
type Refusal struct {
	Code    api.ErrorCode
	Message string
	After   time.Duration // ask again then; 0 says nothing
	Fail    cmp.Failure   // CMP's word for it, where it has one of its own; 0 follows Code
	Left    *int          // tries that are left, where they are counted
}

func (r *Refusal) Error() string { return r.Message }

func refuse(code api.ErrorCode, format string, args ...any) error {
	return &Refusal{Code: code, Message: fmt.Sprintf(format, args...)}
}

// refusalCode is the code of a refusal in err, or "" where there is none.
func refusalCode(err error) api.ErrorCode {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// statuses says which HTTP status goes with a code; openapi.yaml tells the same in words.
var statuses = map[api.ErrorCode]int{
	api.ErrorCodeBadRequest:      http.StatusBadRequest,
	api.ErrorCodeUnauthenticated: http.StatusUnauthorized,
	api.ErrorCodeNotOperator:     http.StatusForbidden,
	api.ErrorCodeOwnApplication:  http.StatusForbidden,
	api.ErrorCodeNotFound:        http.StatusNotFound,
	api.ErrorCodeConflict:        http.StatusConflict,
	api.ErrorCodeWrongBytes:      http.StatusConflict,
	api.ErrorCodeWrongHash:       http.StatusConflict,
	api.ErrorCodeAlreadyDecided:  http.StatusConflict,
	api.ErrorCodeLocked:          http.StatusConflict,
	api.ErrorCodeExpired:         http.StatusGone,
	api.ErrorCodeRateLimited:     http.StatusTooManyRequests,
	api.ErrorCodeInternal:        http.StatusInternalServerError,

	api.ErrorCodeSessionOver:     http.StatusForbidden,
	api.ErrorCodeChallengeOver:   http.StatusForbidden,
	api.ErrorCodeBadSignature:    http.StatusForbidden,
	api.ErrorCodeNotSignInKey:    http.StatusForbidden,
	api.ErrorCodeNotSigningKey:   http.StatusForbidden,
	api.ErrorCodeKeyExpired:      http.StatusForbidden,
	api.ErrorCodeKeyNotYetValid:  http.StatusForbidden,
	api.ErrorCodeKeyRevoked:      http.StatusForbidden,
	api.ErrorCodeKeyForeign:      http.StatusForbidden,
	api.ErrorCodeKeyUnchecked:    http.StatusForbidden,
	api.ErrorCodeOtherPerson:     http.StatusForbidden,
	api.ErrorCodeUnsigned:        http.StatusForbidden,
	api.ErrorCodeSignatureTime:   http.StatusForbidden,
	api.ErrorCodeSignatureStale:  http.StatusGone,
	api.ErrorCodeNotOffered:      http.StatusConflict,
	api.ErrorCodeAlreadyFiled:    http.StatusConflict,
	api.ErrorCodeAlreadyReissued: http.StatusConflict,
	api.ErrorCodeAlreadyRevoked:  http.StatusConflict,
	api.ErrorCodeNoSystem:        http.StatusConflict,
	api.ErrorCodeCodeRequired:    http.StatusForbidden,
	api.ErrorCodeCodeWrong:       http.StatusForbidden,
	api.ErrorCodeCodeExpired:     http.StatusGone,
	api.ErrorCodeCodeLocked:      http.StatusTooManyRequests,
	api.ErrorCodeCodeLimit:       http.StatusTooManyRequests,
}
