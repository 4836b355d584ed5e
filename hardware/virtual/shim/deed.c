/* What a vendor's module has no business doing in the process that loads it, and what some do. */
#define _GNU_SOURCE
#include "shim.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINGERS 120 /* seconds that a forked process stays, if nobody ends it */
#define ENDED_BY 2 /* seconds in which a process that spoiled the worker's channel is ended */

/* A helper process that keeps all descriptors, in the worker's process group or in a session of its own. */
static void leave_behind(int alone) {
	pid_t left = fork();
	if (left) {
		while (alone && getsid(left) == getsid(0)) usleep(1000); /* until then it would end with the worker's group */
		return;
	}
	if (alone) setsid();
	signal(SIGALRM, SIG_DFL); /* a Go program, as the worker is, catches it and does nothing */
	alarm(LINGERS);
	for (;;) pause();
}

/* This process is ended for what it has done to the worker's channel. Ended later, it would leave SoftHSM's file of the token half written, which no token's chip does. */
static void be_ended(void) { sleep(ENDED_BY); }

void deed(const char *what) {
	static const char chatter[] = "vendor: what nobody wants to read, on a channel that is somebody else's\n";
	char c;
	if (!strcmp(what, "fork")) leave_behind(0);
	else if (!strcmp(what, "daemon")) leave_behind(1);
	else if (!strcmp(what, "abandon")) { leave_behind(1); _exit(3); }
	else if (!strcmp(what, "exit")) _exit(3);
	else if (!strcmp(what, "close")) {
		syscall(SYS_close_range, 0, ~0U, 0);
		be_ended();
	}
	else if (!strcmp(what, "read")) { if (read(0, &c, 1) == 1) _exit(4); }
	else if (!strcmp(what, "stderr")) { for (int i = 0; i < 5000; i++) fputs(chatter, stderr); }
	else if (!strcmp(what, "garbage")) {
		for (int fd = 3; fd < 64; fd++) if (write(fd, chatter, sizeof chatter - 1) < 0) continue;
		be_ended();
	}
	else if (!strcmp(what, "chdir")) { if (chdir("/")) _exit(4); }
}
