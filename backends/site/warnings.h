/*
 * warnings: what a site allows but its administrator hardly meant, one kind of section a file.
 *
 * They look at a site without errors. Settings that a delegated file has set are seen as it set
 * them, and named at its lines.
 */
#ifndef MAILREEVE_WARNINGS_H
#define MAILREEVE_WARNINGS_H

#include "build.h"

void warn_listeners(const struct built_site *built, struct problems *problems);
void warn_organizations(const struct built_site *built, struct problems *problems);
void warn_sources(const struct built_site *built, struct problems *problems);
void warn_rules(const struct built_site *built, struct problems *problems);
void warn_screen(const struct built_site *built, struct problems *problems);
void warn_alerts(const struct built_site *built, struct problems *problems);
void warn_guard(const struct built_site *built, struct problems *problems);
void warn_upstreams(const struct built_site *built, struct problems *problems);

/* The listener that a section describes. */
const struct listener *warn_listener_of(const struct built_site *built,
                                        const struct section *section);

/* Whether sessions can be authenticated there: by a login or in a relay window. */
bool warn_has_logins(const struct listener *listener);

/* Whether there is a `guard` section; and the warning about what takes one. */
bool warn_has_guard(const struct built_site *built);
void warn_needs_guard(const struct section *section, const char *setting, struct origin origin,
                      struct problems *problems);

/* Whether the list holds the whole world, of one address family at least (open_relay.c). */
bool warn_holds_world(const struct list *list);

#endif
