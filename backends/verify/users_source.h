/*
 * users_source: the kind of source that verifies local users, from a users file.
 *
 * Asked first, for every organization. The file is read again when it changes (users_watch.h).
 * Sessions keep the users that they found. It keeps the app passwords of all other sources' users
 * too. Hashing is capped: a yescrypt hash takes 16 MiB while it is made.
 */
#ifndef MAILREEVE_USERS_SOURCE_H
#define MAILREEVE_USERS_SOURCE_H

#include "verify.h"

extern const struct section_type users_source_section;
extern const struct source_kind source_kind_users;

#endif
