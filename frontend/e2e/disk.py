#!/usr/bin/python3
"""Holds whoever opens a plain file on a disk that the kiosk has mounted, in the middle of that opening, and ends the medium under him.

usage: disk.py PID DEVICE NAME TIMES   PID is the kiosk's; it prints "held" when a file whose name begins with NAME is opened for the TIMES-th time, and
waits for a line: "pull" ends the medium as a pull does, anything else does not. Then, and for all other files, the opening goes on.

The kiosk's mount has no place in the tree of files: it is reached by the kiosk's own descriptor of it (proc(5)). The kernel asks by fanotify(7).
"""
import ctypes
import fcntl
import os
import struct
import sys

FAN_CLASS_CONTENT, FAN_CLOEXEC, FAN_MARK_ADD, FAN_MARK_MOUNT, FAN_OPEN_PERM, FAN_ALLOW = 0x4, 0x1, 0x1, 0x10, 0x10000, 0x1
EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH = 0x8004587D, 2  # Linux, fs/ext4/ext4.h
EVENT = struct.Struct("=IBBHQii")  # struct fanotify_event_metadata

libc = ctypes.CDLL(None, use_errno=True)


def done(result, doing):
    if result < 0:
        no = ctypes.get_errno()
        sys.exit(f"disk.py: {doing}: {os.strerror(no)}")
    return result


def mount_of(pid, device):
    """The path of the kiosk's descriptor of the disk's top folder."""
    number = os.stat(device).st_rdev
    for fd in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{fd}/."
        try:
            if os.stat(path).st_dev == number:
                return path
        except OSError:
            continue
    sys.exit(f"disk.py: the kiosk has not mounted {device}")


pid, device, name, times = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
top = mount_of(pid, device)
folder = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
group = done(libc.fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, os.O_RDONLY | os.O_LARGEFILE), "ask for the openings")
done(libc.fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, ctypes.c_uint64(FAN_OPEN_PERM), -100, top.encode()), "watch the mount")
print("watching", flush=True)
while True:
    data = os.read(group, 4096)
    for at in range(0, len(data), EVENT.size):
        *_, fd, _ = EVENT.unpack_from(data, at)
        opened = os.path.basename(os.readlink(f"/proc/self/fd/{fd}"))
        if opened.startswith(name):
            times -= 1
            if times == 0:
                print("held", flush=True)
                if sys.stdin.readline().strip() == "pull":
                    fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("=I", EXT4_GOING_FLAGS_NOLOGFLUSH))
        os.write(group, struct.pack("=iI", fd, FAN_ALLOW))
        os.close(fd)
    if times <= 0:
        sys.exit(0)
