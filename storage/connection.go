//go:build cgo

package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/unix"
)

// mode is what a connection is for.
type mode int

const (
	modeWrite mode = iota
	modeRead
	modeCheck // before anything is known of the file: cannot change a byte of it
)

// connector opens connections of one mode. The driver sets synchronous=NORMAL by itself on every open unless the DSN
// says otherwise, and begins transactions deferred; both would break promises of this package.
type connector struct {
	driver *sqlite3.SQLiteDriver
	dsn    string
}

func newConnector(path string, o Options, m mode) *connector {
	values := url.Values{"_busy_timeout": {strconv.FormatInt(o.BusyAfter.Milliseconds(), 10)}}
	pragmas := []string{"trusted_schema=0", "temp_store=2"}
	switch m {
	case modeWrite:
		values.Set("mode", "rw")
		values.Set("_journal_mode", "WAL")
		values.Set("_synchronous", "FULL")
		values.Set("_foreign_keys", "1")
		values.Set("_txlock", "immediate")
		// Folding the log into the file is left to the checkpointer, so that no citizen waits for it.
		pragmas = append(pragmas, "wal_autocheckpoint=0", "cell_size_check=1")
		if o.MaxPages > 0 {
			pragmas = append(pragmas, fmt.Sprintf("max_page_count=%d", o.MaxPages))
		}
	case modeRead:
		values.Set("mode", "rw") // a connection that may not write cannot build the log's index
		values.Set("_query_only", "1")
		values.Set("_synchronous", "FULL")
		pragmas = append(pragmas, "wal_autocheckpoint=0", "cell_size_check=1")
	case modeCheck:
		values.Set("mode", "ro")
		pragmas = append(pragmas, "cell_size_check=1")
	}
	hook := func(c *sqlite3.SQLiteConn) error {
		for _, p := range pragmas {
			if _, err := c.Exec("PRAGMA "+p, nil); err != nil {
				return fmt.Errorf("setting %s: %w", p, err)
			}
		}
		return nil
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: values.Encode()}
	if path == "" || path[0] != '/' {
		name.Opaque, name.Path = (&url.URL{Path: path}).EscapedPath(), ""
	}
	return &connector{driver: &sqlite3.SQLiteDriver{ConnectHook: hook}, dsn: name.String()}
}

func (c *connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c *connector) Driver() driver.Driver                        { return c.driver }

// wantedPragmas are what each connection must read back.
func wantedPragmas(o Options, m mode) map[string]string {
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "trusted_schema": "0", "temp_store": "2", "wal_autocheckpoint": "0",
		"busy_timeout": strconv.FormatInt(o.BusyAfter.Milliseconds(), 10), "cell_size_check": "1",
	}
	if m == modeWrite {
		want["foreign_keys"], want["query_only"] = "1", "0"
		if o.MaxPages > 0 {
			want["max_page_count"] = strconv.FormatInt(o.MaxPages, 10)
		}
	} else {
		want["query_only"] = "1"
	}
	return want
}

// asked is a pool or one connection of it.
type asked interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// verifyPragmas refuses to work with a connection that is not as it must be.
func verifyPragmas(ctx context.Context, db asked, o Options, m mode) error {
	for name, want := range wantedPragmas(o, m) {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+name).Scan(&got); err != nil {
			return fmt.Errorf("reading %s back: %w", name, err)
		}
		if got != want {
			return fmt.Errorf("the database has %s=%s instead of %s", name, got, want)
		}
	}
	return nil
}

// quickCheck reads the file through before anything may change it. A connection that cannot write never folds the log.
func quickCheck(path string, o Options) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return nil // new
	}
	if info.Size() < 512 {
		return fmt.Errorf("%w: the file is shorter than any database", ErrDamaged) // SQLite would take it for an empty one
	}
	db := sql.OpenDB(newConnector(path, o, modeCheck))
	defer db.Close()
	db.SetMaxOpenConns(1)
	var found string
	if err := db.QueryRow("PRAGMA quick_check(1)").Scan(&found); err != nil {
		return fmt.Errorf("checking the file: %w", err)
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, found)
	}
	return checkMark(db, o)
}

// checkMark refuses a file of another program. One whose first migration was not committed yet is nobody's.
func checkMark(db *sql.DB, o Options) error {
	var mark int32
	var made bool
	err := db.QueryRow("SELECT application_id, EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations') FROM pragma_application_id").Scan(&mark, &made)
	if err != nil {
		return fmt.Errorf("reading whose the file is: %w", err)
	}
	if made && mark != o.Application {
		return fmt.Errorf("%w: it is marked %#x instead of %#x", ErrForeign, uint32(mark), uint32(o.Application))
	}
	return nil
}

// translate puts this package's error in front of SQLite's, where there is one. It is applied once, at the boundary.
func translate(err error) error {
	var lite sqlite3.Error
	if !errors.As(err, &lite) {
		switch {
		case err == nil:
			return nil
		case errors.Is(err, sql.ErrNoRows):
			return ErrNotFound
		case errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT):
			return fmt.Errorf("%w: %w", ErrFull, err)
		case errors.Is(err, unix.EROFS) || errors.Is(err, os.ErrPermission):
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		}
		return err
	}
	switch {
	case lite.Code == sqlite3.ErrFull || lite.SystemErrno == unix.ENOSPC || lite.SystemErrno == unix.EDQUOT:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case lite.Code == sqlite3.ErrCorrupt || lite.Code == sqlite3.ErrNotADB:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case lite.Code == sqlite3.ErrBusy || lite.Code == sqlite3.ErrLocked:
		return fmt.Errorf("%w: %w", ErrBusy, err)
	case lite.Code == sqlite3.ErrReadonly || lite.Code == sqlite3.ErrCantOpen || lite.Code == sqlite3.ErrPerm:
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case lite.ExtendedCode == sqlite3.ErrConstraintUnique || lite.ExtendedCode == sqlite3.ErrConstraintPrimaryKey:
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}
