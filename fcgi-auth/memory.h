/*
 * memory: what the store remembers about a session's client, as facts for a decision, and what the
 * session leaves in the store. What is counted, and how, is screening.h's.
 *
 * A value of one session; what it borrows lives as long. Facts point into it.
 */
#ifndef MAILREEVE_MEMORY_H
#define MAILREEVE_MEMORY_H

#include "decide.h"
#include "request.h"
#include "screening.h"
#include "site.h"

struct memory {
    struct store *store;
    const struct site *site;
    struct screening_rules rules;
    struct attempt_question question;
    struct attempt attempt;      /* AUTH */
    struct client_answer client; /* none */
    struct attempt_end end;      /* what came of the session */
};

void memory_init(struct memory *memory, struct store *store, const struct site *site);

/* AUTH: begins an attempt and fills facts->banned and facts->throttled_by. decision is
 * decide_auth's without them: what it refuses anyhow is only asked about, and counts as no login. A
 * malformed request is no attempt and asks nothing. Returns false if
 * it is to be asked again in a moment (ATTEMPT_WAIT). */
bool memory_begin(struct memory *memory, const struct decision *decision, struct deadline deadline,
                  struct facts *facts);

/* none: fills facts->banned, facts->window and what the window's account may send as. The window's
 * name in facts is the one with a domain, which tells the organization. */
void memory_recall(struct memory *memory, struct deadline deadline, struct facts *facts);

/* Whose window it is; "": nobody's. */
const struct window *memory_window(const struct memory *memory);

/* Lets a decision that a ban made say which ban that is. */
void memory_explain(const struct memory *memory, struct decision *decision);

/* After the decision: ends the attempt, or counts a recipient that was refused, or that AUTH was
 * tried where it is off. verified NULL: the sources were not asked. Fills end. */
void memory_end(struct memory *memory, const struct request *request,
                const struct decision *decision, const struct verify_result *verified);

/* How long the client is banned for what it did, in ms; 0: it is not. */
int64_t memory_banned_ms(const struct memory *memory);

#endif
