/* A virtual vendor module for demonstration and tests: SoftHSM behind a maker's strings, four slots, hot plug, a PIN that locks, and faults
 * on demand. Never part of the product.
 *
 *   TIRKEU_SHIM_CTL    control file: what is plugged in and what goes wrong (control.c)
 *   TIRKEU_SHIM_CARDS  directory of the tokens' own memory (card.c)
 *   TIRKEU_SHIM_EVENTS whether it tells of slot events (event.c)
 *   TIRKEU_SHIM_REAL   SoftHSM's module, when it is not where Debian puts it
 *   SOFTHSM2_CONF      SoftHSM's store, which holds the tokens of all virtual modules
 *
 * A token of the bench may sit in any slot of any module. It is found in SoftHSM by its label, at the time of use, because SoftHSM's slot
 * numbers change with every restart; a session remembers its slot and its plug (session.c). What SoftHSM itself sees only at C_Initialize
 * stays so: tokens initialized and PINs set by another process. Objects, wrong tries and locks are seen at once.
 */
#define _GNU_SOURCE
#include "shim.h"
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

CK_FUNCTION_LIST_PTR real;

static CK_FUNCTION_LIST list;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int initialized;

/* The lock guards the control data, the sessions and the counters; it is never held over a call that may take long. */
void lock(void) { pthread_mutex_lock(&mutex); }
void unlock(void) { pthread_mutex_unlock(&mutex); }

void pad(unsigned char *to, const char *from, size_t n) {
	size_t len = strlen(from);
	memset(to, ' ', n);
	memcpy(to, from, len < n ? len : n);
}

static const char *module_name(void) {
	static char name[NAME_LEN];
	const char *path = getenv("TIRKEU_SHIM_CTL"), *base = path ? strrchr(path, '/') : NULL;
	snprintf(name, sizeof name, "module-%.*s", (int)strcspn(base ? base + 1 : "none", "."), base ? base + 1 : "none");
	return name;
}

static void print(const char *function) {
	printf("vendor: %s entered, this must reach nobody\n", function);
	fflush(stdout);
}

static void vanish(int slot) {
	lock();
	control_vanish(slot);
	session_sweep();
	unlock();
}

static CK_RV apply(const char *function, struct faults f) {
	if (!strcmp(f.print, function) || !strcmp(f.print, "*")) print(function);
	if (f.slow_ms) usleep(f.slow_ms * 1000);
	if (!strcmp(f.crash, function)) {
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
	while (!strcmp(f.hang, function)) pause();
	if (!strcmp(f.deed, function)) deed(f.deed_what);
	if (f.pull_nth == 1 && !f.pull_late) {
		vanish(f.slot);
		return f.pull_rv;
	}
	return f.fail[0] ? f.fail_rv : CKR_OK;
}

/* The faults for one call: fail is empty unless it is this call that fails. The lock is held. */
static struct faults draw(struct faults *from, const char *function) {
	struct faults f = *from;
	if (strcmp(f.fail, function) || !f.fail_left) f.fail[0] = 0;
	else if (from->fail_left > 0) from->fail_left--;
	if (strcmp(f.pull, function) || !f.pull_nth) f.pull_nth = 0;
	else from->pull_nth--;
	return f;
}

static void look(void) {
	if (control_refresh() && initialized) session_sweep();
}

CK_RV enter(const char *function, int slot) {
	lock();
	look();
	struct faults f = draw(slot < 0 ? &control.faults : &control.slot[slot].faults, function);
	int there = slot < 0 || control.slot[slot].token[0];
	card_count(slot >= 0 && there ? control.slot[slot].token : module_name(), function);
	unlock();
	if (!there) return CKR_TOKEN_NOT_PRESENT;
	return apply(function, f);
}

CK_RV enter_session(const char *function, CK_SESSION_HANDLE h, struct slot *copy) {
	CK_RV rv = CKR_OK;
	lock();
	look();
	int slot = session_slot(h, &rv);
	if (slot >= 0) {
		*copy = control.slot[slot];
		copy->faults = draw(&control.slot[slot].faults, function);
		card_count(copy->token, function);
	}
	unlock();
	if (slot < 0) return rv;
	rv = apply(function, copy->faults);
	if (copy->faults.slow_ms && !rv) {
		/* It may have been pulled meanwhile. */
		lock();
		look();
		session_slot(h, &rv);
		unlock();
	}
	return rv;
}

CK_RV leave(const char *function, const struct faults *f, CK_RV rv) {
	if (f->pull_nth == 1 && f->pull_late) {
		vanish(f->slot);
		return f->pull_rv;
	}
	return !rv && !strcmp(f->lose, function) ? f->lose_rv : rv;
}

/* The SoftHSM slot that holds a token, and what SoftHSM says of it; for a token never initialized the free one, of which SoftHSM always has
 * one. */
static CK_RV find(int n, CK_SLOT_ID *found, CK_TOKEN_INFO *info) {
	CK_SLOT_ID ids[256], spare = 0;
	CK_ULONG count = sizeof ids / sizeof *ids;
	unsigned char wanted[32];
	lock();
	struct slot s = control.slot[n];
	unlock();
	pad(wanted, s.token, sizeof wanted);
	if (!real->C_GetTokenInfo(s.hint, info) && !memcmp(info->label, wanted, sizeof wanted)) {
		*found = s.hint;
		return CKR_OK;
	}
	CK_RV rv = real->C_GetSlotList(CK_TRUE, ids, &count);
	if (rv) return rv;
	int has_spare = 0;
	for (CK_ULONG i = 0; i < count; i++) {
		if (real->C_GetTokenInfo(ids[i], info)) continue;
		if (!(info->flags & CKF_TOKEN_INITIALIZED)) { spare = ids[i]; has_spare = 1; }
		else if (!memcmp(info->label, wanted, sizeof wanted)) {
			lock();
			if (!strcmp(control.slot[n].token, s.token)) control.slot[n].hint = ids[i];
			unlock();
			*found = ids[i];
			return CKR_OK;
		}
	}
	if (!has_spare) return CKR_DEVICE_ERROR;
	*found = spare;
	return real->C_GetTokenInfo(spare, info);
}

/* For functions on a slot: passes the faults, then finds the token in SoftHSM. */
static CK_RV enter_slot(const char *function, CK_SLOT_ID id, struct slot *copy, CK_SLOT_ID *found, CK_TOKEN_INFO *info) {
	if (!initialized) return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (id >= SLOTS) return CKR_SLOT_ID_INVALID;
	CK_RV rv = enter(function, id);
	if (rv) return rv;
	lock();
	*copy = control.slot[id];
	unlock();
	if (!copy->token[0]) return CKR_TOKEN_NOT_PRESENT;
	return find(id, found, info);
}

static CK_RV Initialize(void *args) {
	CK_RV rv = enter("C_Initialize", -1);
	if (rv) return rv;
	rv = real->C_Initialize(args);
	if (!rv) initialized = 1;
	return rv;
}

static CK_RV Finalize(void *reserved) {
	CK_RV rv = enter("C_Finalize", -1);
	if (rv) return rv;
	lock();
	initialized = 0;
	session_reset();
	unlock();
	return real->C_Finalize(reserved);
}

static CK_RV GetInfo(CK_INFO_PTR info) {
	CK_RV rv = enter("C_GetInfo", -1);
	if (!rv) rv = real->C_GetInfo(info);
	if (rv) return rv;
	lock();
	pad(info->manufacturerID, control.manufacturer, sizeof info->manufacturerID);
	pad(info->libraryDescription, control.library, sizeof info->libraryDescription);
	unlock();
	return CKR_OK;
}

static CK_RV GetSlotList(CK_BBOOL present, CK_SLOT_ID_PTR ids, CK_ULONG_PTR count) {
	if (!initialized) return CKR_CRYPTOKI_NOT_INITIALIZED;
	CK_RV rv = enter("C_GetSlotList", -1);
	if (rv) return rv;
	CK_SLOT_ID all[SLOTS];
	CK_ULONG n = 0;
	lock();
	for (int i = 0; i < SLOTS; i++)
		if (!present || control.slot[i].token[0]) all[n++] = i;
	unlock();
	if (ids && *count < n) rv = CKR_BUFFER_TOO_SMALL;
	else if (ids) memcpy(ids, all, n * sizeof *all);
	*count = n;
	return rv;
}

static CK_RV GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO_PTR info) {
	char name[96];
	if (!initialized) return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (id >= SLOTS) return CKR_SLOT_ID_INVALID;
	lock();
	look();
	memset(info, 0, sizeof *info);
	snprintf(name, sizeof name, "%s %02lu 00", control.reader, id);
	pad(info->slotDescription, name, sizeof info->slotDescription);
	pad(info->manufacturerID, control.manufacturer, sizeof info->manufacturerID);
	info->flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT | (control.slot[id].token[0] ? CKF_TOKEN_PRESENT : 0);
	unlock();
	return CKR_OK;
}

static CK_RV GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO_PTR info) {
	struct slot s;
	struct card c;
	CK_SLOT_ID r;
	CK_RV rv = enter_slot("C_GetTokenInfo", id, &s, &r, info);
	if (rv) return rv;
	card_close(card_open(s.token, &c), NULL);
	int ready = (info->flags & CKF_TOKEN_INITIALIZED) != 0;
	pad(info->label, !ready ? "" : c.label[0] ? c.label : s.label, sizeof info->label);
	pad(info->manufacturerID, s.manufacturer, sizeof info->manufacturerID);
	pad(info->model, s.model, sizeof info->model);
	pad(info->serialNumber, s.serial, sizeof info->serialNumber);
	info->flags &= ~(CK_FLAGS)(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED |
		CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED);
	if (ready) info->flags |= pin_flags(&s, &c);
	if (s.pin_min) info->ulMinPinLen = s.pin_min;
	if (s.pin_max) info->ulMaxPinLen = s.pin_max;
	return CKR_OK;
}

static CK_RV GetMechanismList(CK_SLOT_ID id, CK_MECHANISM_TYPE_PTR types, CK_ULONG_PTR count) {
	struct slot s;
	CK_SLOT_ID r;
	CK_TOKEN_INFO t;
	CK_RV rv = enter_slot("C_GetMechanismList", id, &s, &r, &t);
	return rv ? rv : place_list(&s, r, types, count);
}

static CK_RV GetMechanismInfo(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info) {
	struct slot s;
	CK_SLOT_ID r;
	CK_TOKEN_INFO t;
	CK_RV rv = enter_slot("C_GetMechanismInfo", id, &s, &r, &t);
	return rv ? rv : place_info(&s, r, type, info);
}

static CK_RV InitToken(CK_SLOT_ID id, CK_UTF8CHAR_PTR pin, CK_ULONG len, CK_UTF8CHAR_PTR label) {
	struct slot s;
	CK_SLOT_ID r;
	CK_TOKEN_INFO t;
	CK_RV rv = enter_slot("C_InitToken", id, &s, &r, &t);
	return rv ? rv : pin_init_token(&s, r, pin, len, label);
}

static CK_RV OpenSession(CK_SLOT_ID id, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE_PTR h) {
	struct slot s;
	CK_SLOT_ID r;
	CK_TOKEN_INFO t;
	CK_RV rv = enter_slot("C_OpenSession", id, &s, &r, &t);
	if (!rv) rv = real->C_OpenSession(r, flags, application, notify, h);
	if (rv) return rv;
	lock();
	session_add(*h, id);
	unlock();
	return CKR_OK;
}

static CK_RV CloseAllSessions(CK_SLOT_ID id) {
	struct slot s;
	CK_SLOT_ID r;
	CK_TOKEN_INFO t;
	CK_RV rv = enter_slot("C_CloseAllSessions", id, &s, &r, &t);
	if (rv) return rv;
	lock();
	session_close_slot(id);
	unlock();
	return CKR_OK;
}

static CK_RV WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID_PTR id, void *reserved) {
	(void)reserved;
	if (!initialized) return CKR_CRYPTOKI_NOT_INITIALIZED;
	CK_RV rv = enter("C_WaitForSlotEvent", -1);
	return rv ? rv : event_wait(flags, id);
}

static CK_RV load(void) {
	const char *path = getenv("TIRKEU_SHIM_REAL");
	void *library = dlopen(path ? path : "libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
	if (!library && !path) library = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
	if (!library) return CKR_GENERAL_ERROR;
	CK_C_GetFunctionList get = (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList");
	if (!get || get(&real)) return CKR_GENERAL_ERROR;
	list = *real;
	list.C_Initialize = Initialize;
	list.C_Finalize = Finalize;
	list.C_GetInfo = GetInfo;
	list.C_GetFunctionList = C_GetFunctionList;
	list.C_GetSlotList = GetSlotList;
	list.C_GetSlotInfo = GetSlotInfo;
	list.C_GetTokenInfo = GetTokenInfo;
	list.C_GetMechanismList = GetMechanismList;
	list.C_GetMechanismInfo = GetMechanismInfo;
	list.C_InitToken = InitToken;
	list.C_OpenSession = OpenSession;
	list.C_CloseAllSessions = CloseAllSessions;
	list.C_WaitForSlotEvent = WaitForSlotEvent;
	pass_install(&list);
	return CKR_OK;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR to) {
	lock();
	CK_RV rv = real ? CKR_OK : load();
	look();
	unlock();
	if (control.faults.print[0]) print("C_GetFunctionList");
	if (!rv) *to = &list;
	return rv;
}
