// Package app is what the terminal does: sessions and roles, the use cases, and the one numbered picture of state that
// the page shows.
//
// A touch is one call of Kiosk.Do. Calls are serialised; slow work (key generation, installation, look-ups) runs
// outside the lock and comes back with the session it was begun for, or is thrown away when that session has ended.
// What a citizen is told was accepted is in storage before the screen says so. One entry of a PIN is at most one try
// on the token. At the end of a session everything typed is forgotten: drafts, logins, language, preferences.
//
// It must never keep a PIN or a password beyond the act it was typed for, nor the private keys of a file that was opened to
// look into, and never writes one, nor an IIN, nor a name, nor how a citizen calls his files, to the log. It does not guard against someone who owns the machine.
//
// Nothing here needs cgo: the rooms below are reached through the small interfaces of ports.go; wire*.go fits them to
// the real ones.
package app
