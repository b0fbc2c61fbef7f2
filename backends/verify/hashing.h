/*
 * hashing: compares passwords with stored ones, a few at a time where that takes time or memory.
 *
 * Thread-safe. Each source has one of its own, so that the logins of one tenant do not stand in
 * line with another's, nor take the whole machine from them. Passwords that cost little
 * (stored_is_slow) never wait.
 */
#ifndef MAILREEVE_HASHING_H
#define MAILREEVE_HASHING_H

#include "deadline.h"
#include "stored.h"

struct hashing;

struct hashing *hashing_create(void);       /* never NULL */
void hashing_free(struct hashing *hashing); /* NULL is allowed; nobody is inside */

/* A password as it is stored. Borrowed. */
struct hashed {
    const char *value;
    size_t length;
    enum stored_bare bare;
};

/* As stored_verify. PASSWORD_CANNOT_TELL with err: it cannot be verified, the deadline is over, or
 * too many stood in line until then. */
enum password_answer hashing_verify(struct hashing *hashing, const struct hashed *stored,
                                    const struct secret *password, struct deadline deadline,
                                    struct err *err);

#endif
