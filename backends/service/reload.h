/*
 * reload: the configuration in service, and how a new one takes its place.
 *
 * Thread-safe. A new site is loaded beside the old one and swapped in when it is whole; a broken
 * one changes nothing. Sessions keep the site they began with. A site that nobody needs any more is
 * taken down by a thread of its own, because that waits for its checks under way, and no session
 * may wait for that.
 */
#ifndef MAILREEVE_RELOAD_H
#define MAILREEVE_RELOAD_H

#include "site.h"

struct reload;

/* Told, in the reloading thread, about each new site. */
typedef void reload_applied(void *context, const struct site *old, const struct site *new);

/* Takes over the reference to the first site. Never NULL. */
struct reload *reload_create(const char *path, struct site *site, reload_applied *applied,
                             void *context);

/* All sessions must have ended: no site comes into service any more; the last one stays until
 * reload_free, which comes next. */
void reload_stop(struct reload *reload);
void reload_free(struct reload *reload);

/* The site in service, for one session; give it back with reload_release. */
struct site *reload_hold(struct reload *reload);
void reload_release(struct reload *reload, struct site *site);

/* Logs all problems, each by its weight. What is wrong with the delegated file of one organization
 * is an error too, though the others are served. */
void reload_log_problems(struct problems *problems);

/* Loads again. Returns 0, or -1 if the new configuration is broken; either way problems has what
 * there is to say, and it has been logged. */
int reload_now(struct reload *reload, struct problems *problems);

/* The same, soon and by another thread: for SIGHUP. */
void reload_request(struct reload *reload);

#endif
