/*
 * password_mark: what the store keeps of a wrong password and of an unknown name: keyed digests.
 *
 * Pure. Of a password 16 bits: enough to know the same one again among the few of a network or an
 * account (one of some thousands is taken for another, and then does not count), not enough to find
 * out which it was, even for who has the store and its salt: one of 65,536 guesses fits. Of a name
 * 64 bits, so that nobody can choose names that count as one.
 */
#ifndef MAILREEVE_PASSWORD_MARK_H
#define MAILREEVE_PASSWORD_MARK_H

#include "secret.h"
#include "store.h"

/* organization NULL: of none. false: this machine has no SHA-256 to offer. */
bool password_mark(const unsigned char salt[STORE_SALT_BYTES], const char *organization,
                   const char *name, const struct secret *password, uint64_t *mark_r);
bool name_mark(const unsigned char salt[STORE_SALT_BYTES], const char *organization,
               const char *name, uint64_t *mark_r);

#endif
