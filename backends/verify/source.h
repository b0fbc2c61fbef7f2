/*
 * source: an opened source, as the chain asks it.
 *
 * Thread-safe. Inside verify only; users of the folder see verify.h.
 */
#ifndef MAILREEVE_SOURCE_H
#define MAILREEVE_SOURCE_H

#include <stdatomic.h>

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
    /* any thread's */
    struct source_counts counts;
};

/* Opens a section as that kind. Returns NULL if it does not open; problems tells. */
struct source *source_open_as(const struct source_kind *kind, const struct section *section,
                              struct problems *problems);

/* Asks one source; result_r need not be initialised. */
void source_verify(struct source *source, const struct verify_request *request,
                   struct verify_result *result_r);

/* Asks it about the account alone (kind->lookup, which must be there). */
void source_lookup(struct source *source, const struct verify_request *request,
                   struct verify_result *result_r);

#endif
