/*
 * nameset: a set of names that a setting lists in braces ("relay_organizations",
 * "roles_must_auth").
 *
 * Pure; asking costs the same for one name as for a thousand. Names are borrowed from the
 * configuration and compare byte by byte.
 */
#ifndef MAILREEVE_NAMESET_H
#define MAILREEVE_NAMESET_H

#include <stdbool.h>

#include "origin.h"
#include "strmap.h"

struct nameset {
    struct strmap names;
    struct origin origin; /* of the setting, or of the section if it is not set */
};

void nameset_init(struct nameset *set, struct origin origin);
void nameset_fini(struct nameset *set); /* a zeroed one is allowed */

/* Returns false, and changes nothing, if the name is in it already. */
bool nameset_add(struct nameset *set, const char *name);

bool nameset_has(const struct nameset *set, const char *name);
bool nameset_is_empty(const struct nameset *set);

#endif
