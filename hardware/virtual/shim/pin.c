/* The PIN as a vendor's token treats it: limits of length, and a counter of wrong tries that locks. SoftHSM has neither. The try is
 * counted before the PIN is looked at, as cards do, so that pulling the token in between gains nothing.
 */
#include "shim.h"
#include <stdio.h>
#include <string.h>

static CK_FLAGS flags(unsigned long bad, unsigned long tries, CK_FLAGS low, CK_FLAGS final, CK_FLAGS locked) {
	if (!tries || !bad) return 0;
	if (bad >= tries) return locked;
	return bad + 1 == tries ? low | final : low;
}

CK_FLAGS pin_flags(const struct slot *s, const struct card *c) {
	return flags(c->bad, s->tries, CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED) |
		flags(c->so_bad, s->so_tries, CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_LOCKED);
}

static int fits(const struct slot *s, CK_ULONG len) {
	return (!s->pin_min || len >= s->pin_min) && (!s->pin_max || len <= s->pin_max);
}

static int by_officer(CK_SESSION_HANDLE h) {
	CK_SESSION_INFO info;
	return !real->C_GetSessionInfo(h, &info) && info.state == CKS_RW_SO_FUNCTIONS;
}

/* A counted try of one of the two PINs, while the token's memory is held. */
struct attempt {
	struct card card;
	int fd;
	unsigned long *bad, tries;
};

/* Settles a counted try by what came of it. */
static CK_RV settle(struct attempt *a, CK_RV rv) {
	if (rv == CKR_OK) *a->bad = 0;
	else if (rv != CKR_PIN_INCORRECT) --*a->bad;
	else if (*a->bad >= a->tries) rv = CKR_PIN_LOCKED;
	card_close(a->fd, &a->card);
	return rv;
}

/* Counts a try; CKR_PIN_LOCKED when there is none left. */
static CK_RV try(const struct slot *s, struct attempt *a, CK_USER_TYPE u) {
	a->fd = card_open(s->token, &a->card);
	a->bad = u == CKU_SO ? &a->card.so_bad : &a->card.bad;
	a->tries = u == CKU_SO ? s->so_tries : s->tries;
	if (a->fd < 0) return CKR_DEVICE_ERROR;
	if (*a->bad >= a->tries) {
		card_close(a->fd, NULL);
		return CKR_PIN_LOCKED;
	}
	++*a->bad;
	return CKR_OK;
}

CK_RV pin_login(const struct slot *s, CK_SESSION_HANDLE h, CK_USER_TYPE u, CK_UTF8CHAR_PTR pin, CK_ULONG len) {
	struct attempt a;
	if ((u != CKU_USER || !s->tries) && (u != CKU_SO || !s->so_tries)) return real->C_Login(h, u, pin, len);
	CK_RV rv = try(s, &a, u);
	if (rv) return rv;
	rv = real->C_Login(h, u, pin, len);
	if (rv == CKR_PIN_LEN_RANGE) rv = CKR_PIN_INCORRECT; /* a length that cannot be right costs a try all the same */
	return settle(&a, rv);
}

CK_RV pin_set(const struct slot *s, CK_SESSION_HANDLE h, CK_UTF8CHAR_PTR old, CK_ULONG old_len, CK_UTF8CHAR_PTR pin, CK_ULONG len) {
	struct attempt a;
	if (!fits(s, len)) return CKR_PIN_LEN_RANGE;
	if (!s->tries || by_officer(h)) return real->C_SetPIN(h, old, old_len, pin, len);
	CK_RV rv = try(s, &a, CKU_USER);
	if (rv) return rv;
	return settle(&a, real->C_SetPIN(h, old, old_len, pin, len));
}

CK_RV pin_init(const struct slot *s, CK_SESSION_HANDLE h, CK_UTF8CHAR_PTR pin, CK_ULONG len) {
	struct card c;
	if (!fits(s, len)) return CKR_PIN_LEN_RANGE;
	CK_RV rv = real->C_InitPIN(h, pin, len);
	if (rv) return rv;
	int fd = card_open(s->token, &c);
	c.bad = 0;
	card_close(fd, &c);
	return CKR_OK;
}

CK_RV pin_init_token(const struct slot *s, CK_SLOT_ID id, CK_UTF8CHAR_PTR pin, CK_ULONG len, CK_UTF8CHAR_PTR label) {
	/* SoftHSM's label is how the shim finds the token again; the label people see is kept on the card. */
	CK_UTF8CHAR own[32];
	struct card c;
	pad(own, s->token, sizeof own);
	CK_RV rv = real->C_InitToken(id, pin, len, own);
	if (rv) return rv;
	int fd = card_open(s->token, &c);
	c.bad = c.so_bad = 0;
	snprintf(c.label, sizeof c.label, "%.32s", (const char *)label);
	for (size_t n = strlen(c.label); n && c.label[n - 1] == ' ';) c.label[--n] = 0;
	card_close(fd, &c);
	return CKR_OK;
}
