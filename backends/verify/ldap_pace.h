/*
 * ldap_pace: how long a directory took lately to refuse somebody that it knows, and somebody that
 * it does not.
 *
 * Thread-safe. A directory hashes for those whom it knows and answers at once for those whom it
 * does not, so how long "no" took would tell which names there are. Whoever asked about nobody
 * waits until as much time has passed as for somebody. What was noted longer than ten minutes ago
 * counts only if there is nothing younger. now_us: of the monotonic clock.
 */
#ifndef MAILREEVE_LDAP_PACE_H
#define MAILREEVE_LDAP_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "deadline.h"

struct ldap_pace;

struct ldap_pace *ldap_pace_create(void);    /* never NULL */
void ldap_pace_free(struct ldap_pace *pace); /* NULL is allowed */

/* Notes how long a search took with what was made of its answer: if an entry was found, of that. */
void ldap_pace_note_search(struct ldap_pace *pace, bool has_found, int64_t took_us, int64_t now_us);

/* Notes how long it took to make of nothing what is made of an entry. */
void ldap_pace_note_work(struct ldap_pace *pace, int64_t took_us, int64_t now_us);

/* How much longer it takes when an entry is found, work apart; 0 if nothing is known. */
int64_t ldap_pace_search_us(struct ldap_pace *pace, int64_t now_us);

/* Notes how long an answer about somebody known took, and what it was: right passwords serve only
 * while none was wrong, for a server may do more for either. */
void ldap_pace_note_known(struct ldap_pace *pace, bool was_right, int64_t took_us, int64_t now_us);

/* Notes how long an answer about nobody took, and returns how long one about somebody who is known
 * would have taken instead; not less, and the same if nothing is known. */
int64_t ldap_pace_note_nobody(struct ldap_pace *pace, int64_t took_us, int64_t now_us);

/* Notes how long a refusal took of which nobody can say whether the name was known. Returns whether
 * it came so much sooner than right passwords that the server cannot have compared one for it. */
bool ldap_pace_note_refusal(struct ldap_pace *pace, int64_t took_us, int64_t now_us);

/* Waits until so much time has passed since, or the deadline. */
void ldap_pace_wait(int64_t since_us, int64_t duration_us, struct deadline deadline);

#endif
