/*
 * mailbox: mail addresses.
 *
 * Pure; RFC 5321 4.1.2 and 4.1.3 with RFC 6531 (SMTPUTF8). Local part and domain are kept apart
 * because a quoted local part may hold an '@'. More lenient than the RFCs about dots in local parts
 * ("a..b", "a."): they are in use. Error texts never repeat what the client sent.
 */
#ifndef MAILREEVE_MAILBOX_H
#define MAILREEVE_MAILBOX_H

#include <stddef.h>

#include "err.h"

/* In bytes. RFC 5321 4.5.3.1 asks for 64 bytes of local part at least; bounce addresses of mailing
 * lists and forwarders (VERP, SRS) need more, so the path's own limit is the only one. */
enum { MAILBOX_LOCAL_MAX = 254, MAILBOX_DOMAIN_MAX = 255, MAILBOX_PATH_MAX = 256 };
enum { MAILBOX_TEXT_MAX = 2 * MAILBOX_LOCAL_MAX + MAILBOX_DOMAIN_MAX + 4 };

/* Both parts are in lower case (ASCII letters), the local part without its quotes and backslashes.
 */
struct mailbox {
    char local[MAILBOX_LOCAL_MAX + 1];
    char domain[MAILBOX_DOMAIN_MAX + 1]; /* empty only for the bare <postmaster>; an address literal
                                            keeps its brackets */
};

/* Reads a bare mailbox ("a@b", "\"a b\"@c") of length bytes; the whole text must be one mailbox
 * with a domain. Returns 0, or -1 with err. */
int mailbox_parse(const char *text, size_t length, struct mailbox *mailbox_r, struct err *err);

/* Writes local@domain with its terminating NUL, the local part quoted where RFC 5321 wants it. */
void mailbox_format(const struct mailbox *mailbox, char text_r[MAILBOX_TEXT_MAX]);

#endif
