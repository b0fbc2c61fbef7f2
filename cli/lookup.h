/*
 * lookup: single settings of a configuration that may not be complete enough to build a site.
 *
 * `user add` makes the users file that a site needs, and `reload` needs the socket only: they read
 * the settings by name, through the rows, and build nothing.
 */
#ifndef MAILREEVE_LOOKUP_H
#define MAILREEVE_LOOKUP_H

#include "conf.h"

/* Loads a configuration's text and checks it against the rows; prints the problems. NULL: there
 * were errors. Free with conf_free. */
struct conf *lookup_load(const char *path);

/* The value of a text or path setting; NULL if it is not set or there is no such setting. Borrowed
 * from the configuration. */
const char *lookup_text(const struct section *section, const char *setting);

/* The word that a choice setting is set to; NULL if there is no such setting. */
const char *lookup_word(const struct section *section, const char *setting);

/* The items of a list setting; none if there is no such setting. Borrowed from the configuration.
 */
struct strings lookup_strings(const struct section *section, const char *setting);

#endif
