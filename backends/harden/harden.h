/*
 * harden: keeps passwords out of core files and out of other processes' sight.
 *
 * Beside harden_process(), a Release program gets a free(3) and a realloc(3) that wipe what they
 * give back; see harden.c. In the sanitizers' builds both are left to the sanitizer.
 */
#ifndef MAILREEVE_HARDEN_H
#define MAILREEVE_HARDEN_H

/* Once, at the start: no core file, and no other process of this user may look into this one. */
void harden_process(void);

#endif
