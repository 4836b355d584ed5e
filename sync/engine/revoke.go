package engine

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/registry"
)

// revocationProfile is the path under which an rr goes out: it is for a certificate, not for a profile, and every centre
// has this one.
const revocationProfile = string(registry.TemplateSign)

// revoke has one certificate revoked that an application names, on the citizen's behalf (RFC 9483 §5.3.2).
func (e *Engine) revoke(ctx context.Context, task storage.Task) error {
	record, err := e.cfg.Store.Application(ctx, task.Number)
	if err != nil {
		return err
	}
	ref, reason, err := e.named(record, task.Ordinal)
	if err != nil {
		return err
	}
	state, err := transactionOf(record, task)
	if err != nil {
		return err
	}
	client := *e.cfg.CMP(revocationProfile)
	client.Keep = func(ctx context.Context, t *cmp.Transaction) error {
		kept, err := json.Marshal(t)
		if err != nil {
			return err
		}
		return e.cfg.Store.Note(ctx, task.TaskID, kept)
	}
	err = explain(ctx, client.Revoke(ctx, state, cmp.Revocation{Issuer: ref.Issuer, Serial: serialNumber(ref), Reason: reason}))
	if err == nil {
		e.cfg.Log.Info("certificate revoked", "number", task.Number, "certificate", task.Ordinal)
		return e.cfg.Store.Done(ctx, task.TaskID, storage.Step{Revoked: task.Ordinal})
	}
	return e.notRevoked(ctx, task, state, err)
}

// named finds in the document what a task is to have revoked.
func (e *Engine) named(record storage.Record, ordinal int) (registry.CertificateRef, int, error) {
	a, err := registry.ParseApplication(record.Document)
	if err != nil || a.Revocation == nil || ordinal < 1 || ordinal > len(a.Revocation.Certificates) {
		return registry.CertificateRef{}, 0, &taskError{code: "document-unreadable", wait: taskMax, err: err}
	}
	// The reason that counts is the application's, by the centre's own list.
	reason, _ := e.Directory().RevocationReason(a.Revocation.Reason)
	return a.Revocation.Certificates[ordinal-1], reason.CRLReason, nil
}

func transactionOf(record storage.Record, task storage.Task) (*cmp.Transaction, error) {
	unreadable := func(err error) error { return &taskError{code: "transaction-unreadable", wait: taskMax, err: err} }
	if task.State != nil {
		var x *cmp.Transaction
		if err := json.Unmarshal(task.State, &x); err != nil {
			return nil, unreadable(err)
		}
		return x, nil
	}
	for _, r := range record.Revocations {
		if r.Ordinal != task.Ordinal {
			continue
		}
		id, err := hex.DecodeString(r.TransactionID)
		if err != nil {
			return nil, unreadable(err)
		}
		return cmp.NewTransaction(id), nil
	}
	return nil, unreadable(errors.New("storage has none"))
}

func serialNumber(ref registry.CertificateRef) *big.Int {
	n, _ := new(big.Int).SetString(ref.Serial, 16) // the document's form was checked
	return n
}

// notRevoked keeps the transaction as it is and finds out what a refusal means: staff may still have to look, or have
// said no; the certificate may be revoked by another way.
func (e *Engine) notRevoked(ctx context.Context, task storage.Task, state *cmp.Transaction, cause error) error {
	if ctx.Err() != nil {
		return cause
	}
	kept, err := json.Marshal(state)
	if err != nil {
		return err
	}
	if !bytes.Equal(kept, task.State) {
		if err := e.cfg.Store.Note(ctx, task.TaskID, kept); err != nil {
			return err
		}
	}
	verdict, line := (*cmp.StatusError)(nil), (*LineError)(nil)
	if !errors.As(cause, &verdict) || errors.Is(cause, cmp.ErrUnprotected) || errors.As(cause, &line) {
		return cause
	}
	status, err := e.cfg.Centre.Status(ctx, task.Number)
	if err := refused(explain(ctx, err)); err != nil {
		return err
	}
	switch {
	case status.Denied():
		return e.cfg.Store.Done(ctx, task.TaskID, stepTo(status))
	case status == registry.StatusRevoked || verdict.Info.Fail.Has(cmp.CertRevoked):
		return e.cfg.Store.Done(ctx, task.TaskID, storage.Step{Revoked: task.Ordinal})
	case status == registry.StatusWaiting: // staff look at it first
		return e.cfg.Store.Keep(ctx, task.TaskID, kept, e.cfg.Now().Add(e.jitter(2*urgentMax)), storage.Step{})
	}
	return e.afterRefusals(task, cause)
}
