/*
 * news: what checks and names say about the servers of an upstream, put down and told to people.
 *
 * A change of state is one line, and a server that goes down an alarm; one that comes and goes all
 * the time is upstream.flapping once, and upstream.steady once it has kept its state for
 * NEWS_STEADY_INTERVALS intervals. Servers that have a successor are not told of. For the one
 * thread that may (servers.h), without the lock.
 */
#ifndef MAILREEVE_NEWS_H
#define MAILREEVE_NEWS_H

#include "servers.h"

enum { NEWS_STEADY_INTERVALS = 60 };

/* A check of an address has ended; failure NULL: it passed. */
void news_checked(struct servers *servers, struct member *member, struct address *address,
                  const struct err *failure, int64_t now_ms);

/* trouble: there is no address, or no server, behind a name; NULL: there is. Tells once,
 * and nothing before the upstream was started. */
void news_missing(const struct servers *servers, const char *server, bool *is_told,
                  const struct err *trouble);

void news_down(const struct servers *servers, const char *server, const char *error);

#endif
