/* C_WaitForSlotEvent, of a module whose maker wrote it: TIRKEU_SHIM_EVENTS=yes. With TIRKEU_SHIM_EVENTS=held nobody else gets in while one waits, as
 * in modules that keep their lock. Without either it is not supported, as in most.
 */
#define _GNU_SOURCE
#include "shim.h"
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static unsigned long told[SLOTS]; /* the plug in each slot that was told of last; the module's lock guards it */

/* A slot that is not as it was told of last, or -1. */
static int next(void) {
	if (control_refresh()) session_sweep();
	for (int i = 0; i < SLOTS; i++) {
		unsigned long now = control.slot[i].token[0] ? control.slot[i].insertion : 0;
		if (now == told[i]) continue;
		told[i] = now;
		return i;
	}
	return -1;
}

/* Watches the folder in which the control file is replaced. */
static int watch(void) {
	char folder[PATH_MAX];
	const char *path = getenv("TIRKEU_SHIM_CTL"), *base = path ? strrchr(path, '/') : NULL;
	if (!base) return -1;
	snprintf(folder, sizeof folder, "%.*s", (int)(base - path), path);
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd >= 0) inotify_add_watch(fd, folder, IN_MOVED_TO);
	return fd;
}

CK_RV event_wait(CK_FLAGS flags, CK_SLOT_ID_PTR id) {
	const char *how = getenv("TIRKEU_SHIM_EVENTS");
	if (!how) return CKR_FUNCTION_NOT_SUPPORTED;
	int held = !strcmp(how, "held"), slot = -1, fd = flags & CKF_DONT_BLOCK ? -1 : watch();
	struct pollfd changed = { .fd = fd, .events = POLLIN };
	char ignored[4096];
	for (;;) {
		lock();
		slot = next();
		if (slot < 0 && held && fd >= 0) poll(&changed, 1, -1);
		unlock();
		if (slot >= 0 || fd < 0) break;
		poll(&changed, 1, -1);
		while (read(fd, ignored, sizeof ignored) > 0);
	}
	if (fd >= 0) close(fd);
	if (slot < 0) return CKR_NO_EVENT;
	*id = slot;
	return CKR_OK;
}
