/*
 * redis_master: where the master is: at the url's address, or where the sentinels say.
 *
 * Thread-safe. Nothing is remembered but for comparing: who opens a connection asks anew.
 */
#ifndef MAILREEVE_REDIS_MASTER_H
#define MAILREEVE_REDIS_MASTER_H

#include <stdbool.h>

#include "names.h"
#include "redis_door.h"
#include "store.h"
#include "tls.h"

struct redis_master;

/* address is the url's. Settings have been checked and stay. Never NULL. */
struct redis_master *redis_master_create(const struct store_settings *settings,
                                         const char *address);
void redis_master_free(struct redis_master *master);

/* Its name, for name_close. With sentinels: what the first of them says that answers; whether that
 * server is a master has still to be seen. tls: as redis_link_open takes it, for the sentinels.
 * has_moved_r: it is another than this was told last, where connections may still be. Returns NULL
 * with err. */
struct name *redis_master_find(struct redis_master *master, const struct tls_context *tls,
                               struct deadline deadline, bool *has_moved_r, struct err *err);

/* Whether the sentinels name another server than redis_master_find was told last. No, without
 * sentinels, and if none can be asked. */
bool redis_master_has_moved(struct redis_master *master, const struct tls_context *tls,
                            struct deadline deadline);

/* The address in a sentinel's answer, "192.0.2.1:6379". Returns 0 or -1 with err. */
enum { REDIS_ADDRESS_MAX = 320 };
int redis_master_read(const struct redis_reply *reply, char address_r[REDIS_ADDRESS_MAX],
                      struct err *err);

#endif
