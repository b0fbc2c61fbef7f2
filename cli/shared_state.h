/*
 * shared_state: the store that the service remembers in, opened by a command: bans and relay
 * windows are there whether the service runs or not.
 *
 * One thread.
 */
#ifndef MAILREEVE_SHARED_STATE_H
#define MAILREEVE_SHARED_STATE_H

#include "deadline.h"
#include "site.h"
#include "store.h"

struct shared_state {
    struct site *site;
    struct store *store;
    struct deadline deadline; /* of the command */
};

/* Loads the configuration and opens its store. Returns EXIT_OK, or after saying what is wrong
 * EXIT_CONFIG, or EXIT_TEMPORARY: there is no store that commands could see. End it with
 * shared_state_close in both cases. */
int shared_state_open(const char *config, struct shared_state *state_r);
void shared_state_close(struct shared_state *state);

/* Says why the store failed, and who may use it where it is somebody else's. Returns
 * EXIT_TEMPORARY. */
int shared_state_failed(const struct shared_state *state, const struct err *err);

#endif
