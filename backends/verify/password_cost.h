/*
 * password_cost: what verifying a crypt(3) hash costs, as the hash itself says.
 *
 * Pure. A hash may ask for gigabytes or hours, and some are written by the users themselves (LDAP).
 */
#ifndef MAILREEVE_PASSWORD_COST_H
#define MAILREEVE_PASSWORD_COST_H

#include "err.h"

/* Whether a hash that crypt_checksalt takes costs no more than a login may: 256 MiB and some
 * seconds. Returns 0, or -1 with err. */
int password_cost_check(const char *hash, struct err *err);

#endif
