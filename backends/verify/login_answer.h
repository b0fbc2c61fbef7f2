/*
 * login_answer: one remembered answer about a login, and for which password it is good.
 *
 * Pure but for the random key. Answers are immutable and counted (held.h).
 */
#ifndef MAILREEVE_LOGIN_ANSWER_H
#define MAILREEVE_LOGIN_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verify.h"

enum { LOGIN_DIGEST_BYTES = 32, LOGIN_CLIENT_BYTES = 17 };

/* How passwords become digests. */
struct login_digester {
    const char *source;
    bool by_client;
    unsigned char key[LOGIN_DIGEST_BYTES];
};

struct login_answer {
    unsigned char digest[LOGIN_DIGEST_BYTES];
    int64_t since_ms;
    enum verify_outcome outcome; /* OK, WRONG_PASSWORD or UNKNOWN_USER */
    bool wrong_may_be_unknown;
    struct account *account; /* NULL: the source did not say whose the name is */
    struct held *held;       /* what that borrows from */
};

/* Takes a random key. source is borrowed. */
void login_digester_init(struct login_digester *digester, const char *source, bool by_client);
void login_digester_fini(struct login_digester *digester);

/* The bytes that tell clients apart; returns how many these are: none if clients do not matter. */
size_t login_digester_client(const struct login_digester *digester,
                             const struct verify_request *request,
                             char client_r[LOGIN_CLIENT_BYTES]);

/* Returns a struct login_answer with one holder, or NULL: no digest can be made, or the account
 * has hundreds of addresses or networks. */
struct held *login_answer_create(const struct login_digester *digester,
                                 const struct verify_request *request, int64_t now_ms,
                                 const struct verify_result *result);

/* Whether it is about that password (or about a look-up, as the request is one). */
bool login_answer_is_about(const struct login_digester *digester, const struct login_answer *answer,
                           const struct verify_request *request);

/* Fills result_r, which then holds the answer too. */
void login_answer_serve(struct held *answer, int64_t now_ms, struct verify_result *result_r);

#endif
