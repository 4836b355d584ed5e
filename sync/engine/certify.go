package engine

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// exchange is one key of an application on its way to a certificate.
type exchange struct {
	task     storage.Task
	record   storage.Record
	key      storage.RecordKey
	document registry.Application
	client   cmp.Client
	state    *cmp.Transaction
}

// certify asks for a key's certificate, or how the request stands, and takes what was issued.
func (e *Engine) certify(ctx context.Context, task storage.Task) error {
	x, err := e.exchange(ctx, task)
	if err != nil {
		return err
	}
	answer, err := x.ask(ctx)
	if err := explain(ctx, err); err != nil {
		return e.unanswered(ctx, x, err)
	}
	switch answer.State {
	case cmp.Waiting:
		return e.wait(ctx, x, answer.CheckAfter, storage.Step{})
	case cmp.Issued:
		return e.take(ctx, x, answer)
	case cmp.Rejected:
		return e.rejected(ctx, x)
	}
	return &taskError{code: "unknown-state", wait: taskMax}
}

func (e *Engine) exchange(ctx context.Context, task storage.Task) (*exchange, error) {
	record, err := e.cfg.Store.Application(ctx, task.Number)
	if err != nil {
		return nil, err
	}
	x := &exchange{task: task, record: record}
	for _, k := range record.Keys {
		if k.Ordinal == task.Ordinal {
			x.key = k
		}
	}
	if x.document, err = registry.ParseApplication(record.Document); err != nil {
		return nil, &taskError{code: "document-unreadable", wait: taskMax, err: err}
	}
	if task.State == nil {
		id, err := hex.DecodeString(x.key.TransactionID)
		if err != nil {
			return nil, &taskError{code: "transaction-unreadable", wait: taskMax, err: err}
		}
		x.state = cmp.NewTransaction(id)
	} else if err := json.Unmarshal(task.State, &x.state); err != nil {
		return nil, &taskError{code: "transaction-unreadable", wait: taskMax, err: err}
	}
	x.client = *e.cfg.CMP(x.key.Template)
	x.client.Keep = func(ctx context.Context, t *cmp.Transaction) error {
		state, err := json.Marshal(t)
		if err != nil {
			return err
		}
		return e.cfg.Store.Note(ctx, task.TaskID, state)
	}
	return x, nil
}

// ask makes the request, or polls. What was answered already is not asked again.
func (x *exchange) ask(ctx context.Context) (cmp.Answer, error) {
	if x.state.State == cmp.Waiting {
		return x.client.Poll(ctx, x.state)
	}
	return x.client.P10CR(ctx, x.state, x.key.CSR)
}

// wait leaves the task for later. While staff decide, a fresh application is asked about soon, an old one rarely.
func (e *Engine) wait(ctx context.Context, x *exchange, asked time.Duration, step storage.Step) error {
	state, err := json.Marshal(x.state)
	if err != nil {
		return err
	}
	now := e.cfg.Now()
	pause := max(now.Sub(x.record.AcceptedAt)/60, asked, pollMin)
	return e.cfg.Store.Keep(ctx, x.task.TaskID, state, now.Add(e.jitter(min(pause, pollMax)*2)), step)
}

// take checks what was issued, confirms it, and keeps it.
func (e *Engine) take(ctx context.Context, x *exchange, answer cmp.Answer) error {
	chain, err := e.check(x, answer.Certificate, answer.Extra)
	if wrong := (*pki.ProfileError)(nil); errors.As(err, &wrong) {
		return e.refuse(ctx, x, answer.Certificate, wrong)
	}
	if err != nil {
		return &taskError{code: "not-checked", wait: taskMax, err: err}
	}
	err = x.client.Confirm(ctx, x.state, answer.Certificate)
	if err := explain(ctx, err); err != nil {
		return e.unanswered(ctx, x, err)
	}
	return e.keep(ctx, x, answer.Certificate, chain)
}

// check holds an issued certificate against what was asked for and gives its chain, nearest first, without the root.
func (e *Engine) check(x *exchange, cert *x509.Certificate, extra []*x509.Certificate) ([][]byte, error) {
	request, err := x509.ParseCertificateRequest(x.key.CSR)
	if err != nil {
		return nil, fmt.Errorf("reading the request of key %d: %w", x.key.Ordinal, err)
	}
	between := e.cfg.Intermediates.Clone()
	between.Add(extra...)
	now := e.cfg.Now()
	err = pki.CheckIssued(cert, pki.Expect{
		SPKI: request.RawSubjectPublicKeyInfo, IIN: x.document.IIN, Template: x.key.Template, StorageKind: string(x.document.Storage.Kind),
		Email: x.document.Email, Now: now, Profiles: e.cfg.Profiles,
	}, e.cfg.Roots, between)
	if err != nil {
		return nil, err
	}
	way, err := pki.VerifyChain(cert, e.cfg.Roots, between, now)
	if err != nil {
		return nil, err
	}
	var chain [][]byte
	for _, c := range way[1:] {
		if !bytes.Equal(c.RawIssuer, c.RawSubject) {
			chain = append(chain, c.Raw)
		}
	}
	return chain, nil
}

// refuse tells the centre that the certificate is not what was asked for. What may be wrong here rather than there (the
// clock, the root) is no reason to: then a person must look.
func (e *Engine) refuse(ctx context.Context, x *exchange, cert *x509.Certificate, wrong *pki.ProfileError) error {
	if wrong.Part == pki.PartValidity || wrong.Part == pki.PartChain {
		return &taskError{code: "certificate-" + string(wrong.Part), wait: taskMax, err: wrong}
	}
	e.cfg.Log.Error("issued certificate refused", "number", x.task.Number, "key", x.task.Ordinal, "part", wrong.Part, "cause", wrong)
	err := x.client.Refuse(ctx, x.state, cert, "the certificate differs from what was asked for in "+string(wrong.Part))
	if err := explain(ctx, err); err != nil {
		return e.unanswered(ctx, x, err)
	}
	return e.cfg.Store.Done(ctx, x.task.TaskID, storage.Step{Status: storage.Rejected, Drop: true})
}

// keep stores a checked and confirmed certificate; with the last one the application is issued.
func (e *Engine) keep(ctx context.Context, x *exchange, cert *x509.Certificate, chain [][]byte) error {
	step := storage.Step{Status: storage.Issued, Ordinal: x.key.Ordinal, Certificate: cert.Raw, Chain: chain}
	for _, k := range x.record.Keys {
		if k.Ordinal != x.key.Ordinal && len(k.Certificate) == 0 {
			step.Status = storage.Confirmed
		}
	}
	e.cfg.Log.Info("certificate kept", "number", x.task.Number, "key", x.key.Ordinal)
	return e.cfg.Store.Done(ctx, x.task.TaskID, step)
}

// rejected: the request was turned down. Why, the application's status tells.
func (e *Engine) rejected(ctx context.Context, x *exchange) error {
	status, err := e.cfg.Centre.Status(ctx, x.task.Number)
	if err := refused(explain(ctx, err)); err != nil {
		return e.unanswered(ctx, x, err)
	}
	step := storage.Step{Status: storage.Rejected, Drop: true}
	switch status {
	case registry.StatusExpired:
		step.Status = storage.Expired
	case registry.StatusRejected: // by staff, or because the time was over
	default:
		step.Reason = problemRequest // the application stands; this request of it was refused
	}
	e.cfg.Log.Info("request rejected", "number", x.task.Number, "key", x.task.Ordinal, "status", status)
	return e.cfg.Store.Done(ctx, x.task.TaskID, step)
}

// unanswered keeps the transaction as it is after a call that gave no usable answer, and finds out what a verdict about the
// message, rather than about the request, means for the application.
func (e *Engine) unanswered(ctx context.Context, x *exchange, cause error) error {
	if ctx.Err() != nil {
		return cause // what had to be on disk is there by Keep
	}
	state, err := json.Marshal(x.state)
	if err != nil {
		return err
	}
	if !bytes.Equal(state, x.task.State) {
		if err := e.cfg.Store.Note(ctx, x.task.TaskID, state); err != nil {
			return err
		}
	}
	verdict := (*cmp.StatusError)(nil)
	if !errors.As(cause, &verdict) || errors.Is(cause, cmp.ErrUnprotected) {
		return cause
	}
	if line := (*LineError)(nil); errors.As(cause, &line) {
		return cause
	}
	return e.afterVerdict(ctx, x, cause)
}

// afterVerdict asks by REST how the application and the transaction stand, when CMP did not get on.
func (e *Engine) afterVerdict(ctx context.Context, x *exchange, cause error) error {
	status, err := e.cfg.Centre.Status(ctx, x.task.Number)
	if err := refused(explain(ctx, err)); err != nil {
		return err
	}
	if status.Denied() {
		return e.cfg.Store.Done(ctx, x.task.TaskID, stepTo(status))
	}
	state, der, err := e.cfg.Centre.Transaction(ctx, x.state.ID)
	if refusal := (*api.Error)(nil); errors.As(err, &refusal) && refusal.Code == api.ErrorCodeNotFound {
		return e.afterRefusals(x.task, cause)
	}
	if err := refused(explain(ctx, err)); err != nil {
		return err
	}
	switch state {
	case string(api.TransactionStateConfirmed): // the confirmation had arrived: the answer to it was lost for good
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return garbage("the transaction's certificate: %w", err)
		}
		var extra []*x509.Certificate
		for _, der := range x.state.Extra {
			if c, err := x509.ParseCertificate(der); err == nil {
				extra = append(extra, c)
			}
		}
		chain, err := e.check(x, cert, extra)
		if err != nil {
			return &taskError{code: "not-checked", wait: taskMax, err: err}
		}
		return e.keep(ctx, x, cert, chain)
	case string(api.TransactionStateRefused), string(api.TransactionStateRejected):
		return e.cfg.Store.Done(ctx, x.task.TaskID, storage.Step{Status: storage.Rejected, Drop: true})
	}
	return e.afterRefusals(x.task, cause)
}
