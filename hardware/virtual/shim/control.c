/* The control file: what is plugged in, and what goes wrong.
 *
 * Lines "key=value". What stands before the first "slot=N" is of the module, what follows is of that slot. The bench replaces the file as a
 * whole (rename), so that it is never seen half-written; it is looked at again at every call.
 */
#define _GNU_SOURCE
#include "shim.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct control control;

static struct stat last;
static unsigned long vanished[SLOTS]; /* the plugs that a fault has ended */

static void copy(char *to, size_t n, const char *from) { snprintf(to, n, "%s", from); }

static void function_and_value(char *function, CK_RV *rv, const char *value) {
	const char *colon = strchr(value, ':');
	if (!colon) return;
	snprintf(function, NAME_LEN, "%.*s", (int)(colon - value), value);
	*rv = strtoul(colon + 1, NULL, 0);
}

static void fault_line(struct faults *f, const char *key, const char *value) {
	if (!strcmp(key, "fail")) {
		function_and_value(f->fail, &f->fail_rv, value);
		const char *times = strchr(value, ':');
		times = times ? strchr(times + 1, ':') : NULL;
		f->fail_left = times ? atol(times + 1) : -1;
	}
	else if (!strcmp(key, "lose")) function_and_value(f->lose, &f->lose_rv, value);
	else if (!strcmp(key, "crash")) copy(f->crash, sizeof f->crash, value);
	else if (!strcmp(key, "hang")) copy(f->hang, sizeof f->hang, value);
	else if (!strcmp(key, "print")) copy(f->print, sizeof f->print, value);
	else if (!strcmp(key, "slow_ms")) f->slow_ms = atol(value);
	else if (!strcmp(key, "keygen_ms")) f->keygen_ms = atol(value);
	else if (!strcmp(key, "full")) f->full = atoi(value);
	else if (!strcmp(key, "deed")) {
		const char *what = strchr(value, ':');
		snprintf(f->deed, sizeof f->deed, "%.*s", what ? (int)(what - value) : 0, value);
		snprintf(f->deed_what, sizeof f->deed_what, "%s", what ? what + 1 : "");
	} else if (!strcmp(key, "pull") || !strcmp(key, "pull_late")) {
		function_and_value(f->pull, &f->pull_rv, value);
		const char *nth = strrchr(value, ':');
		f->pull_nth = nth ? atol(nth + 1) : 0;
		f->pull_late = key[4] != 0;
	}
}

static void slot_line(struct slot *s, const char *key, const char *value) {
	if (!strcmp(key, "token")) copy(s->token, sizeof s->token, value);
	else if (!strcmp(key, "insertion")) s->insertion = strtoul(value, NULL, 10);
	else if (!strcmp(key, "manufacturer")) copy(s->manufacturer, sizeof s->manufacturer, value);
	else if (!strcmp(key, "model")) copy(s->model, sizeof s->model, value);
	else if (!strcmp(key, "serial")) copy(s->serial, sizeof s->serial, value);
	else if (!strcmp(key, "label")) copy(s->label, sizeof s->label, value);
	else if (!strcmp(key, "pin_min")) s->pin_min = strtoul(value, NULL, 10);
	else if (!strcmp(key, "pin_max")) s->pin_max = strtoul(value, NULL, 10);
	else if (!strcmp(key, "tries")) s->tries = strtoul(value, NULL, 10);
	else if (!strcmp(key, "so_tries")) s->so_tries = strtoul(value, NULL, 10);
	else if (!strcmp(key, "pairs")) s->pairs = strtoul(value, NULL, 10);
	else if (!strcmp(key, "erases")) s->erases = atoi(value);
	else if (!strcmp(key, "gost")) s->gost = atoi(value);
	else if (!strcmp(key, "no_rsa")) s->no_rsa = atoi(value);
	else fault_line(&s->faults, key, value);
}

static void module_line(struct control *c, const char *key, const char *value) {
	if (!strcmp(key, "manufacturer")) copy(c->manufacturer, sizeof c->manufacturer, value);
	else if (!strcmp(key, "library")) copy(c->library, sizeof c->library, value);
	else if (!strcmp(key, "reader")) copy(c->reader, sizeof c->reader, value);
	else fault_line(&c->faults, key, value);
}

int control_refresh(void) {
	const char *path = getenv("TIRKEU_SHIM_CTL");
	struct stat now;
	if (!path || stat(path, &now)) {
		/* No control file: nothing is plugged in. */
		int had = last.st_ino != 0;
		if (had) memset(&control, 0, sizeof control);
		memset(&last, 0, sizeof last);
		return had;
	}
	if (now.st_ino == last.st_ino && now.st_size == last.st_size && !memcmp(&now.st_mtim, &last.st_mtim, sizeof now.st_mtim)) return 0;
	FILE *file = fopen(path, "re");
	if (!file) return 0;
	struct control fresh;
	struct slot *slot = NULL;
	char line[512];
	memset(&fresh, 0, sizeof fresh);
	while (fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = 0;
		char *value = strchr(line, '=');
		if (!value) continue;
		*value++ = 0;
		if (!strcmp(line, "slot")) {
			int n = atoi(value);
			slot = n >= 0 && n < SLOTS ? &fresh.slot[n] : NULL;
			if (!slot) break;
		} else if (slot) slot_line(slot, line, value);
		else module_line(&fresh, line, value);
	}
	fclose(file);
	for (int i = 0; i < SLOTS; i++) {
		if (!strcmp(fresh.slot[i].token, control.slot[i].token)) fresh.slot[i].hint = control.slot[i].hint;
		fresh.slot[i].faults.slot = i;
		if (fresh.slot[i].insertion == vanished[i]) fresh.slot[i].token[0] = 0;
	}
	control = fresh;
	last = now;
	return 1;
}

void control_vanish(int slot) {
	vanished[slot] = control.slot[slot].insertion;
	control.slot[slot].token[0] = 0;
}

const char *control_dir(void) {
	const char *dir = getenv("TIRKEU_SHIM_CARDS");
	return dir ? dir : "/dev/null"; /* nothing can be kept below it */
}
