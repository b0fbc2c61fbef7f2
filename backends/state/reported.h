/*
 * reported: logins that a server elsewhere verifies (Dovecot's and weakforced's `allow` and
 * `report`), by the same counts as those in screening.h.
 *
 * Thread-safe. The server may ask several times about one login, or never, and may never say what
 * became of it. So asking changes nothing and holds no place, and one report counts one login:
 * towards the limits too, which attempt_begin counts for logins of our own.
 */
#ifndef MAILREEVE_REPORTED_H
#define MAILREEVE_REPORTED_H

#include "screening.h"

/* Whether the login may go on: attempt_r has the answer, never ATTEMPT_WAIT, and its ban or rule.
 * attempt_r->is_counted says that the store was asked; no attempt_end is due. */
void reported_ask(struct store *store, const struct screening_rules *rules,
                  const struct attempt_question *question, int64_t now_ms, struct deadline deadline,
                  struct attempt *attempt_r);

/* What became of it, as attempt_end has it; password may be whatever stands for one. */
void reported_end(struct store *store, const struct screening_rules *rules,
                  const struct attempt_question *question, const struct attempt_result *result,
                  int64_t now_ms, struct deadline deadline, struct attempt_end *end_r);

#endif
