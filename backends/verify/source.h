/*
 * source: an opened source, as the chain asks it.
 *
 * Thread-safe. Inside verify only; users of the folder see verify.h.
 */
#ifndef MAILREEVE_SOURCE_H
#define MAILREEVE_SOURCE_H

#include <stdatomic.h>

#include "login_cache.h"
#include "recipient_cache.h"
#include "verify.h"

/* Members as in struct source_stats. */
struct source_counts {
    atomic_uint_fast64_t outcomes[VERIFY_OUTCOMES];
    atomic_uint_fast64_t took_us, from_cache, from_stale_cache;
    atomic_uint_fast64_t recipients, recipients_from_cache;
};

struct source {
    /* set once */
    const struct section *section;
    const struct source_kind *kind;
    void *self;
    struct recipient_cache *recipients; /* NULL: this kind cannot tell which recipients exist */
    struct login_cache *logins;         /* NULL: what it says about logins is not kept */
    /* any thread's */
    struct source_counts counts;
};

/* Opens a section as that kind. Returns NULL if it does not open; problems tells. */
struct source *source_open_as(const struct source_kind *kind, const struct section *section,
                              struct problems *problems);

/* An answer of that source that says nothing yet. */
void source_begin_result(const struct source *source, struct verify_result *result_r);

/* Asks one source; result_r need not be initialised. */
void source_verify(struct source *source, const struct verify_request *request,
                   struct verify_result *result_r);

/* Asks it about the account alone; request has no password. Only if source_can_lookup. */
void source_lookup(struct source *source, const struct verify_request *request,
                   struct verify_result *result_r);

/* Whether it has the name too, for `ambiguous_user`: by a look-up where these are remembered. */
enum knowledge source_knows(struct source *source, const struct verify_request *request);

/* Adds a step, if asked is not NULL and has room. */
void verify_asked_note(struct verify_asked *asked, const struct source *source,
                       enum verify_outcome outcome, int64_t since_us, const char *detail);

#endif
