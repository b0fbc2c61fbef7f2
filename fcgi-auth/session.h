/*
 * session: the life of one session, from the web server's question to the answer.
 *
 * Runs in a worker's thread and may wait for sources, at most for the site's session_timeout.
 */
#ifndef MAILREEVE_SESSION_H
#define MAILREEVE_SESSION_H

#include "answer.h"
#include "world.h"

/* A mail client, asked about by nginx mail. params: as request_decode wants them; they are changed
 * in place. */
void session_run(const struct world *world, char **params, struct answer *answer_r);

/* A browser, asked about by nginx's auth_request. params: as web_request_decode wants them. */
void session_run_web(const struct world *world, char **params, struct answer *answer_r);

#endif
