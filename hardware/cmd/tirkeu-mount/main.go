// Tirkeu-mount mounts the citizen's USB stick for the kiosk, which has no right to. It serves one kiosk over the socket that is its standard input and
// ends when that closes; its language, what it stops and what it does not are told in package mounter.
//
// It is started by the machine for each connection (build/systemd/tirkeu-mount.socket), or by a kiosk that is root. It takes no argument, reads no
// environment and no configuration, writes no file, and needs CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID (for a user namespace with two users
// exchanged, package mounter says why) and the right to read and write removable disks, nothing else.
package main

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/pipes"
	"github.com/tirkeu/kiosk/hardware/stick/block"
	"github.com/tirkeu/kiosk/hardware/stick/mounter"
)

func main() {
	if mounter.StandIn() {
		return
	}
	pipes.CloseStray(3)
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "tirkeu-mount: it takes no arguments; it is started by the machine, or by the kiosk")
		os.Exit(2)
	}
	err := serve()
	if err != nil {
		fmt.Fprintf(os.Stderr, "tirkeu-mount: %v\n", err)
		os.Exit(1)
	}
}

func serve() error {
	unix.CloseOnExec(0)
	conn, err := net.FileConn(os.Stdin)
	if err != nil {
		return fmt.Errorf("take the socket on standard input: %w (it is started by the machine, or by the kiosk, not by hand)", err)
	}
	defer conn.Close()
	line, ok := conn.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("standard input is %T, not a Unix socket", conn)
	}
	err = os.Stdin.Close() // the line has a descriptor of its own; with two, the kiosk's hanging up would be half of one
	if err != nil {
		return fmt.Errorf("close standard input: %w", err)
	}
	return mounter.Serve(line, block.Machine)
}
