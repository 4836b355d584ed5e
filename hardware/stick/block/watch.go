//go:build cgo

package block

/*
#cgo pkg-config: libudev
#include <libudev.h>
#include <stdlib.h>

// listen gives a monitor of block devices, told after the machine's rules have run, or nothing.
static struct udev_monitor *listen_blocks(struct udev **u)
{
	struct udev_monitor *m;

	*u = udev_new();
	if (!*u)
		return NULL;
	m = udev_monitor_new_from_netlink(*u, "udev");
	if (m && udev_monitor_filter_add_match_subsystem_devtype(m, "block", NULL) >= 0 && udev_monitor_enable_receiving(m) >= 0)
		return m;
	if (m)
		udev_monitor_unref(m);
	udev_unref(*u);
	return NULL;
}

// drain takes one event off the monitor.
static int drain(struct udev_monitor *m)
{
	struct udev_device *d = udev_monitor_receive_device(m);

	if (!d)
		return 0;
	udev_device_unref(d);
	return 1;
}
*/
import "C"

import (
	"context"
	"os"

	"golang.org/x/sys/unix"
)

// eventsAtOnce are taken off a monitor before the watcher is told.
const eventsAtOnce = 64

// events tells that udev spoke of a block device, until ctx ends; it says false where there is no udev to listen to.
func events(ctx context.Context, told func()) bool {
	var u *C.struct_udev
	monitor := C.listen_blocks(&u)
	if monitor == nil {
		return false
	}
	stop, stopping, err := os.Pipe()
	if err != nil {
		C.udev_monitor_unref(monitor)
		C.udev_unref(u)
		return false
	}
	context.AfterFunc(ctx, func() { stopping.Close() })
	go func() {
		defer stop.Close()
		defer C.udev_unref(u)
		defer C.udev_monitor_unref(monitor)
		wait := []unix.PollFd{{Fd: int32(C.udev_monitor_get_fd(monitor)), Events: unix.POLLIN}, {Fd: int32(stop.Fd()), Events: unix.POLLIN}}
		for {
			_, err := unix.Poll(wait, -1)
			if err == unix.EINTR {
				continue
			}
			if err != nil || wait[1].Revents != 0 || wait[0].Revents&(unix.POLLERR|unix.POLLNVAL) != 0 && C.drain(monitor) == 0 {
				return // the regular look goes on
			}
			for n := 0; n < eventsAtOnce && C.drain(monitor) != 0; n++ {
			}
			told()
		}
	}()
	return true
}
