/*
 * upstream_target: the server of an upstream that a command is about, and what servers there are.
 *
 * One thread. Names are those of the sections, and of a section with `srv` the hosts of its record
 * too, which the running service knows; they are compared without case.
 */
#ifndef MAILREEVE_UPSTREAM_TARGET_H
#define MAILREEVE_UPSTREAM_TARGET_H

#include "command.h"
#include "site.h"

struct upstream_target {
    const char *upstream_word, *server_word; /* as given */
    struct upstream *upstream;               /* NULL: it is not in the configuration */
};

/* Of the operands UPSTREAM SERVER. */
struct upstream_target upstream_target_of(const struct site *site,
                                          const struct arguments *arguments);

/* Returns EXIT_OK: there is such a server. Else, after saying so: EXIT_USAGE with those that there
 * are, or EXIT_TEMPORARY: only the service could tell, which does not answer. command is for
 * messages. */
int upstream_target_check(const struct arguments *arguments, const struct site *site,
                          const struct upstream_target *target, const char *command);

/* The sections `server` of an upstream in the order of the file. */
const struct section *const *upstream_servers(const struct site *site,
                                              const struct upstream *upstream, size_t *count_r);

/* Asks the running service for what it knows about its servers: lines for server_lines.h, heap
 * memory; NULL after saying why there are none. */
char *upstream_ask_service(const struct arguments *arguments, const char *command);

#endif
