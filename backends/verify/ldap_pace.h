/*
 * ldap_pace: how long a directory took lately to check the password of somebody that it knows.
 *
 * Thread-safe. A directory hashes for those whom it knows and answers at once for those whom it
 * does not, so how long "no" took would tell which names there are. Whoever asked about nobody
 * waits until as much time has passed as one of the last real answers took; which of them changes
 * from one to the next, so that not only the middle is alike.
 */
#ifndef MAILREEVE_LDAP_PACE_H
#define MAILREEVE_LDAP_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "deadline.h"

struct ldap_pace;

struct ldap_pace *ldap_pace_create(void);    /* never NULL */
void ldap_pace_free(struct ldap_pace *pace); /* NULL is allowed */

/* Notes how long an answer about somebody known took, and what it was: right passwords serve only
 * while none was wrong, for a server may do more for either. */
void ldap_pace_note(struct ldap_pace *pace, bool was_right, int64_t took_us);

/* How long the next one about nobody should take; 0: nothing is known. */
int64_t ldap_pace_next_us(struct ldap_pace *pace);

/* Whether an answer came so much sooner than those that were right that the server cannot have
 * compared a password for it. */
bool ldap_pace_is_too_soon(struct ldap_pace *pace, int64_t took_us);

/* Waits until so much time has passed since, or the deadline. */
void ldap_pace_wait(int64_t since_us, int64_t duration_us, struct deadline deadline);

#endif
