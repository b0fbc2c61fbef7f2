/*
 * cache_endpoints: what the sources have been asked and what they remember, for `mailreeve cache`.
 *
 * Names of sources are those of the configuration; no login, no password and no answer is told.
 */
#ifndef MAILREEVE_CACHE_ENDPOINTS_H
#define MAILREEVE_CACHE_ENDPOINTS_H

#include "site.h"

/* The name in a query string's "user=NAME" (%XX decoded): heap memory, NULL if there is
 * none. Returns 0, or -1: the query holds something else, or a name that cannot be one. */
int cache_query_user(const char *query, char **user_r);

/* {"flushed": 3}; heap memory. user NULL: all. */
char *cache_flush_json(const struct site *site, const char *user);

/* A JSON array with an object for each source in the order of the file; heap memory. */
char *cache_sources_json(const struct site *site);

/* The same for people: a line for each source. */
char *cache_sources_text(const struct site *site);

#endif
