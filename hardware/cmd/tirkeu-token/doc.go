// Tirkeu-token loads one vendor's PKCS#11 module and serves it to the kiosk over descriptors 3 (requests) and 4 (answers).
//
//	tirkeu-token --module PATH [--poll EVERY] [--events]
//
// It exists to be killed: a module may hang, crash, print on standard output or corrupt the memory of its process, and none of that
// reaches the kiosk. Descriptors 0 and 1 are turned to /dev/null before the module is loaded. One goroutine, bound to one thread, makes all
// PKCS#11 calls, one after the other; with --events a thread of its own waits in C_WaitForSlotEvent beside it. The slots are looked at often
// while something is to be expected of them (pace.go), and seldom where PC/SC or the module tell of changes by themselves (listen.c). The
// process ends when its pipe ends, at once, whatever the module is doing at the time, and with the kiosk itself (PR_SET_PDEATHSIG, set by the
// kiosk). It leaves no core dump, for one would hold PINs, and cannot be traced by other programs of the same user.
//
// The language is that of package hardware/token/wire. No C_Login is ever repeated; handles of objects live no longer than a login.
package main
