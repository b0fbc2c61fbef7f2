/*
 * fcgi_client: one request to the service's own FastCGI socket.
 *
 * One thread. A unix socket, one request, one reply, the connection is closed afterwards. Every
 * wait ends at the deadline. What it speaks is the FastCGI 1.0 specification, sections 3 to 5, and
 * of CGI (RFC 3875 6.2) the Status header.
 */
#ifndef MAILREEVE_FCGI_CLIENT_H
#define MAILREEVE_FCGI_CLIENT_H

#include <stddef.h>

#include "deadline.h"
#include "err.h"

struct fcgi_reply {
    unsigned status; /* 200 if the service sent no Status, as RFC 3875 says */
    char *body;      /* with a NUL behind it; free it with fcgi_reply_fini */
    size_t body_length;
};

/* Connects to a unix socket. Returns a non-blocking descriptor to close, or -1 with err. */
int fcgi_connect(const char *socket_path, struct err *err);

/* What is asked. query is what stands behind the '?' (%-encoded, at most FCGI_QUERY_MAX bytes);
 * NULL: nothing does. */
struct fcgi_question {
    const char *method, *path, *query;
};

enum { FCGI_QUERY_MAX = 3072 };

/* Sends the question without a body over a connected non-blocking descriptor and reads the whole
 * reply. Returns 0, or -1 with err: no complete reply, whatever the service did with the request.
 */
int fcgi_exchange(int fd, const struct fcgi_question *question, struct deadline deadline,
                  struct fcgi_reply *reply_r, struct err *err);

void fcgi_reply_fini(struct fcgi_reply *reply);

#endif
