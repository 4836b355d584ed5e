// Package bus is one virtual USB bus: devices are plugged into its ports and pulled while programs run, and the real libusb, libudev, libccid and
// pcscd see them come, speak to them and see them go. It is for tests, demonstration and training, and is never linked into the kiosk.
//
// It works through umockdev's preloaded library (Debian package umockdev): a program started with the environment of a [View] finds /sys, /dev and
// the uevents of its USB devices in the view's folder, and its ioctls on a device's node (linux/usbdevice_fs.h) are carried over a socket to this
// package, which answers them as the kernel would. Each program needs a view of its own: the preloaded library names a program's uevent socket by
// the number of its descriptor only, so that two programs in one folder would take each other's events.
//
// umockdev has a library for that side too. It is not used: it must itself be started under the preloaded library, it is C with a main loop, and it
// answers from one thread, so that a card that computes for a minute would stop every other device.
//
// It promises: every transfer ends, by its answer or by the pull of its device, which answers ENODEV as the kernel does; a device plugged again has
// another address; what hangs on one device never delays another. It knows control, bulk and interrupt transfers, not isochronous ones. A program
// written in Go must reach USB through libusb: system calls that bypass the C library bypass the preloaded library too.
//
// Nothing is kept: [Bus.Close] removes the folder.
package bus
