/*
 * redis_batch: a batch as the words of one command, and the results in the server's reply.
 *
 * Pure. The script (redis_batch.lua) says how the words are read and what keys there are.
 */
#ifndef MAILREEVE_REDIS_BATCH_H
#define MAILREEVE_REDIS_BATCH_H

#include "redis_door.h"
#include "store.h"

/* The script's text. */
extern const char redis_script[];

/* The whole command; the first two words ("EVALSHA" and which) are the caller's to fill in. The
 * operations and the prefix are borrowed. */
struct redis_words {
    struct bytes *words;
    size_t count;
    char *texts; /* of numbers and such */
    size_t used;
};

void redis_words_of_batch(struct redis_words *words_r, const char *prefix, int64_t now_ms,
                          const struct store_op *ops, size_t count);

/* Of the operation that lists a page, from a cursor on; "0" is the first one. */
void redis_words_of_page(struct redis_words *words_r, const char *prefix, int64_t now_ms,
                         enum store_space space, const char *cursor);

/* Of the operation that forgets what is over, REDIS_SWEEP_MAX bans at most. */
enum { REDIS_SWEEP_MAX = 500 };
void redis_words_of_sweep(struct redis_words *words_r, const char *prefix, int64_t now_ms);

void redis_words_fini(struct redis_words *words);

/* Fills the results of all operations from the reply. Returns 0, or -1 with err: it is not what the
 * script returns, and the results are worth nothing. */
int redis_batch_read(const struct redis_reply *reply, struct store_op *ops, size_t count,
                     struct err *err);

/* Visits what is in a page. Returns 1 if there is another one, from cursor_r on, 0 if not or if the
 * visitor wants no more, or -1 with err. */
enum { REDIS_CURSOR_MAX = 24 };
int redis_page_read(const struct redis_reply *reply, enum store_space space, store_visit *visit,
                    void *context, char cursor_r[REDIS_CURSOR_MAX], struct err *err);

#endif
