/*
 * ldap_wire: what libldap reads from and writes to.
 *
 * One link's own; not thread-safe. No read and no write lasts beyond the deadline, no answer is
 * longer than a bound, and of a message that will never be whole nothing stays in memory.
 */
#ifndef MAILREEVE_LDAP_WIRE_H
#define MAILREEVE_LDAP_WIRE_H

#include <stddef.h>

#include "deadline.h"
#include "err.h"

struct conn;
struct sockbuf; /* liblber's */

/* Zeroed but for conn at first, which stays the caller's. */
struct ldap_wire {
    struct conn *conn;        /* NULL: what is written goes nowhere */
    struct deadline deadline; /* of the request under way */
    size_t received;          /* of its answer */
    char *message;            /* where libldap has the message that is being read */
    size_t message_length;    /* of which so much is there */
    struct err trouble;       /* "": none */
};

/* Lays the wire below libldap, to stay there until the handle is gone. Returns -1 for want of
 * memory. */
int ldap_wire_lay(struct ldap_wire *wire, struct sockbuf *sockbuf);

/* A request is to come: trouble is forgotten, and the answer may be as long as any. */
void ldap_wire_begin(struct ldap_wire *wire, struct deadline deadline);

#endif
