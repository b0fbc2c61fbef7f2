/*
 * users_source: the kind of source that verifies local users, from a users file.
 *
 * Asked first, for every organization. The file is looked at most once a second and read again when
 * it has changed and nobody writes to it any more; one that is broken then changes nothing and is
 * logged once. Sessions keep the users that they found. Hashing is capped: a yescrypt hash takes 16
 * MiB while it is made.
 */
#ifndef MAILREEVE_USERS_SOURCE_H
#define MAILREEVE_USERS_SOURCE_H

#include "verify.h"

extern const struct section_type users_source_section;
extern const struct source_kind source_kind_users;

#endif
