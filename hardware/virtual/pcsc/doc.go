// Package pcsc runs the real pcscd, with the real libccid, on the virtual bus: a daemon of its own, beside whatever daemon the machine has, which it
// neither sees nor disturbs. It needs no systemd.
//
// The socket is made here, before the daemon starts, and handed over as systemd would (sd_listen_fds(3)), so that a program may speak to it at once:
// what it asks waits until the daemon is ready. pcscd's folder /run/pcscd is fixed when it is built; the daemon therefore gets a /run of its own, in
// a mount namespace of its own, where the machine lets it (root, or user namespaces).
//
// A program reaches this daemon and no other through the environment of [Daemon.Env], which is all it needs: it has no part in the virtual bus.
package pcsc
