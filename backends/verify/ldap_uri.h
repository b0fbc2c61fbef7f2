/*
 * ldap_uri: where a directory server is and how one talks to it, as the setting `uri` says it.
 *
 * Pure. `ldap://host[:port][/]` or `ldaps://host[:port][/]`; IPv6 literals in brackets. The other
 * parts of an LDAP URL (base, filter, extensions; RFC 4516) are settings here and are refused.
 */
#ifndef MAILREEVE_LDAP_URI_H
#define MAILREEVE_LDAP_URI_H

#include <stdbool.h>

#include "err.h"

enum { LDAP_SERVER_TEXT_MAX = 300 };

struct ldap_uri {
    char server[LDAP_SERVER_TEXT_MAX]; /* "host:port" as name_open takes it */
    bool has_tls;                      /* ldaps: TLS from the first byte */
    bool is_loopback;                  /* what goes there does not leave this machine */
};

/* Ports for URIs without one. */
struct ldap_ports {
    unsigned ldap, ldaps;
};

/* Returns 0, or -1 with err. */
int ldap_uri_parse(const char *text, const struct ldap_ports *ports, struct ldap_uri *uri_r,
                   struct err *err);

#endif
