// Package stick reads and writes the citizen's own USB stick, as far as the kiosk needs it: a few small files at its top, and key files
// that other programs left there or one folder below.
//
// What it promises: a file is either whole under its name or not there at all. It is written beside its place, brought to the medium
// (fsync), read back from it, renamed, the folder brought to the medium too, and read back once more under its name. A stick that is pulled in
// the middle keeps its old files whole; what was left unfinished is cleared away at the next writing.
//
// What it must not trust: everything on the stick. Only plain files are opened, never links, devices, pipes or folders; names are
// checked before they are used or shown; sizes and numbers are bounded ([MaxListed]). Nothing here leaves the stick.
//
// What it does not stop: a medium that lies about what it wrote. It cannot tell a stick from another one that took its place unless the
// file system's identity changed, and it mounts nothing itself.
package stick
