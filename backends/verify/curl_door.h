/*
 * curl_door: libcurl, which greets IMAP and POP3 servers, asks what they offer and starts TLS.
 *
 * The only file that includes curl/. One thread's own. libcurl gets a connection that stands, the
 * server's address beside its name (so that it never resolves one) and no password: it would choose
 * among all mechanisms that a server offers, and its limit for connecting would hold for the
 * server's thinking about the password too. After the greeting the caller says and reads lines.
 */
#ifndef MAILREEVE_CURL_DOOR_H
#define MAILREEVE_CURL_DOOR_H

#include <stdbool.h>
#include <stddef.h>

#include "deadline.h"
#include "endpoint.h"
#include "err.h"
#include "login_reply.h"
#include "tls.h"

enum login_tls { LOGIN_TLS_STARTTLS = 0, LOGIN_TLS_IMPLICIT, LOGIN_TLS_NONE };

/* Whom to greet, and how. Borrowed for the call. */
struct curl_manner {
    enum login_protocol protocol;
    enum login_tls tls;                    /* STARTTLS never falls back to none */
    const struct tls_context *tls_context; /* unless tls is LOGIN_TLS_NONE */
    bool tls_verify;
    const char *host; /* what the certificate must name */
    unsigned port;
};

enum curl_greeting {
    CURL_GREETING_FAILED = 0,
    CURL_GREETING_REFUSED_US, /* TLS is not offered, or refused */
    CURL_GREETING_DONE,
};

struct curl_talk;

/* To be called before the first greeting, and best before there are threads; again is allowed. */
void curl_door_start(void);

/* Greets over the connected descriptor, which becomes the talk's in any case. Returns what came of
 * it, with the talk and what the server offers in the end, or with err. */
enum curl_greeting curl_talk_open(const struct curl_manner *manner, int fd,
                                  const struct endpoint *endpoint, struct deadline deadline,
                                  struct curl_talk **talk_r, struct login_offer *offer_r,
                                  struct err *err);

/* Says goodbye, if that takes no waiting, wipes what was read and closes. NULL is allowed. */
void curl_talk_close(struct curl_talk *talk);

/* Whether the server has said something that nobody has read. */
bool curl_talk_has_unread(struct curl_talk *talk);

/* Sends all bytes. Returns 0 or -1. */
int curl_talk_send(struct curl_talk *talk, const char *bytes, size_t length,
                   struct deadline deadline, struct err *err);

/* Reads a line up to LF; line_r is without its CR LF or LF, not terminated, and lasts until the
 * next call. A line of more than CURL_LINE_MAX bytes and an end of the stream are errors. Returns
 * its length, or -1. */
enum { CURL_LINE_MAX = 4096 };
int curl_talk_read_line(struct curl_talk *talk, const char **line_r, struct deadline deadline,
                        struct err *err);

#endif
