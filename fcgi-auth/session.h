/*
 * session: the life of one session, from nginx's question to the answer.
 *
 * Runs in a worker's thread and may wait for sources, at most for the site's session_timeout.
 */
#ifndef MAILREEVE_SESSION_H
#define MAILREEVE_SESSION_H

#include "answer.h"
#include "site.h"

/* params: as request_decode wants them; they are changed in place. */
void session_run(const struct site *site, char **params, struct answer *answer_r);

#endif
