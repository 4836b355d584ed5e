//go:build cgo

package storage

import (
	"context"
	"database/sql"
	"os"
	"sync"
	"time"
)

// Folding the log into the file is put off until nothing was written for checkpointAfter, or the log has grown to
// checkpointSize bytes. What was committed is durable in the log already; this only bounds the log's length.
const (
	checkpointAfter = 500 * time.Millisecond
	checkpointSize  = 32 << 20
)

// checkpointer folds the log on a connection of its own, passively: it never makes a writer or reader wait for a lock.
type checkpointer struct {
	db     *sql.DB
	log    string
	wake   chan struct{}
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func startCheckpointer(path string, o Options) *checkpointer {
	c := &checkpointer{db: sql.OpenDB(newConnector(path, o, modeWrite)), log: path + "-wal", wake: make(chan struct{}, 1)}
	c.db.SetMaxOpenConns(1)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.done.Add(1)
	go c.run()
	return c
}

// written says that there is something to fold; it never waits.
func (c *checkpointer) written() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *checkpointer) run() {
	defer c.done.Done()
	quiet := time.NewTimer(checkpointAfter)
	quiet.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.wake:
			if info, err := os.Stat(c.log); err == nil && info.Size() > checkpointSize {
				c.fold()
			}
			quiet.Reset(checkpointAfter)
		case <-quiet.C:
			c.fold()
		}
	}
}

// fold may fail for want of room; the log stays then, and nothing is lost.
func (c *checkpointer) fold() {
	_, _ = c.db.ExecContext(c.ctx, "PRAGMA wal_checkpoint(PASSIVE)")
}

func (c *checkpointer) stop() {
	if c == nil {
		return
	}
	c.cancel()
	c.done.Wait()
	c.db.Close()
}
