/* What the tables of this folder have in common: addresses by their text, a list by its entries. */
#ifndef MAILREEVE_TEST_STATE_STEPS_H
#define MAILREEVE_TEST_STATE_STEPS_H

#include "list.h"
#include "state.h"

enum { SECOND = 1000, HOUR = 3600 * SECOND, DAY = 24 * HOUR };

/* NULL is a client without an address. */
static inline struct netaddr
client_of(const char *text)
{
    struct netaddr client = {.family = NETADDR_NONE};
    if (text != NULL && netaddr_parse(text, &client, NULL) != 0)
        fail_msg("%s is no address", text);
    return client;
}

/* A list with one entry; NULL: none. */
static inline struct list *
list_of(const char *entry)
{
    if (entry == NULL)
        return NULL;
    struct list *list = list_create("never", LIST_IP, (struct origin){.file = "conf", .line = 1});
    assert_int_equal(list_add(list, entry, (struct origin){.file = "conf", .line = 1}, NULL), 0);
    list_freeze(list);
    return list;
}

#endif
