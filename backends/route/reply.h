/*
 * reply: a mail server's answer, put together from bytes as they arrive.
 *
 * Pure. Only what a check needs: whether it is the answer that was hoped for, and the beginning of
 * its text. SMTP: RFC 5321 4.2; IMAP: RFC 9051 7 (tagged answers and the greeting); POP3: RFC 1939
 * 3 (the list behind +OK ends with a dot).
 */
#ifndef MAILREEVE_REPLY_H
#define MAILREEVE_REPLY_H

#include <stdbool.h>
#include <stddef.h>

enum reply_form {
    REPLY_SMTP = 0,
    REPLY_IMAP_GREETING,
    REPLY_IMAP,
    REPLY_POP3,
    REPLY_POP3_LIST, /* behind +OK lines follow, up to a dot */
};

enum reply_state { REPLY_INCOMPLETE = 0, REPLY_COMPLETE, REPLY_GARBAGE };

enum { REPLY_BYTES_MAX = 65536 }; /* an answer that is longer has no end */

struct reply {
    /* set by its owner */
    enum reply_form form;
    unsigned want_code;   /* SMTP: which is OK */
    const char *tag;      /* IMAP: of the command */
    bool may_be_followed; /* bytes behind a complete answer are no garbage */

    /* start all zero */
    bool is_ok;      /* once it is complete */
    bool is_in_list; /* behind +OK */
    size_t bytes;    /* of the answer so far */
    size_t length;   /* of line, without CR */
    char line[128];  /* the beginning of the line under way, or of the last one; terminated */
};

/* Takes the next bytes. Bytes behind a complete reply are garbage, unless it may be followed:
 * nothing was asked yet that they could answer, and behind STARTTLS somebody injected them. */
enum reply_state reply_feed(struct reply *reply, const char *bytes, size_t length);

#endif
