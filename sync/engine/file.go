package engine

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/registry"
)

// file hands the application in.
func (e *Engine) file(ctx context.Context, task storage.Task) error {
	record, err := e.cfg.Store.Application(ctx, task.Number)
	if err != nil {
		return err
	}
	status, err := e.cfg.Centre.File(ctx, record.Number, record.Document, record.SealKey, record.Signature)
	if err := forGood(refused(explain(ctx, err))); err != nil {
		return err
	}
	e.cfg.Log.Info("application filed", "number", task.Number, "status", status)
	return e.cfg.Store.Done(ctx, task.TaskID, stepTo(status))
}

// stepTo is what a status at the centre means here. The kiosk says issued only when it holds every certificate itself, and
// revoked only when every rr was answered.
func stepTo(s registry.Status) storage.Step {
	switch s {
	case registry.StatusRejected, registry.StatusExpired:
		return storage.Step{Status: storage.Status(s), Drop: true}
	case registry.StatusIssued, registry.StatusInstalled, registry.StatusConfirmed, registry.StatusRevoked:
		return storage.Step{Status: storage.Confirmed}
	}
	return storage.Step{Status: storage.Waiting}
}

// report says that the certificates lie on the citizen's medium.
func (e *Engine) report(ctx context.Context, task storage.Task) error {
	record, err := e.cfg.Store.Application(ctx, task.Number)
	if err != nil {
		return err
	}
	var serials []string
	for _, k := range record.Keys {
		cert, err := x509.ParseCertificate(k.Certificate)
		if err != nil {
			return &taskError{code: "certificate-unreadable", wait: taskMax, err: err}
		}
		serials = append(serials, fmt.Sprintf("%x", cert.SerialNumber))
	}
	_, err = e.cfg.Centre.Installed(ctx, record.Number, record.ChangedAt, serials)
	if err := forGood(refused(explain(ctx, err))); err != nil {
		return err
	}
	return e.cfg.Store.Done(ctx, task.TaskID, storage.Step{})
}

// refused makes a refusal of the centre the task's own problem.
func refused(err error) error {
	if refusal := (*api.Error)(nil); errors.As(err, &refusal) {
		late := &taskError{code: string(refusal.Code), wait: refusal.Wait(), err: err}
		if refusal.Code != api.ErrorCodeRateLimited {
			late.wait = max(late.wait, taskMax) // it will hardly change its mind; a person must look
		}
		return late
	}
	return err
}
