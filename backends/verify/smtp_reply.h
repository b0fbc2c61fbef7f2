/*
 * smtp_reply: what an SMTP server says, read line by line (RFC 5321 4.2), and what its EHLO offers.
 *
 * Pure. Lines come without their line end. Whatever is not a reply is broken, and the caller then
 * treats the server as unavailable: a NUL or CR inside, no code, another code in the middle, more
 * than SMTP_REPLY_LINES_MAX lines. A code without text is allowed.
 */
#ifndef MAILREEVE_SMTP_REPLY_H
#define MAILREEVE_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/* The text has room for every line that RFC 5321 4.5.3.1.5 allows: challenges stand in it. */
enum { SMTP_REPLY_LINES_MAX = 128, SMTP_REPLY_TEXT_MAX = 512 };

enum smtp_line {
    SMTP_LINE_BROKEN = 0, /* err says why */
    SMTP_LINE_MORE,       /* the reply goes on */
    SMTP_LINE_LAST,
};

enum { SMTP_MECHANISM_PLAIN, SMTP_MECHANISM_LOGIN, SMTP_MECHANISM_CRAM_MD5 };
#define SMTP_MECHANISM_BIT(mechanism) (1u << (unsigned)(mechanism))

/* What a server takes behind XCLIENT. */
enum {
    SMTP_XCLIENT_ADDR = 1,
    SMTP_XCLIENT_NAME = 2,
    SMTP_XCLIENT_PROTO = 4,
    SMTP_XCLIENT_HELO = 8
};

/* Starts all zero. */
struct smtp_reply {
    unsigned code;                  /* 200 to 599; 0: no line yet */
    unsigned lines;                 /* read so far */
    char text[SMTP_REPLY_TEXT_MAX]; /* the last line with its code, for the log; not escaped */
    bool is_cut;                    /* the last line is longer than text */
    size_t status_length;    /* of the leading part of text that is the code and the enhanced code
                                ("535 5.7.8"): never an echo of what we sent */
    bool contradicts_itself; /* the enhanced code is of another class: "535 4.7.0" */
    bool blames_us; /* an enhanced code of any line is about who asks, not about what was asked: RFC
                       3463's x.7.x (policy), x.1.7 and x.1.8 (the sender), x.5.2 (syntax: servers
                       say at RCPT what they think of EHLO's name) */

    /* What the lines behind the first one offer, if this answers EHLO. */
    bool offers_starttls;
    bool offers_auth;
    bool offers_smtputf8;
    unsigned mechanisms; /* mask of SMTP_MECHANISM_BIT(): those that we know */
    unsigned xclient;    /* mask of SMTP_XCLIENT_...; 0: not offered */
};

/* Adds one line of length bytes. */
enum smtp_line smtp_reply_add(struct smtp_reply *reply, const char *line, size_t length,
                              struct err *err);

#endif
