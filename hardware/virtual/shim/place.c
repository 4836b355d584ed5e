/* What a token has places for, and which mechanisms it claims: an identity card has room for two key pairs, some cards erase what is there to make
 * room, and a module may list what SoftHSM does not know.
 */
#include "shim.h"

/* CKM_GOSTR3410_512_KEY_PAIR_GEN of the makers of GOST tokens. */
#define GOST512 0xd4321005UL

static CK_RV all(CK_SESSION_HANDLE h, CK_OBJECT_CLASS *class, CK_OBJECT_HANDLE *found, CK_ULONG *n) {
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE of[] = {{CKA_TOKEN, &yes, sizeof yes}, {CKA_CLASS, class, sizeof *class}};
	CK_RV rv = real->C_FindObjectsInit(h, of, class ? 2 : 1);
	if (rv) return rv;
	rv = real->C_FindObjects(h, found, *n, n);
	real->C_FindObjectsFinal(h);
	return rv;
}

/* Whether there is a place for one more key pair; erases what is there if that is how the card makes one. */
CK_RV place_for_pair(const struct slot *s, CK_SESSION_HANDLE h) {
	CK_OBJECT_HANDLE found[64];
	CK_OBJECT_CLASS private = CKO_PRIVATE_KEY;
	CK_ULONG n = sizeof found / sizeof *found;
	if (!s->pairs) return CKR_OK;
	CK_RV rv = all(h, &private, found, &n);
	if (rv || n < s->pairs) return rv;
	if (!s->erases) return CKR_DEVICE_MEMORY;
	n = sizeof found / sizeof *found;
	rv = all(h, NULL, found, &n);
	for (CK_ULONG i = 0; !rv && i < n; i++) rv = real->C_DestroyObject(h, found[i]);
	return rv;
}

CK_RV place_list(const struct slot *s, CK_SLOT_ID id, CK_MECHANISM_TYPE_PTR types, CK_ULONG_PTR count) {
	CK_MECHANISM_TYPE list[256];
	CK_ULONG n = sizeof list / sizeof *list - 1, kept = 0;
	CK_RV rv = real->C_GetMechanismList(id, list, &n);
	if (rv) return rv;
	if (s->gost) list[n++] = GOST512;
	for (CK_ULONG i = 0; i < n; i++)
		if (!s->no_rsa || list[i] != CKM_RSA_PKCS_KEY_PAIR_GEN) list[kept++] = list[i];
	if (types && *count < kept) rv = CKR_BUFFER_TOO_SMALL;
	for (CK_ULONG i = 0; types && !rv && i < kept; i++) types[i] = list[i];
	*count = kept;
	return rv;
}

CK_RV place_info(const struct slot *s, CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info) {
	if (s->no_rsa && type == CKM_RSA_PKCS_KEY_PAIR_GEN) return CKR_MECHANISM_INVALID;
	if (!s->gost || type != GOST512) return real->C_GetMechanismInfo(id, type, info);
	*info = (CK_MECHANISM_INFO){ .ulMinKeySize = 512, .ulMaxKeySize = 512, .flags = CKF_HW | CKF_GENERATE_KEY_PAIR };
	return CKR_OK;
}
