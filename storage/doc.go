// Package storage is what a kiosk remembers: applications, the outbox, the device journal, the audit chain, settings.
//
// What it promises:
//
//   - What Accept has returned nil for is on disk (SQLite, WAL, synchronous=FULL): it survives the end of the process and,
//     as far as the disk keeps its word about fsync, a cut of power. Application, outbox rows and audit row share one transaction.
//   - An outbox row leaves only in the transaction that records what came of it.
//   - Every change of a status, of an outbox task or of a journal entry appends its own audit row in its own transaction.
//   - A full disk is ErrFull and leaves nothing half-stored; a damaged file is ErrDamaged and stays as it was found.
//
// One writer at a time, any number of readers; a Store is for use by many goroutines. The outbox is bounded (Options.MaxPending).
// No network and no device is touched inside a transaction.
//
// Personal data (the application's document, the request with the citizen's name, certificates, serial numbers of tokens,
// settings) is sealed by XChaCha20-Poly1305 under a key that lies outside the database; each ciphertext is bound to its table, column and row.
// Searches go by HMAC-SHA-256. In the clear stand application numbers, statuses, times, hashes of public keys and CMP transaction ids.
// Who has the file without the key learns those and no name, IIN or address. Who can also write the file cannot forge audit rows
// or cut the newest ones off unseen (VerifyAudit); he can put back an older copy of the whole file, which only the centre can notice.
//
// A PIN or password never comes here.
package storage
