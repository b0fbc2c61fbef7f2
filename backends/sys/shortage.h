/*
 * shortage: what the process or the system has no more of, said in the log.
 *
 * Thread-safe. What fails for want of descriptors, ports or memory of our own says nothing about
 * whom it was meant for, and is for the operator to mend.
 */
#ifndef MAILREEVE_SHORTAGE_H
#define MAILREEVE_SHORTAGE_H

#include "err.h"

/* Logs err at most once a minute, and says in it whose limit it is. */
void shortage_tell(struct err *err);

#endif
