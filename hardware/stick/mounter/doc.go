// Package mounter mounts the citizen's stick for a kiosk that has no privileges of its own: the language between the kiosk ([Client]) and the helper
// program tirkeu-mount ([Serve]), and what the helper does.
//
// The kiosk names a disk by its number and its insertion, never by a path, and asks for four things: mount it read-only, let it be written, let it be
// read only again, release it. The helper asks the kernel itself what that disk is, opens nothing but a removable USB disk that nobody else has in
// use, and recognises the file system before any driver sees it. It gives FAT, exFAT and ext to the kernel, with nosuid, nodev, noexec, noatime and
// nosymfollow, errors=remount-ro, and on FAT and exFAT with all files owned by the user who asked and closed to others.
//
// The mount has no place in the tree of files. It is a descriptor (Linux 5.2, fsmount) that travels to the kiosk over the socket: nobody else can
// reach what lies on the stick, root's other programs included, and when both ends of the line are gone, by whatever end, the kernel unmounts by
// itself. A pulled stick is left the same way.
//
// What it stops: a kiosk that was taken over cannot mount the machine's disks, give a path, choose options, keep a stick mounted after its end, run a
// program from a stick or follow its links. What it does not: that kiosk reads and writes the stick that is plugged in, which is its job. A file system
// made to break the kernel's driver is met by the checks of package superblock alone. Before Linux 6.6 a mount by somebody else in the same instant is
// not excluded. An ext file system that was not unmounted cleanly is put in order by its driver at mounting, which writes to the stick; a FAT that was
// not is mounted as it is. On ext the owner of the stick's top folder lends it to the kiosk ([lend]); files there of somebody else are read as far as
// everybody may.
package mounter
