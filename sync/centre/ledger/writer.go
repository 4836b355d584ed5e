package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Bounds of the writer: how many transactions share one commit, and how long they may take together.
const (
	batchMax   = 64
	batchLimit = 30 * time.Second
)

// errClosed is what Do answers after Close.
var errClosed = errors.New("the database is closed")

// job is one write transaction waiting for its turn. done has room for the one outcome.
type job struct {
	ctx  context.Context
	f    func(*Tx) error
	done chan outcome
}

// outcome is what became of a job; panicked is what its function panicked with, to go on panicking where it was called.
type outcome struct {
	err      error
	panicked any
}

// writer runs all write transactions, one after the other. Those that came while a commit was under way share the next
// one: each in a savepoint of its own, so that one that fails takes nothing along, and none is answered before the
// commit. That spares the disk's waiting, which is most of a transaction's time.
type writer struct {
	db       *sql.DB
	postgres bool
	jobs     chan *job
	quit     chan struct{} // closed by Close
	ended    chan struct{} // closed when the writer has ended
}

func newWriter(db *sql.DB, postgres bool) *writer {
	w := &writer{db: db, postgres: postgres, jobs: make(chan *job), quit: make(chan struct{}), ended: make(chan struct{})}
	go w.run()
	return w
}

func (w *writer) close() {
	close(w.quit)
	<-w.ended
}

// do hands a job in and waits for it. ctx counts until the job's turn has come; then it is finished.
func (w *writer) do(ctx context.Context, f func(*Tx) error) error {
	j := &job{ctx: ctx, f: f, done: make(chan outcome, 1)}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return fmt.Errorf("waiting for a transaction: %w", ctx.Err())
	case <-w.quit:
		return errClosed
	}
	o := <-j.done
	if o.panicked != nil {
		panic(o.panicked)
	}
	return o.err
}

func (w *writer) run() {
	defer close(w.ended)
	for {
		select {
		case <-w.quit:
			return
		case j := <-w.jobs:
			w.batch(j)
		}
	}
}

// batch runs a first job and those that wait behind it in one transaction. SQLite's statements get no deadline: an
// interrupted one would roll everything back, and its only wait, for the file's lock, is bounded by busy_timeout.
func (w *writer) batch(first *job) {
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if w.postgres {
		ctx, cancel = context.WithTimeout(ctx, batchLimit)
	}
	defer cancel()
	tx, err := w.begin(ctx)
	if err != nil {
		first.done <- outcome{err: fmt.Errorf("beginning a transaction: %w", err)}
		return
	}
	defer tx.Rollback()
	t := &Tx{ctx: ctx, tx: tx, postgres: w.postgres}
	if o := first.call(t); o != (outcome{}) {
		tx.Rollback()
		first.done <- o
		return
	}
	waiting := []*job{first}
	for len(waiting) < batchMax {
		select {
		case j := <-w.jobs:
			o, sound := w.nested(t, j)
			if o == (outcome{}) && sound {
				waiting = append(waiting, j)
				continue
			}
			j.done <- o
			if sound {
				continue
			}
			tx.Rollback()
			for _, other := range waiting {
				other.done <- outcome{err: errors.New("the transaction was lost with another one; try again")}
			}
			return
		default:
		}
		break
	}
	err = tx.Commit()
	if err != nil {
		err = fmt.Errorf("committing: %w", err)
	}
	for _, j := range waiting {
		j.done <- outcome{err: err}
	}
}

func (w *writer) begin(ctx context.Context) (*sql.Tx, error) {
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil || !w.postgres {
		return tx, err
	}
	// Read committed is enough behind this lock: nobody else writes until the commit, which lets it go.
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(advisory)); err != nil {
		tx.Rollback()
		return nil, err
	}
	return tx, nil
}

// nested runs a job in a savepoint; sound says that the transaction around it still stands.
func (w *writer) nested(t *Tx, j *job) (o outcome, sound bool) {
	if _, err := t.exec("SAVEPOINT job"); err != nil {
		return outcome{err: fmt.Errorf("beginning a transaction: %w", err)}, false
	}
	o = j.call(t)
	if o != (outcome{}) {
		if _, err := t.exec("ROLLBACK TO SAVEPOINT job"); err != nil {
			return o, false
		}
	}
	if _, err := t.exec("RELEASE SAVEPOINT job"); err != nil {
		if o == (outcome{}) {
			o.err = fmt.Errorf("ending a transaction: %w", err)
		}
		return o, false
	}
	return o, true
}

// call runs the job's function and catches its panic.
func (j *job) call(t *Tx) (o outcome) {
	if err := j.ctx.Err(); err != nil {
		return outcome{err: fmt.Errorf("waiting for a transaction: %w", err)}
	}
	defer func() {
		if p := recover(); p != nil {
			o = outcome{panicked: p}
		}
	}()
	return outcome{err: j.f(t)}
}
