/*
 * bus_guard: surviving that a mapped file has become shorter than its map.
 *
 * Thread-safe. Who touches a page behind the new end of the file, or one that the disk cannot read,
 * gets SIGBUS, which would end the process: somebody's `truncate` would be an outage.
 */
#ifndef MAILREEVE_BUS_GUARD_H
#define MAILREEVE_BUS_GUARD_H

#include <stdbool.h>

/* Makes the process survive it within bus_guard; as often as one likes. */
void bus_guard_install(void);

/* Calls work(context). false: it was broken off by SIGBUS, in the middle of whatever it did; locks
 * that it took are still taken and what it had opened is not to be used again. */
bool bus_guard(void (*work)(void *context), void *context);

#endif
