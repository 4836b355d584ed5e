/* What is used of pcsc-lite, on Linux, where a DWORD is a long. Its library is never linked: a module that works over PC/SC has brought it into this
 * process already, and for any other module none is loaded.
 */
#ifndef TIRKEU_PCSC_H
#define TIRKEU_PCSC_H

#define PCSC_LIBRARY "libpcsclite.so.1"
#define SCOPE_SYSTEM 2
#define ATR_MOST 33 /* ISO/IEC 7816-3 §8.1, and one more as PC/SC has it */

#define STATE_CHANGED 0x02
#define STATE_UNKNOWN 0x04
#define STATE_UNAVAILABLE 0x08
#define STATE_EMPTY 0x10
#define STATE_PRESENT 0x20

/* SCARD_READERSTATE */
struct reader_state {
	const char *reader;
	void *user;
	unsigned long current, event, length;
	unsigned char atr[ATR_MOST];
};

typedef long (*establish_context)(unsigned long scope, const void *, const void *, long *context);
typedef long (*list_readers)(long context, const char *groups, char *names, unsigned long *length);
typedef long (*get_status_change)(long context, unsigned long timeout, struct reader_state *, unsigned long count);
typedef long (*release_context)(long context);

#endif
