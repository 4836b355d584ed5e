/* Waiting for a request while watching the slots, without waking Go's runtime at every look. See watch.c. */
#ifndef TIRKEU_WATCH_H
#define TIRKEU_WATCH_H

enum { WATCH_REQUEST = 1, WATCH_DIFFERS = 2, WATCH_DUE = 3, WATCH_TOLD = 4 };

/* CK_FUNCTION_LIST (PKCS#11 v2.40 §3.6): a version, then pointers in the order of the standard. */
struct watch_functions {
	unsigned char version[2];
	void *function[68];
};

/* The function list of a module that is loaded already; NULL when it has none. */
struct watch_functions *watch_open(const char *path);

/* Looks at the slots after first milliseconds and then every so many, until a request can be read from fd, a thread of listen.c has told something, there
 * are not so many tokens, one of the sessions is dead, or it has looked rounds times. */
int watch_wait(struct watch_functions *module, int fd, int first, int every, int rounds,
	unsigned long slot_count, const unsigned long *sessions, unsigned long session_count);

/* C_WaitForSlotEvent with CKF_DONT_BLOCK: what it returns. */
unsigned long watch_event(struct watch_functions *module);

/* Starts the thread that waits in the blocking C_WaitForSlotEvent. */
void watch_listen(struct watch_functions *module);

#endif
