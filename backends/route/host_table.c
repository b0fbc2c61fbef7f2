#include "host_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "names.h"

/* A blank, which is in no host, is before the port: an IPv6 address has colons of its own. */
enum { KEYS_EACH = 3, KEY_MAX = 320 };

void
host_table_fini(struct host_table *table)
{
    strmap_fini(&table->names);
    strmap_fini(&table->addresses);
    for (size_t i = 0; i < table->count; i++)
        free(table->entries[i].key);
    free(table->entries);
    *table = (struct host_table){.entries = NULL};
}

static void
add(struct host_table *table, struct strmap *map, const char *key, size_t index)
{
    struct host_entry *entry = &table->entries[table->count++];
    *entry = (struct host_entry){.index = index, .last = entry, .key = xstrdup(key)};
    struct host_entry *first = strmap_get(map, key);
    if (first == NULL) {
        strmap_add(map, entry->key, entry);
        return;
    }
    first->last->next = entry;
    first->last = entry;
}

static void
add_member(struct host_table *table, const struct member *member, size_t index)
{
    char key[KEY_MAX];
    const char *host = name_host(member->address);
    char *name = xstrdup(member->name);
    ascii_lower_copy(name, name, strlen(name));
    add(table, &table->names, name, index);
    free(name);
    add(table, &table->addresses, host, index);
    snprintf(key, sizeof key, "%s %u", host, name_port(member->address));
    add(table, &table->addresses, key, index);
}

void
host_table_set(struct host_table *table, struct member *const *members, size_t count)
{
    host_table_fini(table);
    table->entries = xcalloc(count * KEYS_EACH, sizeof *table->entries);
    for (size_t i = 0; i < count; i++)
        add_member(table, members[i], i);
}

const struct host_entry *
host_table_named(const struct host_table *table, const char *name)
{
    char key[KEY_MAX];
    if (strlen(name) >= sizeof key)
        return NULL;
    ascii_lower_copy(key, name, strlen(name));
    return strmap_get(&table->names, key);
}

const struct host_entry *
host_table_at(const struct host_table *table, const char *host, unsigned port)
{
    char key[KEY_MAX];
    if (port == ANY_PORT)
        return strmap_get(&table->addresses, host);
    snprintf(key, sizeof key, "%s %u", host, port);
    return strmap_get(&table->addresses, key);
}
