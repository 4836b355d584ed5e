#!/usr/bin/python3
"""Drives the unmodified release program by the accessibility bus, as a screen reader would: no automation is built in.

usage: release.py PID LANGUAGE-BUTTON WORD TEXT TIMES   exits 0 when the button was found, pressed, and WORD stood on the next screen, where TEXT is read
out that many times.
"""
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402


def walk(node, depth=0):
    yield node
    if depth > 40:
        return
    for i in range(node.get_child_count()):
        child = node.get_child_at_index(i)
        if child is not None:
            yield from walk(child, depth + 1)


def desktop(pid):
    top = Atspi.get_desktop(0)
    for i in range(top.get_child_count()):
        app = top.get_child_at_index(i)
        if app is not None and app.get_process_id() == pid:
            yield from walk(app)


def until(what, probe, limit=30):
    end = time.monotonic() + limit
    while True:
        try:
            found = probe()
        except Exception:  # the tree changes under our feet
            found = None
        if found:
            return found
        if time.monotonic() > end:
            sys.exit("not found on the accessibility bus: " + what)
        time.sleep(0.1)


def pressable(node, button):
    return (node.get_role_name() in ("push button", "button") and button in (node.get_name() or "")
            and not node.get_state_set().contains(Atspi.StateType.BUSY))  # a screen takes no touch until it has settled


def main():
    pid, button, word = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    node = until("the button " + button, lambda: next((n for n in desktop(pid) if pressable(n, button)), None))
    node.get_action_iface().do_action(0)
    until("the word " + word, lambda: any(word in (n.get_name() or "") for n in desktop(pid)))
    text, times = sys.argv[4], int(sys.argv[5])
    found = [n.get_role_name() for n in desktop(pid) if (n.get_name() or "") == text]
    if len(found) != times:
        sys.exit("%r is read %d times instead of %d: %s" % (text, len(found), times, found))
    print(sum(1 for _ in desktop(pid)), "nodes")


main()
