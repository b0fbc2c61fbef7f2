/* What the tables of this folder have in common: addresses by their text, a list by its entries. */
#ifndef MAILREEVE_TEST_STATE_STEPS_H
#define MAILREEVE_TEST_STATE_STEPS_H

#include <stdint.h>

#include "list.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* The tables' time 0. It is later than today, so that no store thinks that all is long over. */
#define EPOCH INT64_C(4000000000000)

/* NULL or "" is a client without an address. */
static inline struct netaddr
client_of(const char *text)
{
    struct netaddr client = {.family = NETADDR_NONE};
    if (text != NULL && text[0] != '\0' && netaddr_parse(text, &client, NULL) != 0)
        fail_msg("%s is no address", text);
    return client;
}

static inline struct netprefix
network_of(const char *text)
{
    struct netprefix network;
    if (netprefix_parse(text, &network, NULL) != 0)
        fail_msg("%s is no network", text != NULL ? text : "NULL");
    return network;
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
