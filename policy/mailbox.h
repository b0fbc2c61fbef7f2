/*
 * mailbox: mail addresses and the command lines that carry them.
 *
 * Pure; RFC 5321 4.1.2 and 4.1.3 with RFC 6531 (SMTPUTF8). nginx hands over whole command lines
 * ("MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME") and checks no syntax, so everything is checked here.
 * Local part and domain are kept apart because a quoted local part may hold an '@'.
 */
#ifndef MAILREEVE_MAILBOX_H
#define MAILREEVE_MAILBOX_H

#include <stddef.h>

#include "err.h"

enum { MAILBOX_LOCAL_MAX = 64, MAILBOX_DOMAIN_MAX = 255 }; /* RFC 5321 4.5.3.1, in bytes */
enum { MAILBOX_TEXT_MAX = 2 * MAILBOX_LOCAL_MAX + MAILBOX_DOMAIN_MAX + 4 };

/* Both parts are in lower case (ASCII letters), the local part without its quotes and backslashes.
 */
struct mailbox {
    char local[MAILBOX_LOCAL_MAX + 1];
    char domain[MAILBOX_DOMAIN_MAX + 1]; /* empty only for the bare <postmaster>; an address literal
                                            keeps its brackets */
};

enum path_kind {
    PATH_MALFORMED = 0, /* not an RFC 5321 path; err says why */
    PATH_NULL,          /* <>, a bounce: MAIL FROM only */
    PATH_MAILBOX,
};

enum path_command { PATH_MAIL_FROM, PATH_RCPT_TO };

struct smtp_path {
    enum path_kind kind;
    struct mailbox mailbox; /* all zero unless kind is PATH_MAILBOX */
};

/* Reads a bare mailbox ("a@b", "\"a b\"@c") of length bytes; the whole text must be one mailbox
 * with a domain. Returns 0, or -1 with err. */
int mailbox_parse(const char *text, size_t length, struct mailbox *mailbox_r, struct err *err);

/* Writes local@domain with its terminating NUL, the local part quoted where RFC 5321 wants it. */
void mailbox_format(const struct mailbox *mailbox, char text_r[MAILBOX_TEXT_MAX]);

/* Reads a whole MAIL or RCPT command line as nginx hands it over (with or without CR LF, any case,
 * spaces after the colon, source route, ESMTP parameters: each must be keyword[=value] of RFC
 * 5321 4.1.2). A NUL or another control character anywhere makes it malformed. Returns
 * path_r->kind. */
enum path_kind smtp_path_parse(enum path_command command, const char *line, size_t length,
                               struct smtp_path *path_r, struct err *err);

#endif
