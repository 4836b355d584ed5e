// Package ledger is what the centre remembers: devices, people, applications, certificates, CMP transactions, staff and
// the audit chain, in SQLite or in PostgreSQL by the same code.
//
// It promises that a write transaction is durable when Do returns, that write transactions happen one after the other
// in one order on both databases (so a rule checked inside one holds when it commits), and that every row of the audit
// chain stands in the transaction of the change it tells of. It knows no rule of the trade: package centre does.
//
// It holds personal data in the clear (staff search by name) and must lie on a machine trusted with it; the two kinds
// of secret in it, enrolment secrets and seal keys, come sealed from above. Loss of the database loses everything but
// the issued certificates; whoever can write to it can approve, but not without a trace unless he also recomputes the
// whole audit chain.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "github.com/mattn/go-sqlite3"    // the driver "sqlite3"
)

// ErrNotFound says that no such row exists.
var ErrNotFound = errors.New("not in the ledger")

// ErrName says that a database's name is neither of the two kinds.
var ErrName = errors.New("opening the database: its name must begin with sqlite: or postgres://")

// Ledger is one open database. Its methods may be called from many goroutines.
type Ledger struct {
	write, read *sql.DB
	writer      *writer
	postgres    bool
	path        string // of the SQLite file, else ""
}

// advisory is the key of PostgreSQL's lock that makes write transactions follow one another, for all processes on the
// database; the letters of "tirkeu".
const advisory = 0x7469726b6575

// Open opens the database named as sqlite:PATH or postgres://…, creates an SQLite file that is missing (mode 0600) and
// brings the schema up to date.
func Open(ctx context.Context, name string) (*Ledger, error) {
	l, err := dial(name)
	if err != nil {
		return nil, err
	}
	if err := l.migrate(ctx, schemas); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func dial(name string) (*Ledger, error) {
	switch {
	case strings.HasPrefix(name, "sqlite:"):
		return dialSQLite(strings.TrimPrefix(name, "sqlite:"))
	case strings.HasPrefix(name, "postgres://"), strings.HasPrefix(name, "postgresql://"):
		return dialPostgres(name)
	}
	return nil, ErrName
}

func dialSQLite(path string) (*Ledger, error) {
	if path == "" {
		return nil, fmt.Errorf("opening the database: sqlite: needs a path")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	// SQLite gives its -wal and -shm the mode of the file.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	f.Close()
	// The driver sets synchronous by itself when told nothing; a test reads every PRAGMA back.
	common := "?_busy_timeout=10000&_foreign_keys=on&_journal_mode=WAL&_synchronous=FULL&_cache_size=-16000"
	at := "file:" + (&url.URL{Path: path}).EscapedPath() + common
	write, err := sql.Open("sqlite3", at+"&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite3", at+"&_query_only=true")
	if err != nil {
		write.Close()
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	read.SetMaxOpenConns(4)
	read.SetMaxIdleConns(4)
	return &Ledger{write: write, read: read, writer: newWriter(write, false), path: path}, nil
}

func dialPostgres(name string) (*Ledger, error) {
	write, err := sql.Open("pgx", name)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", hideDSN(err, name))
	}
	// One connection for the one writer: its statements stay prepared there.
	write.SetMaxOpenConns(1)
	read, err := sql.Open("pgx", name)
	if err != nil {
		write.Close()
		return nil, fmt.Errorf("opening the database: %w", hideDSN(err, name))
	}
	read.SetMaxOpenConns(8)
	read.SetMaxIdleConns(8)
	read.SetConnMaxIdleTime(5 * time.Minute)
	return &Ledger{write: write, read: read, writer: newWriter(write, true), postgres: true}, nil
}

// hideDSN keeps a password in a connection string out of errors and logs.
func hideDSN(err error, name string) error {
	if u, parseErr := url.Parse(name); parseErr == nil {
		if p, has := u.User.Password(); has && p != "" && strings.Contains(err.Error(), p) {
			return errors.New("the connection string is not usable")
		}
	}
	return err
}

// Path is the SQLite file, or "" for PostgreSQL.
func (l *Ledger) Path() string { return l.path }

// Close ends the writer and closes every connection.
func (l *Ledger) Close() error {
	l.writer.close()
	return errors.Join(l.write.Close(), l.read.Close())
}

// Ping asks the database something.
func (l *Ledger) Ping(ctx context.Context) error {
	var one int
	return l.read.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// Tx is one transaction. It is valid until the function it was given to returns, and belongs to one goroutine.
type Tx struct {
	ctx      context.Context
	tx       *sql.Tx
	postgres bool
}

// Do runs f in a write transaction, the only one at that time on this database, and returns when it is durable. It
// commits when f returns nil; what f returns otherwise is returned unchanged and nothing is written. f must not wait for
// the network, sign anything, or call Do. It runs on the writer's goroutine.
func (l *Ledger) Do(ctx context.Context, f func(*Tx) error) error { return l.writer.do(ctx, f) }

// View runs f in a transaction that only reads and sees one state of the database.
func (l *Ledger) View(ctx context.Context, f func(*Tx) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if l.postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := l.read.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	defer tx.Rollback()
	return f(&Tx{ctx: ctx, tx: tx, postgres: l.postgres})
}

// numbered writes ? as $1, $2 … for PostgreSQL. No statement of ours holds a question mark in a string.
func numbered(query string) string {
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r == '?' {
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (t *Tx) sql(query string) string {
	if t.postgres {
		return numbered(query)
	}
	return query
}

func (t *Tx) exec(query string, args ...any) (changed int64, err error) {
	r, err := t.tx.ExecContext(t.ctx, t.sql(query), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// change is exec for a statement that must touch exactly one row.
func (t *Tx) change(what, query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n != 1 {
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	return nil
}

func (t *Tx) row(query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(t.ctx, t.sql(query), args...)
}

func (t *Tx) rows(query string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(t.ctx, t.sql(query), args...)
}

// found turns a missing row into ErrNotFound.
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// collect reads every row with scan.
func collect[T any](rows *sql.Rows, err error, scan func(scanner) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

type scanner interface{ Scan(...any) error }

// millis and moment are how times lie in the database; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
