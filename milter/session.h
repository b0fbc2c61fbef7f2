/*
 * session: one connection that the mail server tells the guard about, with its messages one after
 * the other.
 *
 * One thread at a time, though not always the same one. Who the client is may change in its midst:
 * after XCLIENT Postfix connects anew, within the same conversation, with the true address and the
 * user's name (measured); what was known of the client before is forgotten. The rules of a message
 * are message.c's.
 */
#ifndef MAILREEVE_MILTER_SESSION_H
#define MAILREEVE_MILTER_SESSION_H

#include "answer.h"
#include "mta.h"
#include "netaddr.h"
#include "reload.h"
#include "store.h"

/* What all sessions share; borrowed. */
struct guard {
    struct reload
        *reload; /* the configuration in force: each message holds the one it began with */
    struct store *store;
};

struct session;

struct session *session_begin(const struct guard *guard); /* never NULL */
void session_end(struct session *session);                /* gives up a message under way */

/* The steps, in the order of SMTP; any of them may come at any time, and none is trusted to. mta is
 * for the call. */
struct milter_answer session_connect(struct session *session, const struct mta *mta,
                                     const struct netaddr *client);
struct milter_answer session_helo(struct session *session, const struct mta *mta, const char *name);
/* path as the client wrote it ("<a@b>"), and the ESMTP parameters ("SIZE=10"), ends with NULL. */
struct milter_answer session_mail(struct session *session, const struct mta *mta, const char *path,
                                  const char *const *parameters);
struct milter_answer session_recipient(struct session *session, const struct mta *mta,
                                       const char *path, const char *const *parameters);
struct milter_answer session_header(struct session *session, const struct mta *mta,
                                    const char *name, const char *value);
struct milter_answer session_end_of_headers(struct session *session, const struct mta *mta);
struct milter_answer session_body(struct session *session, const struct mta *mta, size_t length);
struct milter_answer session_end_of_message(struct session *session, const struct mta *mta);
void session_abort(struct session *session); /* RSET, or whatever ends a message half way */

/* Whether the bodies are to be told at all: some limit or rule looks at the size. */
bool session_wants_body(const struct guard *guard);

#endif
