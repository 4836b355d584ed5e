/* What a token itself remembers: wrong PINs in a row and its label, in CARDS/NAME.card; how often each function was called, in
 * CARDS/NAME.calls. Both are shared by all processes that have the token before them, and outlive them.
 */
#define _GNU_SOURCE
#include "shim.h"
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int card_open(const char *token, struct card *c) {
	char path[4096], text[256] = "";
	memset(c, 0, sizeof *c);
	snprintf(path, sizeof path, "%s/%s.card", control_dir(), token);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) return -1;
	if (flock(fd, LOCK_EX)) { close(fd); return -1; }
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	if (n > 0) {
		char *line, *rest = text;
		text[n] = 0;
		while ((line = strsep(&rest, "\n"))) {
			if (!strncmp(line, "bad=", 4)) sscanf(line + 4, "%lu", &c->bad);
			if (!strncmp(line, "so_bad=", 7)) sscanf(line + 7, "%lu", &c->so_bad);
			if (!strncmp(line, "label=", 6)) snprintf(c->label, sizeof c->label, "%.32s", line + 6);
		}
	}
	return fd;
}

void card_close(int fd, const struct card *c) {
	if (fd < 0) return;
	if (c) {
		char text[256];
		int n = snprintf(text, sizeof text, "bad=%lu\nso_bad=%lu\nlabel=%s\n", c->bad, c->so_bad, c->label);
		if (pwrite(fd, text, n, 0) == n && ftruncate(fd, n)) { /* an old tail would only repeat known keys */ }
	}
	close(fd); /* unlocks */
}

/* The counters: records of a name and a number. A record is claimed under the file's lock and never moves. */
#define RECORDS 96
struct record {
	char function[32];
	uint64_t calls;
};

static struct mapping {
	char name[NAME_LEN];
	struct record *records;
} mappings[SLOTS * 4 + 1];

static struct record *map(const char *name, int *descriptor) {
	char path[4096];
	snprintf(path, sizeof path, "%s/%s.calls", control_dir(), name);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) return NULL;
	if (flock(fd, LOCK_EX) || ftruncate(fd, sizeof(struct record) * RECORDS)) { close(fd); return NULL; }
	void *at = mmap(NULL, sizeof(struct record) * RECORDS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) { close(fd); return NULL; }
	*descriptor = fd;
	return at;
}

static struct record *find(struct record *records, const char *function, int claim) {
	for (int i = 0; i < RECORDS; i++) {
		if (!strncmp(records[i].function, function, sizeof records[i].function)) return &records[i];
		if (!records[i].function[0]) {
			if (!claim) return NULL;
			snprintf(records[i].function, sizeof records[i].function, "%s", function);
			return &records[i];
		}
	}
	return NULL;
}

/* The module's lock is held. */
void card_count(const char *name, const char *function) {
	int n = sizeof mappings / sizeof *mappings, i;
	struct record *r = NULL;
	for (i = 0; i < n && mappings[i].records; i++)
		if (!strcmp(mappings[i].name, name)) break;
	if (i == n) {
		munmap(mappings[0].records, sizeof(struct record) * RECORDS);
		memmove(mappings, mappings + 1, sizeof mappings - sizeof *mappings);
		memset(&mappings[i = n - 1], 0, sizeof *mappings);
	}
	if (mappings[i].records) r = find(mappings[i].records, function, 0);
	if (!r) {
		int fd;
		struct record *at = map(name, &fd);
		if (!at) return;
		find(at, function, 1);
		flock(fd, LOCK_UN); /* close would not: the mapping keeps the open file */
		close(fd);
		if (mappings[i].records) munmap(mappings[i].records, sizeof(struct record) * RECORDS);
		snprintf(mappings[i].name, NAME_LEN, "%s", name);
		mappings[i].records = at;
		if (!(r = find(at, function, 0))) return;
	}
	__atomic_fetch_add(&r->calls, 1, __ATOMIC_RELAXED);
}
