/*
 * identities: by which name somebody has logged in whom the mail server knows by another.
 *
 * Thread-safe. A directory may name its accounts without a domain ("anna"), and XCLIENT carries
 * that name; the message guard needs the organization, and the name that the directory was searched
 * by. So a login by SMTP whose account has another name than the login leaves a note for a day, by
 * client address and account name. Of two logins the last one counts. screening.c writes and reads
 * it within its batches.
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

/* The operations of a batch, as those of windows.h. Without an address, name or login: false. */
bool identity_op_put(const struct identity *identity, struct store_op *op_r);
bool identity_op_get(const struct netaddr *client, const char *name, struct store_value *value_r,
                     struct store_op *op_r);

/* What identity_op_get found. A record that makes no sense is none. */
bool identity_read(const struct store_op *op, struct identity *identity_r);

#endif
