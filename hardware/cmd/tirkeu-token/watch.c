//go:build cgo

/* A look at the slots costs a module some microseconds, but a wake-up of Go's runtime ten times that, for it wakes its
 * monitoring thread as well. So the looking is done here, and Go is woken when there is something to do.
 */
#include "watch.h"
#include "listen.h"
#include <dlfcn.h>
#include <poll.h>
#include <stddef.h>

#define GET_SLOT_LIST 4     /* place of C_GetSlotList in CK_FUNCTION_LIST */
#define GET_SESSION_INFO 15 /* place of C_GetSessionInfo */
#define WAIT_FOR_SLOT_EVENT 67
#define DONT_BLOCK 1

typedef unsigned long (*get_function_list)(struct watch_functions **);
typedef unsigned long (*get_slot_list)(unsigned char present, unsigned long *slots, unsigned long *count);
typedef unsigned long (*wait_for_slot_event)(unsigned long flags, unsigned long *slot, void *reserved);
typedef unsigned long (*get_session_info)(unsigned long session, unsigned long info[4]);

struct watch_functions *watch_open(const char *path) {
	struct watch_functions *module = NULL;
	void *library = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
	if (!library) return NULL;
	get_function_list get = (get_function_list)dlsym(library, "C_GetFunctionList");
	if (!get || get(&module)) return NULL;
	return module;
}

/* The number of tokens and the sessions on them tell every change: a token that was changed for another has taken its session with it. The list itself
 * is not asked for, since only the question for its length makes a module look for readers that were not there before (PKCS#11 v2.40 §5.5,
 * C_GetSlotList). */
static int differs(struct watch_functions *module, unsigned long slot_count, const unsigned long *sessions, unsigned long session_count) {
	unsigned long count = 0, info[4];
	if (((get_slot_list)module->function[GET_SLOT_LIST])(1, NULL, &count)) return 1;
	if (count != slot_count) return 1;
	for (unsigned long i = 0; i < session_count; i++)
		if (((get_session_info)module->function[GET_SESSION_INFO])(sessions[i], info)) return 1;
	return 0;
}

int watch_wait(struct watch_functions *module, int fd, int first, int every, int rounds,
	unsigned long slot_count, const unsigned long *sessions, unsigned long session_count) {
	struct pollfd on[2] = { { .fd = fd, .events = POLLIN }, { .fd = listen_descriptor(), .events = POLLIN } };
	for (int wait = first;; wait = every) {
		int ready = poll(on, 2, wait);
		if (ready < 0) continue; /* a signal */
		if (on[0].revents) return WATCH_REQUEST; /* or the end of the pipe, which reading tells */
		if (ready > 0) {
			listen_heard();
			return WATCH_TOLD;
		}
		if (rounds-- <= 0) return WATCH_DUE;
		if (differs(module, slot_count, sessions, session_count)) return WATCH_DIFFERS;
	}
}

unsigned long watch_event(struct watch_functions *module) {
	unsigned long slot;
	return ((wait_for_slot_event)module->function[WAIT_FOR_SLOT_EVENT])(DONT_BLOCK, &slot, NULL);
}

void watch_listen(struct watch_functions *module) { listen_to_module(module->function[WAIT_FOR_SLOT_EVENT]); }
