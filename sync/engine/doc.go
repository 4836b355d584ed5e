// Package engine drains the outbox: it hands applications to the centre, gets their certificates by CMP, and reports
// what was installed. It works on its own on what storage holds; nobody waits for it.
//
// What it promises:
//
//   - The order of one application: the application itself by REST, then one p10cr a key, polling, the check of what was
//     issued, certConf, the certificate into storage; last the report of the installation.
//   - What is about to be sent is on disk first, and is sent again byte for byte until a verified answer came: a lost
//     answer neither loses nor doubles anything. No network call is made inside a transaction of storage.
//   - A verdict comes from a protected CMP answer or from the centre over mutual TLS; anything else is the line's fault and
//     is tried again, after at most MaxPause.
//   - certConf says yes only to a certificate for the right key, person and profile under the centre's root (sync/pki);
//     anything else is refused there and never stored.
//
// It must never log what it carries: documents and requests hold names and IINs.
package engine
