/*
 * smtp_xclient: what a server is told about the client that we ask for (Postfix's XCLIENT_README).
 *
 * Pure. A server that gets it applies its own rules about clients to the true one, and logs that
 * one. Only facts go into it: of what the client said about itself, that is the name in its EHLO,
 * encoded (xtext, RFC 3461 4), never as it is.
 */
#ifndef MAILREEVE_SMTP_XCLIENT_H
#define MAILREEVE_SMTP_XCLIENT_H

#include <stdbool.h>

#include "netaddr.h"
#include "smtp_talk.h"

/* Borrowed. */
struct smtp_xclient {
    struct netaddr client; /* NETADDR_NONE: there is nothing to tell */
    const char *helo;      /* NULL: not known */
};

/* Writes the argument of XCLIENT with what the server takes: mask of SMTP_XCLIENT_... Returns false
 * if there is nothing to tell or the server does not take addresses, without which the rest would
 * be said of us. */
bool smtp_xclient_format(const struct smtp_xclient *xclient, unsigned taken,
                         char argument_r[SMTP_COMMAND_MAX]);

#endif
