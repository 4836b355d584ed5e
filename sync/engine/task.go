package engine

import (
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

var errProfile = errors.New("the certificate is not as asked for")

// do carries out one task. An error means: later again.
func (e *Engine) do(ctx context.Context, task storage.Task) error {
	record, err := e.cfg.Store.Application(ctx, task.Number)
	if err != nil {
		return err
	}
	switch task.Kind {
	case storage.TaskFile:
		return e.file(ctx, task, record)
	case storage.TaskCertify:
		return e.certify(ctx, task, record)
	case storage.TaskReport:
		return e.report(ctx, task, record)
	}
	return fmt.Errorf("the outbox holds a task of the unknown kind %q", task.Kind)
}

// file hands the application in. The same bytes get the same answer, so it may be said twice.
func (e *Engine) file(ctx context.Context, task storage.Task, record storage.Record) error {
	body := api.Filing{Document: record.Document}
	if len(record.SealKey) > 0 {
		body.SealKey = &record.SealKey
	}
	answer, err := e.cfg.API.PutApplicationWithResponse(ctx, task.Number, body)
	if err != nil {
		return err
	}
	err = answered(answer.HTTPResponse, answer.JSON200 != nil, answer.JSONDefault)
	if err != nil {
		return err
	}
	return e.cfg.Store.Done(ctx, task.TaskID, storage.Step{Status: storage.Waiting})
}

// report says that the certificates lie on the citizen's medium.
func (e *Engine) report(ctx context.Context, task storage.Task, record storage.Record) error {
	body := api.Installation{At: record.ChangedAt.UTC()}
	for _, k := range record.Keys {
		cert, err := x509.ParseCertificate(k.Certificate)
		if err != nil {
			return fmt.Errorf("reading a kept certificate: %w", err)
		}
		body.Certificates = append(body.Certificates, hex.EncodeToString(cert.SerialNumber.Bytes()))
	}
	answer, err := e.cfg.API.MarkInstalledWithResponse(ctx, task.Number, body)
	if err != nil {
		return err
	}
	err = answered(answer.HTTPResponse, answer.JSON200 != nil, answer.JSONDefault)
	if err != nil {
		return err
	}
	return e.cfg.Store.Done(ctx, task.TaskID, storage.Step{})
}

// certify takes one key a step further: p10cr, poll, check, certConf.
func (e *Engine) certify(ctx context.Context, task storage.Task, record storage.Record) error {
	key, err := keyOf(record, task.Ordinal)
	if err != nil {
		return err
	}
	t, err := transactionOf(task, key)
	if err != nil {
		return err
	}
	client := e.cfg.CMP(key.Template)
	client.Keep = func(ctx context.Context, t *cmp.Transaction) error { return e.note(ctx, task.TaskID, t) }
	answer, err := ask(ctx, &client, t, key.CSR)
	if err != nil {
		noted := e.note(context.WithoutCancel(ctx), task.TaskID, t)
		return e.rejected(ctx, task, errors.Join(err, noted))
	}
	switch answer.State {
	case cmp.Waiting:
		state, err := json.Marshal(t)
		if err != nil {
			return fmt.Errorf("keeping a transaction: %w", err)
		}
		after := min(max(answer.CheckAfter, time.Second), e.cfg.MaxPause)
		return e.cfg.Store.Keep(ctx, task.TaskID, state, e.cfg.Now().Add(after), storage.Step{Status: storage.Waiting})
	case cmp.Rejected:
		return e.rejected(ctx, task, &cmp.StatusError{Body: "answer", Info: answer.Status})
	}
	return e.take(ctx, task, record, key, &client, t, answer)
}

// ask sends the request or asks after it, as the transaction stands.
func ask(ctx context.Context, client *cmp.Client, t *cmp.Transaction, csr []byte) (cmp.Answer, error) {
	if t.State == "" {
		return client.P10CR(ctx, t, csr)
	}
	return client.Poll(ctx, t) // gives what is known once it is issued or rejected
}

// take checks what was issued, confirms it, and keeps it.
func (e *Engine) take(ctx context.Context, task storage.Task, record storage.Record, key storage.RecordKey, client *cmp.Client, t *cmp.Transaction, answer cmp.Answer) error {
	err := e.note(ctx, task.TaskID, t)
	if err != nil {
		return err
	}
	chain, err := e.check(record, key, answer)
	if err != nil {
		e.cfg.Log.Error("the centre issued a certificate that was not asked for", "number", task.Number, "key", task.Ordinal, "error", err)
		if !t.Refused || !t.Confirmed {
			refused := client.Refuse(ctx, t, answer.Certificate, "not as asked for")
			noted := e.note(context.WithoutCancel(ctx), task.TaskID, t)
			return errors.Join(errProfile, refused, noted)
		}
		return errProfile
	}
	err = client.Confirm(ctx, t, answer.Certificate)
	if err != nil {
		noted := e.note(context.WithoutCancel(ctx), task.TaskID, t)
		return errors.Join(err, noted)
	}
	step := storage.Step{Ordinal: task.Ordinal, Certificate: answer.Certificate.Raw, Chain: chain, Status: storage.Issued}
	for _, other := range record.Keys {
		if other.Ordinal != task.Ordinal && len(other.Certificate) == 0 {
			step.Status = storage.Confirmed
		}
	}
	return e.cfg.Store.Done(ctx, task.TaskID, step)
}

// check holds what was issued against the application; it gives the issuing certificates below the root.
func (e *Engine) check(record storage.Record, key storage.RecordKey, answer cmp.Answer) ([][]byte, error) {
	application, err := registry.ParseApplication(record.Document)
	if err != nil {
		return nil, fmt.Errorf("reading the application: %w", err)
	}
	request, err := x509.ParseCertificateRequest(key.CSR)
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	intermediates := x509.NewCertPool()
	for _, c := range answer.Extra {
		intermediates.AddCert(c)
	}
	err = pki.CheckIssued(answer.Certificate, pki.Expect{
		SPKI: request.RawSubjectPublicKeyInfo, IIN: application.IIN, Template: key.Template,
		StorageKind: string(application.Storage.Kind), Email: application.Email, Now: e.cfg.Now(),
	}, e.cfg.Roots, intermediates)
	if err != nil {
		return nil, err
	}
	chains, err := answer.Certificate.Verify(x509.VerifyOptions{Roots: e.cfg.Roots, Intermediates: intermediates, CurrentTime: e.cfg.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return nil, fmt.Errorf("building the chain: %w", err)
	}
	var chain [][]byte
	for _, c := range chains[0][1 : len(chains[0])-1] {
		chain = append(chain, c.Raw)
	}
	return chain, nil
}

// rejected looks at a negative CMP answer: where the centre says that staff rejected the application, or that it has
// expired, that is its end. Anything else stays in the outbox with its code, for staff to see.
func (e *Engine) rejected(ctx context.Context, task storage.Task, cause error) error {
	var verdict *cmp.StatusError
	if !errors.As(cause, &verdict) || cmp.Temporary(cause) {
		return cause
	}
	answer, err := e.cfg.API.GetApplicationWithResponse(ctx, task.Number)
	if err != nil {
		return err
	}
	err = answered(answer.HTTPResponse, answer.JSON200 != nil, answer.JSONDefault)
	if err != nil {
		return err
	}
	switch status := registry.Status(answer.JSON200.Status); status {
	case registry.StatusRejected, registry.StatusExpired:
		return e.cfg.Store.Done(ctx, task.TaskID, storage.Step{Status: storage.Status(status), Drop: true})
	}
	return cause
}

// note keeps the transaction on disk.
func (e *Engine) note(ctx context.Context, id storage.TaskID, t *cmp.Transaction) error {
	state, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("keeping a transaction: %w", err)
	}
	return e.cfg.Store.Note(ctx, id, state)
}

func transactionOf(task storage.Task, key storage.RecordKey) (*cmp.Transaction, error) {
	if task.State == nil {
		id, err := hex.DecodeString(key.TransactionID)
		if err != nil {
			return nil, fmt.Errorf("reading a transaction id: %w", err)
		}
		return cmp.NewTransaction(id), nil
	}
	t := new(cmp.Transaction)
	err := json.Unmarshal(task.State, t)
	if err != nil {
		return nil, fmt.Errorf("reading a kept transaction: %w", err)
	}
	return t, nil
}

func keyOf(record storage.Record, ordinal int) (storage.RecordKey, error) {
	for _, k := range record.Keys {
		if k.Ordinal == ordinal {
			return k, nil
		}
	}
	return storage.RecordKey{}, fmt.Errorf("application %s has no key %d", record.Number, ordinal)
}
