/*
 * login_reply: what IMAP and POP3 servers offer, and what they say about a login (RFC 3501, 5530,
 * 4959; RFC 1939, 2449, 3206, 5034).
 *
 * Pure. Lines come without their line end. A name or password is wrong only where the server says
 * so: a code that speaks of something else, and an answer without a code whose words do, say
 * nothing about it.
 */
#ifndef MAILREEVE_LOGIN_REPLY_H
#define MAILREEVE_LOGIN_REPLY_H

#include <stdbool.h>
#include <stddef.h>

enum login_protocol { LOGIN_IMAP = 0, LOGIN_POP3 };

/* The tag of our commands in IMAP. */
#define LOGIN_TAG "mailreeve"

/* What a server offers. Starts all zero; every line up to the login is to be read into it, and a
 * later list takes the place of an earlier one (which came without TLS). */
struct login_offer {
    bool is_preauthenticated; /* IMAP: the server takes us for somebody already, whatever we say */
    bool has_list;            /* it has told at all */
    bool plain;               /* SASL PLAIN ... */
    bool initial_response;    /* ... whose answer may stand in the command's line */
    bool user;                /* POP3: USER and PASS */
    bool login_disabled;      /* IMAP: no LOGIN */
    bool has_auth_codes;      /* POP3: a refusal of a password always has the code AUTH */
};

void login_offer_read(struct login_offer *offer, enum login_protocol protocol, const char *line,
                      size_t length);

enum login_word {
    LOGIN_WORD_BROKEN = 0, /* no line of that protocol, or an answer to what we did not ask */
    LOGIN_WORD_OK,
    LOGIN_WORD_NO,
    LOGIN_WORD_BAD,   /* IMAP */
    LOGIN_WORD_GO_ON, /* "+": the rest is awaited */
    LOGIN_WORD_BYE,   /* IMAP: the connection is at its end */
    LOGIN_WORD_ASIDE, /* IMAP: something that was not asked for */
};

enum login_judgement {
    LOGIN_NOT_JUDGED = 0, /* whatever says nothing about the password */
    LOGIN_RIGHT,
    LOGIN_WRONG, /* or there is no such name */
    LOGIN_PASSWORD_EXPIRED,
    LOGIN_DISABLED,
    LOGIN_NOT_ALLOWED, /* the password is right, and the account may not be had by it */
    LOGIN_UNCLEAR,     /* the server means this account, and says neither right nor wrong */
    LOGIN_REFUSED_US,  /* our way of asking is refused: the configuration is to be mended */
};

struct login_reply {
    enum login_word word;
    const char *said; /* word and code, for the log: of ours, never an echo of what was sent */
    enum login_judgement judgement; /* if this answers the password */
};

struct login_reply login_reply_read(enum login_protocol protocol, const struct login_offer *offer,
                                    const char *line, size_t length);

#endif
