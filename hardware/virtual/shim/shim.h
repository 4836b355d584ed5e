/* What the parts of the virtual vendor module share. See shim.c for what the module is. */
#ifndef TIRKEU_SHIM_H
#define TIRKEU_SHIM_H

#include <p11-kit/pkcs11.h>
#include <stddef.h>

#define SLOTS 4
#define NAME_LEN 64

/* What goes wrong on purpose; one set for the module, one for each token. */
struct faults {
	char fail[NAME_LEN];  /* this function answers fail_rv instead of doing anything */
	CK_RV fail_rv;
	long fail_left;       /* so often, then never again; negative: always */
	char lose[NAME_LEN];  /* this function does its work and then answers lose_rv */
	CK_RV lose_rv;
	char crash[NAME_LEN]; /* this function ends the process with SIGSEGV */
	char hang[NAME_LEN];  /* this function never returns */
	char print[NAME_LEN]; /* this function writes to standard output; "*" is every one */
	long slow_ms;         /* every function of the token takes that much longer */
	long keygen_ms;       /* C_GenerateKeyPair takes at least that long */
	int full;             /* objects cannot be made: CKR_DEVICE_MEMORY */
	char deed[NAME_LEN];  /* this function does what a module should not: deed_what, see deed.c */
	char deed_what[16];
	char pull[NAME_LEN];  /* the token is pulled during the call of this function that pull_nth counts, which answers pull_rv */
	CK_RV pull_rv;
	long pull_nth;        /* counts down; 1 is this call, 0 none any more */
	int pull_late;        /* only after the function has done its work */
	int slot;             /* of the token */
};

/* A slot and the token that is plugged into it; token is "" when there is none. */
struct slot {
	char token[NAME_LEN];    /* the bench's name for it, and the label of the SoftHSM token behind it */
	unsigned long insertion; /* differs with every plug */
	char manufacturer[33], model[17], serial[17], label[33];
	unsigned long pin_min, pin_max, tries;
	unsigned long so_tries;  /* wrong administrator's PINs in a row until that one locks; 0: never */
	unsigned long pairs;     /* so many key pairs have a place; 0: no limit */
	int erases;              /* a pair for which there is no place erases all that is there, instead of CKR_DEVICE_MEMORY */
	int gost;                /* claims to make keys of GOST R 34.10-2012 with 512 bits; it cannot */
	int no_rsa;              /* does not list the making of RSA keys, nor makes them */
	struct faults faults;
	CK_SLOT_ID hint;         /* where the SoftHSM token was last */
};

struct control {
	char manufacturer[33], library[33], reader[65];
	struct faults faults;
	struct slot slot[SLOTS];
};

extern struct control control;   /* control.c; guarded by the module's lock */
extern CK_FUNCTION_LIST_PTR real; /* SoftHSM */

/* control.c: reads the control file again if it changed; 1 when it did. */
int control_refresh(void);
/* The token in a slot is gone, for this process, until the next plug. */
void control_vanish(int slot);
/* The directory with the tokens' own files. */
const char *control_dir(void);

/* card.c: what a token itself remembers, in files that all processes share. */
struct card {
	unsigned long bad; /* wrong PINs in a row */
	unsigned long so_bad; /* wrong administrator's PINs in a row */
	char label[33];    /* given by C_InitToken; "" when never */
};
/* Opens and locks a token's memory; -1 on failure. */
int card_open(const char *token, struct card *c);
/* Writes the memory if c is given, unlocks and closes it. */
void card_close(int fd, const struct card *c);
/* Counts a call in the file NAME.calls, which is mapped into every process. */
void card_count(const char *name, const char *function);

/* event.c: waits until a slot is not as it was told of last. */
CK_RV event_wait(CK_FLAGS flags, CK_SLOT_ID_PTR id);

/* pin.c: the functions around the PIN. */
CK_RV pin_login(const struct slot *s, CK_SESSION_HANDLE h, CK_USER_TYPE u, CK_UTF8CHAR_PTR pin, CK_ULONG len);
CK_RV pin_set(const struct slot *s, CK_SESSION_HANDLE h, CK_UTF8CHAR_PTR old, CK_ULONG old_len, CK_UTF8CHAR_PTR pin, CK_ULONG len);
CK_RV pin_init(const struct slot *s, CK_SESSION_HANDLE h, CK_UTF8CHAR_PTR pin, CK_ULONG len);
CK_RV pin_init_token(const struct slot *s, CK_SLOT_ID id, CK_UTF8CHAR_PTR pin, CK_ULONG len, CK_UTF8CHAR_PTR label);
CK_FLAGS pin_flags(const struct slot *s, const struct card *c);

/* place.c: what a token has places and mechanisms for. */
CK_RV place_for_pair(const struct slot *s, CK_SESSION_HANDLE h);
CK_RV place_list(const struct slot *s, CK_SLOT_ID id, CK_MECHANISM_TYPE_PTR types, CK_ULONG_PTR count);
CK_RV place_info(const struct slot *s, CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info);

/* deed.c: what a module should not do to the process that loads it. */
void deed(const char *what);

/* session.c: which session belongs to which slot and plug. */
void session_add(CK_SESSION_HANDLE h, int slot);
void session_forget(CK_SESSION_HANDLE h);
/* The slot of a session, or -1 with the reason in rv. */
int session_slot(CK_SESSION_HANDLE h, CK_RV *rv);
/* Ends the sessions of tokens that were pulled. */
void session_sweep(void);
/* Closes all sessions on a slot. */
void session_close_slot(int slot);
/* Forgets everything (C_Finalize). */
void session_reset(void);

/* shim.c: passes, or fails as the control file wants. Takes the lock, counts, and releases it. */
CK_RV enter(const char *function, int slot);
/* For functions on a session: finds the slot as well and copies it. */
CK_RV enter_session(const char *function, CK_SESSION_HANDLE h, struct slot *copy);
/* The result, or what lose= makes of it. */
CK_RV leave(const char *function, const struct faults *f, CK_RV rv);
void lock(void);
void unlock(void);
void pad(unsigned char *to, const char *from, size_t n);

/* pass.c: the functions that only check the session and go on to SoftHSM. */
void pass_install(CK_FUNCTION_LIST *list);

#endif
