/*
 * gmime_door: the only file that knows GMime (libgmime-3.0).
 */
#ifndef MAILREEVE_GMIME_DOOR_H
#define MAILREEVE_GMIME_DOOR_H

/* Once, before any other thread is there. */
void gmime_begin_process(void);

#endif
