/* The answer to reset of the card in a reader of PC/SC. See atr.c. */
#ifndef TIRKEU_ATR_H
#define TIRKEU_ATR_H

#include "pcsc.h"

/* Writes the answer to reset of the card in the reader of that name and gives its length; 0 where the loaded module does not use PC/SC, its daemon
 * does not answer, or there is no such reader or no card in it. */
int atr_of(const char *reader, unsigned char atr[ATR_MOST]);

#endif
