//go:build cgo

/* To look at the slots costs a module over PC/SC milliseconds, since it asks the daemon for every reader. The daemon tells by itself when a reader or a
 * card comes or goes, and so do some modules. Waiting for that costs nothing; what is told is only "look now", so that a wrong word does no harm, and a
 * missing one is made up for by looking now and then all the same.
 *
 * The threads are C's own: they never enter Go, and no signal meant for Go is delivered to them. They end with the process.
 */
#include "listen.h"
#include "pcsc.h"
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define READERS_MOST 64
#define NAMES_MOST 8192
#define NO_READERS 0x8010002EL   /* SCARD_E_NO_READERS_AVAILABLE */
#define UNKNOWN_READER 0x80100009L /* SCARD_E_UNKNOWN_READER: it went while it was being listed */
#define TIMEOUT 0x8010000AL      /* SCARD_E_TIMEOUT */
#define LIST_AGAIN_MS 10000      /* a reader that came between the list and the waiting is seen then */
#define TRY_AGAIN_MS 1000        /* the daemon is not there */
#define RELIST_MS 20
#define SPIN_MOST 500            /* events in a row with no time between them, after which a module is not believed */
#define SPIN_MS 2

/* Of a reader's state what can change the slots: other programs' use of a card does not, nor does its power. The upper half counts cards. */
#define MATTERS (STATE_UNKNOWN | STATE_UNAVAILABLE | STATE_EMPTY | STATE_PRESENT | 0xFFFF0000UL)

static atomic_int ears, inside;
static int descriptor = -1;
static pthread_once_t opened = PTHREAD_ONCE_INIT, followed = PTHREAD_ONCE_INIT;

static void open_descriptor(void) { descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int listen_descriptor(void) {
	pthread_once(&opened, open_descriptor);
	return descriptor;
}

void listen_heard(void) {
	uint64_t times;
	ssize_t ignored = read(descriptor, &times, sizeof times);
	(void)ignored;
}

int listen_ears(void) { return atomic_load(&ears); }
int listen_inside(void) { return atomic_load(&inside); }

static void tell(void) {
	uint64_t once = 1;
	ssize_t ignored = write(descriptor, &once, sizeof once);
	(void)ignored;
}

static void nap(long ms) {
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

static int64_t now_ms(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* start gives a function a thread of its own, without signals. */
static void start(void *(*function)(void *), void *argument) {
	sigset_t all, before;
	pthread_t thread;
	listen_descriptor();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, function, argument) == 0) pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static establish_context establish;
static list_readers list;
static get_status_change status;
static release_context release;

/* How a reader stood when it was looked at last; 0 ("unaware") for one that was not there. */
static unsigned long stood(const struct reader_state *before, unsigned long count, const char *name) {
	for (unsigned long i = 0; i < count; i++)
		if (!strcmp(before[i].reader, name)) return before[i].current;
	return 0;
}

/* list_now makes the list of readers, each as it stood, and the one that stands for readers which come and go. */
static long list_now(long context, char names[NAMES_MOST], struct reader_state *to, unsigned long *count, const struct reader_state *before, unsigned long had) {
	unsigned long length = NAMES_MOST, n = 0;
	long rv = list(context, NULL, names, &length);
	if ((unsigned int)rv == NO_READERS) names[0] = 0;
	else if (rv) return rv;
	for (char *name = names; *name && n < READERS_MOST; name += strlen(name) + 1)
		to[n++] = (struct reader_state){ .reader = name, .current = stood(before, had, name) };
	to[n++] = (struct reader_state){ .reader = "\\\\?PnP?\\Notification" };
	*count = n;
	return 0;
}

/* follow waits for changes until the daemon is lost. Two lists take turns, since what is carried over is found by its name. */
static void follow(long context) {
	static char names[2][NAMES_MOST];
	static struct reader_state states[2][READERS_MOST + 1];
	unsigned long count[2] = { 0, 0 };
	int heard = 0;
	for (int turn = 0;; turn = !turn) {
		struct reader_state *now = states[turn];
		if (list_now(context, names[turn], now, &count[turn], states[!turn], count[!turn])) break;
		if (!heard) atomic_fetch_add(&ears, 1);
		heard = 1;
		long rv = status(context, LIST_AGAIN_MS, now, count[turn]);
		if ((unsigned int)rv == UNKNOWN_READER) {
			tell();
			nap(RELIST_MS);
		}
		else if (rv && (unsigned int)rv != TIMEOUT) break;
		else if (!rv) {
			int matters = 0;
			for (unsigned long i = 0; i < count[turn]; i++) {
				int last = i + 1 == count[turn]; /* of readers themselves */
				if (last ? now[i].event & STATE_CHANGED : (now[i].event ^ now[i].current) & MATTERS) matters = 1;
				now[i].current = now[i].event & ~(unsigned long)STATE_CHANGED;
			}
			if (matters) tell();
		}
	}
	if (heard) atomic_fetch_sub(&ears, 1);
	tell();
}

static void *readers(void *unused) {
	(void)unused;
	for (;; nap(TRY_AGAIN_MS)) {
		long context;
		if (establish(SCOPE_SYSTEM, NULL, NULL, &context)) continue;
		follow(context);
		release(context);
	}
	return NULL;
}

static void follow_readers(void) {
	void *library = dlopen(PCSC_LIBRARY, RTLD_LAZY | RTLD_NOLOAD); /* and kept from being unloaded */
	establish = (establish_context)dlsym(library, "SCardEstablishContext");
	list = (list_readers)dlsym(library, "SCardListReaders");
	status = (get_status_change)dlsym(library, "SCardGetStatusChange");
	release = (release_context)dlsym(library, "SCardReleaseContext");
	if (establish && list && status && release) start(readers, NULL);
}

void listen_to_readers(void) {
	void *library = dlopen(PCSC_LIBRARY, RTLD_LAZY | RTLD_NOLOAD);
	if (!library) return;
	pthread_once(&followed, follow_readers);
	dlclose(library);
}

typedef unsigned long (*wait_for_slot_event)(unsigned long flags, unsigned long *slot, void *reserved);

/* A module that answers anything but an event will not tell of any; one that has events without end tells nothing with them. */
static void *events(void *function) {
	unsigned long slot;
	atomic_fetch_add(&ears, 1);
	atomic_store(&inside, 1);
	for (int spinning = 0; spinning < SPIN_MOST;) {
		int64_t began = now_ms();
		if (((wait_for_slot_event)function)(0, &slot, NULL)) break;
		spinning = now_ms() - began < SPIN_MS ? spinning + 1 : 0;
		tell();
	}
	atomic_fetch_sub(&ears, 1);
	tell();
	return NULL;
}

void listen_to_module(void *function) {
	if (function) start(events, function);
}
