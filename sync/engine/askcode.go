package engine

import (
	"context"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/registry"
)

// Code is a one-time code that is on its way to a citizen. The code itself never comes to the kiosk but by his fingers.
type Code struct {
	Needed    bool // false: none is asked of this person for this kind; the rest is empty
	ID        string
	Method    string // registry.MethodSMS or MethodDocument
	SentTo    string // the end of a telephone number, or ""
	Resends   int    // how many more may be sent
	ResendAt  time.Time
	ExpiresAt time.Time
}

// AskCode has a one-time code sent, if the directory's rule of the kind asks for one; method "" is the rule's first. *api.Error:
// session_over, code_locked and code_limit (both with Wait), not_offered.
func (l *Line) AskCode(ctx context.Context, session string, kind registry.Kind, method string) (Code, error) {
	query := api.CodeQuery{Kind: api.Kind(kind)}
	if method != "" {
		query.Method = &method
	}
	r, err := l.rest.AskCodeWithResponse(ctx, &api.AskCodeParams{XCitizenSession: session}, query)
	if err != nil {
		return Code{}, explain(ctx, err)
	}
	c, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	return codeIn(c), err
}

// ResendCode has another code sent in place of the first. *api.Error: session_over, code_locked, code_limit, not_found, conflict
// (told already).
func (l *Line) ResendCode(ctx context.Context, session, id string) (Code, error) {
	r, err := l.rest.ResendCodeWithResponse(ctx, id, &api.ResendCodeParams{XCitizenSession: session})
	if err != nil {
		return Code{}, explain(ctx, err)
	}
	c, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	return codeIn(c), err
}

// VerifyCode tells the code that the citizen typed, and gives until when the application must be signed; its id goes into
// the application as second_factor. *api.Error: session_over, code_wrong (Left tries), code_expired, code_locked, not_found.
func (l *Line) VerifyCode(ctx context.Context, session, id, code string) (signUntil time.Time, err error) {
	r, err := l.rest.VerifyCodeWithResponse(ctx, id, &api.VerifyCodeParams{XCitizenSession: session}, api.CodeTold{Code: code})
	if err != nil {
		return time.Time{}, explain(ctx, err)
	}
	v, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	return v.SignUntil, err
}

func codeIn(c api.CodeSent) Code {
	return Code{Needed: c.Needed, ID: c.Id, Method: c.Method, SentTo: c.SentTo, Resends: c.Resends, ResendAt: value(c.ResendAt), ExpiresAt: value(c.ExpiresAt)}
}
