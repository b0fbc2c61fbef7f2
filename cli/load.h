/*
 * load: the whole configuration, for the commands that ask it.
 *
 * One thread.
 */
#ifndef MAILREEVE_LOAD_H
#define MAILREEVE_LOAD_H

#include "site.h"

/* NULL: there were errors, and they are printed (warnings are for `mailreeve check`). Free with
 * site_drop. */
struct site *load_site(const char *path);

#endif
