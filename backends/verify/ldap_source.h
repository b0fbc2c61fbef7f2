/*
 * ldap_source: the kind of source that verifies names at an LDAP directory.
 */
#ifndef MAILREEVE_LDAP_SOURCE_H
#define MAILREEVE_LDAP_SOURCE_H

#include "verify.h"

extern const struct section_type ldap_source_section;
extern const struct source_kind source_kind_ldap;

#endif
