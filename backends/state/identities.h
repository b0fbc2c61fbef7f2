/*
 * identities: by which name somebody has logged in whom the mail server knows by another.
 *
 * Thread-safe. A directory may name its accounts without a domain ("anna"), and XCLIENT carries
 * that name; the message guard needs the organization, and the name that the directory was searched
 * by. So a login by SMTP, or one that opens a relay window, leaves a note for a day (or for as long
 * as windows last), by client address and account name. Of two logins the last one counts; but if
 * they were of different organizations, nobody can tell whose messages those of "anna" are: what
 * one tenant names its accounts must not make its users those of another. attempt_end writes the
 * notes and client_recall reads them, within their batches.
 */
#ifndef MAILREEVE_IDENTITIES_H
#define MAILREEVE_IDENTITIES_H

#include "store.h"
#include "username.h"

struct identity {
    struct netaddr client;
    char name[USERNAME_MAX + 1];  /* the account's own: lower case */
    char login[USERNAME_MAX + 1]; /* what he logged in as, with its domain */
};

/* Whether there is anything to note: the name alone does not say all. */
bool identity_is_needed(const char *name, const char *login);

/* The operations of a batch: the login, and the organizations (NULL: of none) that have had such a
 * login. They borrow the identity, or value_r. longest_window_ms is screening_rules'. Without an
 * address, name or login: false. */
enum { IDENTITY_OPS = 2 };
bool identity_ops_put(const struct identity *identity, const char *organization,
                      int64_t longest_window_ms, struct store_op ops_r[IDENTITY_OPS]);
bool identity_ops_get(const struct netaddr *client, const char *name, int64_t longest_window_ms,
                      struct store_value *value_r, struct store_op ops_r[IDENTITY_OPS]);

/* What identity_ops_get found. A record that makes no sense is none. */
enum identity_found {
    IDENTITY_CANNOT_TELL = 0, /* logins of several organizations; or the store was not asked */
    IDENTITY_NONE,
    IDENTITY_FOUND, /* identity_r holds */
};
enum identity_found identity_read(const struct store_op ops[IDENTITY_OPS],
                                  const struct netaddr *client, const char *name,
                                  struct identity *identity_r);

#endif
