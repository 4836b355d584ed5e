/* Which session belongs to which slot, and to which plug: a session dies with the token it was opened on, also when the same token is
 * back before anybody looked. SoftHSM knows nothing of this; its session is closed as soon as the shim notices, so that its login state
 * goes too. The module's lock is held in all of these.
 */
#include "shim.h"
#include <string.h>

#define SESSIONS 256

static struct session {
	CK_SESSION_HANDLE handle;
	int slot;
	unsigned long insertion;
	int used, dead;
} sessions[SESSIONS];

void session_add(CK_SESSION_HANDLE h, int slot) {
	struct session *free = NULL;
	for (int i = 0; i < SESSIONS; i++) {
		struct session *s = &sessions[i];
		if (!s->used) { free = s; break; }
		if (s->dead && !free) free = s;
	}
	if (!free) return; /* such a session answers CKR_SESSION_HANDLE_INVALID */
	*free = (struct session){ .handle = h, .slot = slot, .insertion = control.slot[slot].insertion, .used = 1 };
}

void session_forget(CK_SESSION_HANDLE h) {
	for (int i = 0; i < SESSIONS; i++)
		if (sessions[i].used && sessions[i].handle == h) sessions[i].used = 0;
}

int session_slot(CK_SESSION_HANDLE h, CK_RV *rv) {
	for (int i = 0; i < SESSIONS; i++) {
		struct session *s = &sessions[i];
		if (!s->used || s->handle != h) continue;
		if (!s->dead) return s->slot;
		*rv = control.slot[s->slot].token[0] ? CKR_SESSION_HANDLE_INVALID : CKR_DEVICE_REMOVED;
		return -1;
	}
	*rv = CKR_SESSION_HANDLE_INVALID;
	return -1;
}

void session_sweep(void) {
	for (int i = 0; i < SESSIONS; i++) {
		struct session *s = &sessions[i];
		if (!s->used || s->dead) continue;
		struct slot *slot = &control.slot[s->slot];
		if (slot->token[0] && slot->insertion == s->insertion) continue;
		real->C_CloseSession(s->handle);
		s->dead = 1;
	}
}

void session_close_slot(int slot) {
	for (int i = 0; i < SESSIONS; i++) {
		struct session *s = &sessions[i];
		if (!s->used || s->slot != slot) continue;
		if (!s->dead) real->C_CloseSession(s->handle);
		s->used = 0;
	}
}

void session_reset(void) { memset(sessions, 0, sizeof sessions); }
