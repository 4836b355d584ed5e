//go:build cgo

/* PKCS#11 does not tell a card's answer to reset, which says more of what it is than any string that somebody wrote on it. A module that works over
 * PC/SC has its library in this process already, so that is asked; a module that does not brings none, and none is loaded for it.
 */
#include "atr.h"
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

int atr_of(const char *reader, unsigned char atr[ATR_MOST]) {
	void *library = dlopen(PCSC_LIBRARY, RTLD_LAZY | RTLD_NOLOAD);
	if (!library) return 0;
	establish_context establish = (establish_context)dlsym(library, "SCardEstablishContext");
	get_status_change status = (get_status_change)dlsym(library, "SCardGetStatusChange");
	release_context release = (release_context)dlsym(library, "SCardReleaseContext");
	struct reader_state state = { .reader = reader };
	long context;
	int length = 0;
	if (establish && status && release && establish(SCOPE_SYSTEM, NULL, NULL, &context) == 0) {
		/* A timeout of nothing: how the reader stands now. The card is not touched. */
		if (status(context, 0, &state, 1) == 0 && state.event & STATE_PRESENT && state.length <= ATR_MOST) {
			length = (int)state.length;
			memcpy(atr, state.atr, length);
		}
		release(context);
	}
	dlclose(library);
	return length;
}
