/*
 * policy_request: what a mail server that is not behind this nginx says about a login: the JSON of
 * Dovecot's auth_policy_* settings, which is weakforced's.
 *
 * Pure. Dovecot 2.3 was traced: `allow` before it verifies, `allow` again after a right password,
 * then `report`; "success", "policy_reject" and "tls" are booleans, all else is text, "pwhash" hex.
 * Others write "success":"false", a number for a name or a hash, and have "attrs" of their own.
 */
#ifndef MAILREEVE_POLICY_REQUEST_H
#define MAILREEVE_POLICY_REQUEST_H

#include "json.h"
#include "netaddr.h"
#include "outcome.h"

enum policy_command {
    POLICY_UNKNOWN = 0,
    POLICY_ALLOW,  /* may the login go on? */
    POLICY_REPORT, /* that is what became of it */
    POLICY_PING,
};

/* The `command` of a query ("command=allow"); POLICY_UNKNOWN too if it comes twice. */
enum policy_command policy_command_parse(const char *query);

/* Texts are borrowed from the document; those that were not sent are "". */
struct policy_request {
    struct json_document *document;
    struct netaddr client; /* NETADDR_NONE: the server does not know */
    const char *login, *password_hash, *protocol, *session, *mechanism;
    const char *fail_type; /* why a login failed; NULL: the server does not say why */
    char login_digits[24], hash_digits[24]; /* behind login and password_hash that are numbers */
    bool tls;
    bool success, policy_reject; /* of a report */
};

/* Reads a body. Returns 0, or -1 with err if it is no JSON that json.h takes, lacks "login",
 * "remote" or, for a report, "success", or has a value in one of them that makes no sense. Always
 * ends with a request to hand to policy_request_fini. Not to be copied: texts may point into it. */
int policy_request_decode(struct policy_request *request_r, enum policy_command command,
                          const char *body, size_t length, struct err *err);
void policy_request_fini(struct policy_request *request);

/* What a reported login was. VERIFY_UNAVAILABLE is all that must not count: a server that could not
 * ask its own sources, that refused because we said so, or whose reason we do not know. Without any
 * reason a failed login was a wrong password. */
enum verify_outcome policy_request_outcome(const struct policy_request *request);

/* Whether two logins with the same hash had the same password. Not so where there was no password:
 * Dovecot then sends the hash of none, the same for every attempt. */
bool policy_request_has_password(const struct policy_request *request);

/* A login that SMTP-after-POP counts: by POP3 or IMAP. */
bool policy_request_is_reading(const struct policy_request *request);

#endif
