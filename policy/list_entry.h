/*
 * list_entry: what the text of one list entry means.
 *
 * Pure. Internal to list. Which form an entry has decides whether it is found by index or tried in
 * turn.
 */
#ifndef MAILREEVE_LIST_ENTRY_H
#define MAILREEVE_LIST_ENTRY_H

#include <stddef.h>

#include "err.h"
#include "list.h"
#include "netaddr.h"
#include "regex.h"

enum entry_form {
    ENTRY_NAME,     /* kind user: exact */
    ENTRY_DOMAIN,   /* kind user: "*@domain" */
    ENTRY_PREFIX,   /* kind ip: an address, a CIDR prefix or "10.1.*.*" */
    ENTRY_WILDCARD, /* any other wildcard */
    ENTRY_REGEX,
};

struct entry_meaning {
    enum entry_form form;
    struct netprefix prefix; /* ENTRY_PREFIX */
    struct regex *regex;     /* ENTRY_REGEX: the caller frees it */
};

/* Returns 0, or -1 with err. */
int entry_parse(enum list_kind kind, const char *text, struct entry_meaning *meaning_r,
                struct err *err);

#endif
