/*
 * smtp_path: the command lines that carry mail addresses.
 *
 * Pure; RFC 5321 4.1.2 with RFC 6531 (SMTPUTF8). nginx hands over whole command lines
 * ("MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME") and checks no syntax, so everything is checked here.
 * What the RFCs do not allow is refused and not guessed at: the upstream gets the same line and
 * must not understand another address than we did. Error texts never repeat what the client sent.
 */
#ifndef MAILREEVE_SMTP_PATH_H
#define MAILREEVE_SMTP_PATH_H

#include <stddef.h>

#include "err.h"
#include "mailbox.h"

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

/* Reads a whole MAIL or RCPT command line as nginx hands it over (with or without CR LF, any case,
 * spaces after the colon, source route, ESMTP parameters: each must be keyword[=value] of RFC
 * 5321 4.1.2). A NUL or another control character anywhere makes it malformed. Returns
 * path_r->kind. */
enum path_kind smtp_path_parse(enum path_command command, const char *line, size_t length,
                               struct smtp_path *path_r, struct err *err);

#endif
