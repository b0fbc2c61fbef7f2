#include "ldap_found.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

void
ldap_values_add(struct ldap_values *values, const char *bytes, size_t length)
{
    values->items = xrealloc(values->items, values->count + 1, sizeof values->items[0]);
    struct ldap_value *item = &values->items[values->count++];
    *item = (struct ldap_value){xmalloc(length + 1), length};
    if (length > 0)
        memcpy(item->bytes, bytes, length);
    item->bytes[length] = '\0';
}

void
ldap_found_fini(struct ldap_found *found)
{
    free(found->dn);
    free(found->other);
    for (size_t i = 0; i < LDAP_ATTRIBUTES_MAX; i++) {
        struct ldap_values *values = &found->values[i];
        for (size_t j = 0; j < values->count; j++) {
            explicit_bzero(values->items[j].bytes, values->items[j].length);
            free(values->items[j].bytes);
        }
        free(values->items);
    }
    *found = (struct ldap_found){0};
}
