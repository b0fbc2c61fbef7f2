/*
 * challenge: CRAM-MD5 (RFC 2195) and APOP (RFC 1939 7): answers that prove a password unsaid.
 *
 * Pure. Whoever checks an answer must have the clear password.
 */
#ifndef MAILREEVE_CHALLENGE_H
#define MAILREEVE_CHALLENGE_H

#include <stddef.h>

#include "password_answer.h"
#include "secret.h"

enum challenge_kind { CHALLENGE_CRAM_MD5, CHALLENGE_APOP };

/* What the client was asked. Borrowed. */
struct challenge {
    enum challenge_kind kind;
    const char *salt; /* "<1234.5678@mail.example>" */
    size_t salt_length;
};

/* Whether the client's answer (32 hex digits, any case) is that of somebody who knows the clear
 * password. Compared in constant time. PASSWORD_CANNOT_TELL: there is no MD5 on this machine. */
enum password_answer challenge_verify(const struct challenge *challenge,
                                      const struct secret *answer, const struct secret *clear);

/* Writes the answer, as a client does (to SMTP servers). Returns 0, or -1: there is no MD5. */
int challenge_answer(const struct challenge *challenge, const struct secret *clear,
                     char answer_r[33]);

#endif
