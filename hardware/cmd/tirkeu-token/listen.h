/* Threads that wait for the machine to say that something was plugged or pulled, and wake whoever looks at the slots. See listen.c. */
#ifndef TIRKEU_LISTEN_H
#define TIRKEU_LISTEN_H

/* Starts the thread that follows PC/SC's readers, once, when the module has brought PC/SC's library into this process. */
void listen_to_readers(void);

/* Starts the thread that waits in C_WaitForSlotEvent of this function. Only for a module of which it is known that it can wait while it is called from
 * another thread. */
void listen_to_module(void *wait_for_slot_event);

/* The descriptor that can be read once something has been told; -1 where there can be none. */
int listen_descriptor(void);

/* Takes what has been told off the descriptor. */
void listen_heard(void);

/* How many of the threads are waiting now for what they tell. With none, only looking tells. */
int listen_ears(void);

/* Whether a thread was ever in the module: such a module is not finalized, for one that waits may crash then (OpenSC 0.23 does). */
int listen_inside(void);

#endif
