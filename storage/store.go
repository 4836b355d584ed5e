//go:build cgo

package storage

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options of a Store. Zero values mean the defaults named.
type Options struct {
	SealKey    []byte           // SealKeySize bytes, kept outside the database; the caller may wipe it after Open
	Now        func() time.Time // time.Now
	Rand       io.Reader        // crypto/rand
	MaxPending int              // applications that may wait to be sent: 20,000
	MaxPages   int64            // size limit of the file in pages of 4096 bytes: none
	BusyAfter  time.Duration    // how long to wait for another process's lock: 5 s
	// Application marks a file when it is made, in its header (SQLite's application_id); a file with another mark gives ErrForeign. 0: no mark.
	Application int32
}

// Store is the kiosk's memory. Its methods may be called from many goroutines.
type Store struct {
	path    string
	options Options
	sealer  *sealer
	reader  *sql.DB // pool of connections that cannot write

	writer   *sql.DB              // for one connection only:
	conn     *sql.Conn            // the one that can write
	prepared map[string]*sql.Stmt // on conn
	unfiled  int                  // applications that the centre does not have yet
	writing  sync.Mutex           // guards conn, prepared and unfiled; held for one transaction: milliseconds

	checkpoints *checkpointer
}

// Open opens the database at path, making it (readable by its owner only) when there is none, checks it, and brings its
// schema up to date. A damaged file gives ErrDamaged and is not touched, nor is another program's (ErrForeign); see also ErrNewer, ErrKey, ErrFull, ErrReadOnly.
func Open(path string, o Options) (*Store, error) {
	s, err := open(path, o, migrations)
	if err != nil {
		return nil, fmt.Errorf("opening the database %s: %w", filepath.Base(path), translate(err))
	}
	return s, nil
}

func open(path string, o Options, known []migration) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.MaxPending == 0 {
		o.MaxPending = 20_000
	}
	if o.BusyAfter == 0 {
		o.BusyAfter = 5 * time.Second
	}
	sealer, err := newSealer(o.SealKey, o.Rand)
	if err != nil {
		return nil, err
	}
	o.SealKey = nil
	if err := create(path); err != nil {
		return nil, err
	}
	if err := quickCheck(path, o); err != nil {
		return nil, err
	}
	s := &Store{path: path, options: o, sealer: sealer, prepared: map[string]*sql.Stmt{}}
	s.writer = sql.OpenDB(newConnector(path, o, modeWrite))
	s.writer.SetMaxOpenConns(1)
	s.reader = sql.OpenDB(newConnector(path, o, modeRead))
	s.reader.SetMaxOpenConns(4)
	ctx := context.Background()
	if s.conn, err = s.writer.Conn(ctx); err != nil {
		s.closeConnections()
		return nil, err
	}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return verifyPragmas(ctx, s.conn, o, modeWrite) },
		func(ctx context.Context) error { return s.migrate(ctx, known) },
		s.checkKey,
		func(ctx context.Context) error { return s.conn.QueryRowContext(ctx, countUnfiled).Scan(&s.unfiled) },
		func(ctx context.Context) error { return verifyPragmas(ctx, s.reader, o, modeRead) },
	} {
		if err := step(ctx); err != nil {
			s.closeConnections()
			return nil, err
		}
	}
	s.checkpoints = startCheckpointer(path, o)
	return s, nil
}

// create makes an empty file that only its owner may read; SQLite gives the files beside it the same permissions.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if os.IsExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// Close ends all use of the store and folds the log into the file.
func (s *Store) Close() error {
	s.checkpoints.stop()
	if err := s.closeConnections(); err != nil {
		return fmt.Errorf("closing the database: %w", translate(err))
	}
	return nil
}

func (s *Store) closeConnections() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	for _, p := range s.prepared {
		p.Close()
	}
	s.prepared = map[string]*sql.Stmt{}
	readErr := s.reader.Close()
	if s.conn != nil {
		s.conn.Close()
	}
	if err := s.writer.Close(); err != nil { // the last to close, so that it may fold the log
		return err
	}
	return readErr
}

// tx is one writing transaction with one fixed time.
type tx struct {
	s   *Store
	ctx context.Context
	now time.Time

	unfiled int // what the transaction adds to the store's
}

// write runs f in an immediate transaction. Once it has begun, the end of ctx no longer interrupts it: it takes
// milliseconds, and whoever asked must learn what became of it.
func (s *Store) write(ctx context.Context, doing string, f func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	t := &tx{s: s, ctx: context.WithoutCancel(ctx), now: s.options.Now().UTC().Truncate(time.Millisecond)}
	_, err := t.exec("BEGIN IMMEDIATE")
	if err != nil {
		return fmt.Errorf("%s: %w", doing, translate(err))
	}
	err = f(t)
	if err == nil {
		_, err = t.exec("COMMIT")
	}
	if err != nil {
		_, _ = t.exec("ROLLBACK") // fails where SQLite has rolled back by itself
		return fmt.Errorf("%s: %w", doing, translate(err))
	}
	s.unfiled += t.unfiled
	if s.checkpoints != nil {
		s.checkpoints.written()
	}
	return nil
}

// statement prepares each query once.
func (t *tx) statement(query string) (*sql.Stmt, error) {
	p := t.s.prepared[query]
	if p != nil {
		return p, nil
	}
	p, err := t.s.conn.PrepareContext(t.ctx, query)
	if err == nil {
		t.s.prepared[query] = p
	}
	return p, err
}

func (t *tx) exec(query string, args ...any) (sql.Result, error) {
	p, err := t.statement(query)
	if err != nil {
		return nil, err
	}
	return p.ExecContext(t.ctx, args...)
}

// row runs a query for one row; sql.ErrNoRows when there is none.
func (t *tx) row(query string, args []any, into ...any) error {
	p, err := t.statement(query)
	if err != nil {
		return err
	}
	return p.QueryRowContext(t.ctx, args...).Scan(into...)
}

// millis and fromMillis are how times stand in the database.
func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(m int64) time.Time { return time.UnixMilli(m).UTC() }
