/*
 * login_cache: what a source said about logins and look-ups.
 *
 * Thread-safe; no clock. An answer is good for the password that it was about and for no other: a
 * new password is asked about at once, and a wrong one is remembered beside the right one. Of a
 * password only a keyed digest is kept: HMAC-SHA256 of the source's name, the account's own name
 * and the password (with by_client of the client's address too), whose key this cache alone knows.
 * That holds for names that nobody has as well, or the quick answer would tell them from others.
 *
 * Kept are "right", "wrong" and "nobody has that name". The latter two have room of their own, so
 * that strangers who try names or passwords push no right answer out. Bounded: what was used
 * longest ago goes first, and what is over by then goes whenever something new comes. Challenges,
 * and logins whose clear password is wanted, are neither answered nor kept.
 */
#ifndef MAILREEVE_LOGIN_CACHE_H
#define MAILREEVE_LOGIN_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verify.h"

struct login_cache;

/* Never NULL. There is room for capacity right answers and as many others, at least 1. source is
 * its name and borrowed. */
struct login_cache *login_cache_create(size_t capacity, const char *source,
                                       struct login_lifetimes lifetimes);
void login_cache_free(struct login_cache *cache); /* NULL is allowed; results may live on */

/* Answers from what is kept. Returns whether that was possible. result_r is as a kind gets it; what
 * its account borrows is held. A request without a password is a look-up. */
bool login_cache_find(struct login_cache *cache, const struct verify_request *request,
                      int64_t now_ms, struct verify_result *result_r);

/* Puts in the place of an answer "unavailable" what was right within the last day, if lifetimes
 * want that. Returns whether it did. */
bool login_cache_find_stale(struct login_cache *cache, const struct verify_request *request,
                            int64_t now_ms, struct verify_result *result);

/* Which flush was the last. To be got before the source is asked: what it says afterwards may be
 * what was to be forgotten. */
uint64_t login_cache_era(struct login_cache *cache);

/* Keeps an answer that was asked for at now_ms in that era, or lets older ones go: all "right" ones
 * of an account that may not log in any more, whatever it was called; or the one "right" of that
 * name if that very password is wrong now, or no good because the account is locked or cannot be
 * judged (VERIFY_UNAVAILABLE, for what is no outage). So nobody who does not know the password
 * makes it go by having the account locked. */
void login_cache_keep(struct login_cache *cache, const struct verify_request *request, uint64_t era,
                      int64_t now_ms, const struct verify_result *result);

/* Forgets what is known of a login name, or of all names of the account that has that name of its
 * own; of all if name is NULL. Without case. Returns how many answers that were. */
size_t login_cache_flush(struct login_cache *cache, const char *name);

/* How many answers are held, with those that are over but still there. */
size_t login_cache_count(struct login_cache *cache);

#endif
