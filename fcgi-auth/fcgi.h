/*
 * fcgi: requests of the web server over one FastCGI connection; the door to libfcgi.
 *
 * A struct fcgi_request is one thread's own and is used again for one request after the other; the
 * connection's descriptor stays the caller's: it is never closed here. Reads and writes wait for
 * as long as the peer lets them: whoever owns the descriptor ends a stalled one by shutdown(2).
 */
#ifndef MAILREEVE_FCGI_H
#define MAILREEVE_FCGI_H

#include <stdbool.h>

#include "answer.h"
#include "call.h"
#include "err.h"

struct fcgi_request;

/* Once, before threads start and before the service sets its own signal handlers: libfcgi takes
 * SIGTERM, SIGUSR1 and SIGPIPE for itself here (measured). Returns 0, or -1 with err. */
int fcgi_init(struct err *err);

struct fcgi_request *fcgi_request_create(void);       /* never NULL */
void fcgi_request_free(struct fcgi_request *request); /* NULL is allowed */

/* Reads one whole request. Returns 0; or -1 if the peer closed the connection, broke off, or did
 * not speak FastCGI: then the connection is good for close(2) only. What call_r points to is wiped
 * and gone after fcgi_reply; parameters are in their order. */
int fcgi_read(struct fcgi_request *request, int fd, struct call *call_r);

/* Sends the answer and forgets the request. Returns whether the connection is kept for another. */
bool fcgi_reply(struct fcgi_request *request, const struct answer *answer);

#endif
