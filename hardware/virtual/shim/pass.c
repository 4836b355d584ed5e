/* The functions on a session. Most only check that its token is still the one it was opened on, and go on to SoftHSM. */
#define _GNU_SOURCE
#include "shim.h"
#include <unistd.h>

/* Defines name as: check the session, let the faults pass, call SoftHSM. */
#define PASS(name, params, args)                                   \
	static CK_RV name params {                                     \
		struct slot s;                                             \
		CK_RV rv = enter_session("C_" #name, h, &s);               \
		return rv ? rv : leave("C_" #name, &s.faults, real->C_##name args); \
	}

/* The same for what makes an object, which a full token cannot. */
#define MAKE(name, params, args)                                   \
	static CK_RV name params {                                     \
		struct slot s;                                             \
		CK_RV rv = enter_session("C_" #name, h, &s);               \
		if (rv) return rv;                                         \
		if (s.faults.full) return CKR_DEVICE_MEMORY;               \
		return leave("C_" #name, &s.faults, real->C_##name args);  \
	}

typedef CK_SESSION_HANDLE H;
typedef CK_OBJECT_HANDLE O;
typedef CK_BYTE_PTR B;
typedef CK_ULONG N;
typedef CK_ULONG_PTR NP;
typedef CK_MECHANISM_PTR M;
typedef CK_ATTRIBUTE_PTR A;

PASS(GetOperationState, (H h, B b, NP n), (h, b, n))
PASS(SetOperationState, (H h, B b, N n, O e, O a), (h, b, n, e, a))
PASS(Logout, (H h), (h))
MAKE(CreateObject, (H h, A a, N n, O *o), (h, a, n, o))
MAKE(CopyObject, (H h, O o, A a, N n, O *to), (h, o, a, n, to))
PASS(DestroyObject, (H h, O o), (h, o))
PASS(GetObjectSize, (H h, O o, NP n), (h, o, n))
PASS(GetAttributeValue, (H h, O o, A a, N n), (h, o, a, n))
PASS(SetAttributeValue, (H h, O o, A a, N n), (h, o, a, n))
PASS(FindObjectsInit, (H h, A a, N n), (h, a, n))
PASS(FindObjects, (H h, O *o, N max, NP n), (h, o, max, n))
PASS(FindObjectsFinal, (H h), (h))
PASS(EncryptInit, (H h, M m, O k), (h, m, k))
PASS(Encrypt, (H h, B d, N n, B e, NP en), (h, d, n, e, en))
PASS(EncryptUpdate, (H h, B d, N n, B e, NP en), (h, d, n, e, en))
PASS(EncryptFinal, (H h, B e, NP en), (h, e, en))
PASS(DecryptInit, (H h, M m, O k), (h, m, k))
PASS(Decrypt, (H h, B d, N n, B e, NP en), (h, d, n, e, en))
PASS(DecryptUpdate, (H h, B d, N n, B e, NP en), (h, d, n, e, en))
PASS(DecryptFinal, (H h, B e, NP en), (h, e, en))
PASS(DigestInit, (H h, M m), (h, m))
PASS(Digest, (H h, B d, N n, B e, NP en), (h, d, n, e, en))
PASS(DigestUpdate, (H h, B d, N n), (h, d, n))
PASS(DigestKey, (H h, O k), (h, k))
PASS(DigestFinal, (H h, B e, NP en), (h, e, en))
PASS(SignInit, (H h, M m, O k), (h, m, k))
PASS(Sign, (H h, B d, N n, B e, NP en), (h, d, n, e, en))
PASS(SignUpdate, (H h, B d, N n), (h, d, n))
PASS(SignFinal, (H h, B e, NP en), (h, e, en))
PASS(SignRecoverInit, (H h, M m, O k), (h, m, k))
PASS(SignRecover, (H h, B d, N n, B e, NP en), (h, d, n, e, en))
PASS(VerifyInit, (H h, M m, O k), (h, m, k))
PASS(Verify, (H h, B d, N n, B e, N en), (h, d, n, e, en))
PASS(VerifyUpdate, (H h, B d, N n), (h, d, n))
PASS(VerifyFinal, (H h, B e, N en), (h, e, en))
PASS(VerifyRecoverInit, (H h, M m, O k), (h, m, k))
PASS(VerifyRecover, (H h, B d, N n, B e, NP en), (h, d, n, e, en))
MAKE(GenerateKey, (H h, M m, A a, N n, O *o), (h, m, a, n, o))
PASS(WrapKey, (H h, M m, O w, O k, B b, NP n), (h, m, w, k, b, n))
MAKE(UnwrapKey, (H h, M m, O k, B b, N n, A a, N an, O *o), (h, m, k, b, n, a, an, o))
MAKE(DeriveKey, (H h, M m, O k, A a, N n, O *o), (h, m, k, a, n, o))
PASS(SeedRandom, (H h, B b, N n), (h, b, n))
PASS(GenerateRandom, (H h, B b, N n), (h, b, n))

static CK_RV GetSessionInfo(H h, CK_SESSION_INFO_PTR info) {
	struct slot s;
	CK_RV ignored, rv = enter_session("C_GetSessionInfo", h, &s);
	if (!rv) rv = real->C_GetSessionInfo(h, info);
	if (rv) return rv;
	lock();
	int slot = session_slot(h, &ignored);
	unlock();
	info->slotID = slot < 0 ? 0 : (CK_SLOT_ID)slot;
	return CKR_OK;
}

static CK_RV CloseSession(H h) {
	struct slot s;
	CK_RV rv = enter_session("C_CloseSession", h, &s);
	lock();
	session_forget(h);
	unlock();
	return rv ? rv : real->C_CloseSession(h);
}

static CK_RV Login(H h, CK_USER_TYPE u, CK_UTF8CHAR_PTR pin, N n) {
	struct slot s;
	CK_RV rv = enter_session("C_Login", h, &s);
	return rv ? rv : leave("C_Login", &s.faults, pin_login(&s, h, u, pin, n));
}

static CK_RV SetPIN(H h, CK_UTF8CHAR_PTR old, N old_n, CK_UTF8CHAR_PTR pin, N n) {
	struct slot s;
	CK_RV rv = enter_session("C_SetPIN", h, &s);
	return rv ? rv : leave("C_SetPIN", &s.faults, pin_set(&s, h, old, old_n, pin, n));
}

static CK_RV InitPIN(H h, CK_UTF8CHAR_PTR pin, N n) {
	struct slot s;
	CK_RV rv = enter_session("C_InitPIN", h, &s);
	return rv ? rv : leave("C_InitPIN", &s.faults, pin_init(&s, h, pin, n));
}

/* Waits as a slow chip would, and notices when it is pulled meanwhile. Pulled after the key was made, the answer is lost but not the key. */
static CK_RV GenerateKeyPair(H h, M m, A a, N n, A b, N bn, O *public, O *private) {
	struct slot s;
	CK_RV rv = enter_session("C_GenerateKeyPair", h, &s);
	if (rv) return rv;
	if (s.faults.full) return CKR_DEVICE_MEMORY;
	if (s.no_rsa && m && m->mechanism == CKM_RSA_PKCS_KEY_PAIR_GEN) return CKR_MECHANISM_INVALID;
	if ((rv = place_for_pair(&s, h))) return rv;
	for (long waited = 0; waited < s.faults.keygen_ms; waited += 20) {
		usleep(20000);
		lock();
		if (control_refresh()) session_sweep();
		int slot = session_slot(h, &rv);
		unlock();
		if (slot < 0) return CKR_DEVICE_REMOVED;
	}
	return leave("C_GenerateKeyPair", &s.faults, real->C_GenerateKeyPair(h, m, a, n, b, bn, public, private));
}

void pass_install(CK_FUNCTION_LIST *list) {
#define SET(name) list->C_##name = name;
	SET(GetOperationState) SET(SetOperationState) SET(Logout) SET(CreateObject) SET(CopyObject) SET(DestroyObject)
	SET(GetObjectSize) SET(GetAttributeValue) SET(SetAttributeValue) SET(FindObjectsInit) SET(FindObjects) SET(FindObjectsFinal)
	SET(EncryptInit) SET(Encrypt) SET(EncryptUpdate) SET(EncryptFinal) SET(DecryptInit) SET(Decrypt) SET(DecryptUpdate)
	SET(DecryptFinal) SET(DigestInit) SET(Digest) SET(DigestUpdate) SET(DigestKey) SET(DigestFinal) SET(SignInit) SET(Sign)
	SET(SignUpdate) SET(SignFinal) SET(SignRecoverInit) SET(SignRecover) SET(VerifyInit) SET(Verify) SET(VerifyUpdate)
	SET(VerifyFinal) SET(VerifyRecoverInit) SET(VerifyRecover) SET(GenerateKey) SET(WrapKey) SET(UnwrapKey) SET(DeriveKey)
	SET(SeedRandom) SET(GenerateRandom) SET(GetSessionInfo) SET(CloseSession) SET(Login) SET(SetPIN) SET(InitPIN)
	SET(GenerateKeyPair)
#undef SET
}
