/*
 * private_store: where state is kept on a machine that nobody has set up for it: the configuration
 * has no `state` section, and the folder that it would be in is not there or not ours.
 *
 * The service must work from its first command on, so it takes a folder of its own in /tmp, which
 * goes with the process: bans, counters and windows are as shared and as lasting as that. What a
 * process left there that was killed, the next one that needs such a folder removes. Once the
 * folder is made (systemd does, and systemd-tmpfiles), or a section says where, nothing of this
 * happens.
 */
#ifndef MAILREEVE_PRIVATE_STORE_H
#define MAILREEVE_PRIVATE_STORE_H

#include <stdbool.h>

#include "store.h"

struct private_store {
    bool is_used;
    char folder[32];
};

/* Returns the settings to open the store with: those given, or, with a line in the log, those of a
 * folder of our own. It stays with private_r until private_store_end. */
struct store_settings private_store_begin(const struct store_settings *settings,
                                          struct private_store *private_r);

/* Once the store is closed: removes the folder, if there is one. */
void private_store_end(struct private_store *private);

#endif
