// Package stick reads and writes the citizen's own USB stick, as far as the kiosk needs it: a few small files at its top, and key files
// that other programs left there or one folder below.
//
// A stick is a folder where somebody else mounts it ([Open]), or whatever removable USB disk is plugged in ([OpenDevices]): FAT, exFAT and ext are
// recognised from their first blocks (package superblock) and mounted by a helper that has the right to (package mounter), read-only, with nosuid, nodev,
// noexec, without a place in the tree of files, and read-write only for as long as one file is written. Several sticks at once, a format that is not
// read, a medium that fails and one that may be removed are values ([State]), for a screen to tell. [Devices.Release] unmounts it; whatever else ends
// the kiosk or the stick unmounts it too.
//
// What it promises: a file is either whole under its name or not there at all. It is written beside its place, brought to the medium
// (fsync), read back from it, renamed, the folder brought to the medium too, and read back once more under its name. A stick that is pulled in
// the middle keeps its old files whole; what was left unfinished is cleared away at the next writing.
//
// What it must not trust: everything on the stick. Only plain files are opened, never links, devices, pipes or folders; names are
// checked before they are used or shown; sizes and numbers are bounded ([MaxListed]). Nothing here leaves the stick.
//
// What it does not stop: a medium that lies about what it wrote; a medium that does not answer holds up the call that waits for it. In a folder it cannot
// tell a stick from another one that took its place unless the file system's identity changed. FAT and exFAT keep no journal: a stick pulled in the instant
// in which a file takes the place of an older one can lose both names ([ErrUnsettled] is told then), and its unfinished files take room until the next writing.
package stick
