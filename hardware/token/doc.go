// Package token is the rack of PKCS#11 tokens plugged into a kiosk: what is there, and everything that is done with it.
//
// Each vendor's module is loaded by a process of its own, tirkeu-token, which is killed and started anew when it hangs, crashes or
// answers garbage; the kiosk itself never loads a module. What a token is comes from its maker's and model's strings ([Devices]), never from its
// label.
//
// It promises:
//   - A token that was pulled is gone: whatever was opened on it answers [ErrRemoved] for ever, also after the same token came back,
//     for a replug is a new [Insertion].
//   - One call of [Rack.Login] makes at most one C_Login; nothing that carries a PIN is ever repeated, not after a crash, not after
//     a timeout. A PIN of a length the token does not take is refused before the token is touched.
//   - Every call ends: by its answer, by its deadline, or by its context. A call that could not be taken back ends with the worker killed.
//   - A watcher never holds up the rack.
//
// It must never see an IIN, and keeps no PIN longer than a call. It stops a module that prints, crashes, hangs or corrupts its memory; it
// does not stop a module that lies, nor one that reads the kiosk's files, for it runs as the same user. A signature is verified before it
// is handed out, so a token that computes wrongly is noticed.
//
// No PKCS#11 type leaves the worker, so that a driver that speaks APDU to a token can stand beside it.
package token
