package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// commandWithin bounds a command; to make a card out takes longest.
const commandWithin = 30 * time.Second

// request and answer are what goes over the control socket, one each a connection.
type request struct {
	Words []string `json:"words"`
}

type answer struct {
	Said  string `json:"said,omitempty"`
	Error string `json:"error,omitempty"`
	Usage bool   `json:"usage,omitempty"` // the caller got it wrong
}

func socketIn(dir string) string { return filepath.Join(dir, "control") }

// serve is the bus until ctx ends. ready is called once commands are taken.
func serve(ctx context.Context, dir string, ready func()) error {
	if connection, err := net.Dial("unix", socketIn(dir)); err == nil {
		_ = connection.Close()
		return fmt.Errorf("a bus serves in %s already", dir)
	}
	starting, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	r, err := up(starting, dir)
	if err != nil {
		return err
	}
	defer r.down()
	_ = os.Remove(socketIn(dir))
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socketIn(dir), Net: "unix"})
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	var serving sync.WaitGroup
	defer serving.Wait()
	ready()
	for {
		connection, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		serving.Go(func() { obey(ctx, r, connection) })
	}
}

// obey runs the one command of a connection.
func obey(ctx context.Context, r *rig, connection net.Conn) {
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(commandWithin))
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	var asked request
	if err := json.NewDecoder(connection).Decode(&asked); err != nil {
		return
	}
	said, err := do(ctx, r, asked.Words)
	a := answer{Said: said}
	if err != nil {
		a.Error, a.Usage = err.Error(), errors.Is(err, errUsage)
	}
	_ = json.NewEncoder(connection).Encode(a)
}

// tell gives a command to the bus that serves in a folder.
func tell(dir string, words []string) (string, error) {
	connection, err := net.Dial("unix", socketIn(dir))
	if err != nil {
		return "", fmt.Errorf("no bus serves in %s: start one with `tirkeu-bus --dir %s serve`", dir, dir)
	}
	defer func() { _ = connection.Close() }()
	_ = connection.SetDeadline(time.Now().Add(commandWithin + 5*time.Second))
	var a answer
	if err := json.NewEncoder(connection).Encode(request{words}); err != nil {
		return "", err
	}
	if err := json.NewDecoder(connection).Decode(&a); err != nil {
		return "", fmt.Errorf("the bus in %s does not answer: %w", dir, err)
	}
	switch {
	case a.Usage:
		return a.Said, fmt.Errorf("%w%s", errUsage, a.Error[len(errUsage.Error()):])
	case a.Error != "":
		return a.Said, errors.New(a.Error)
	}
	return a.Said, nil
}
