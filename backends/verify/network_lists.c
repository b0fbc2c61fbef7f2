#include "network_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "netaddr.h"
#include "strmap.h"
#include "words.h"

struct network_lists {
    struct strmap by_text;
    struct list **lists;
    size_t count, capacity;
};

struct network_lists *
network_lists_create(void)
{
    struct network_lists *lists = xcalloc(1, sizeof *lists);
    strmap_init(&lists->by_text);
    return lists;
}

void
network_lists_free(struct network_lists *lists)
{
    if (lists == NULL)
        return;
    for (size_t i = 0; i < lists->count; i++)
        list_free(lists->lists[i]);
    strmap_fini(&lists->by_text);
    free(lists->lists);
    free(lists);
}

static void
keep(struct network_lists *lists, const char *text, struct list *list)
{
    if (lists->count == lists->capacity) {
        lists->capacity = lists->capacity > 0 ? lists->capacity * 2 : 8;
        lists->lists = xrealloc(lists->lists, lists->capacity, sizeof(struct list *));
    }
    lists->lists[lists->count++] = list;
    strmap_add(&lists->by_text, text, list);
}

static int
add_all(struct list *list, const char *text, struct err *err)
{
    char word[WORD_MAX];
    while (next_word(&text, word)) {
        struct netprefix prefix;
        if (netprefix_parse(word, &prefix, err) != 0 ||
            list_add(list, word, (struct origin){0}, err) != 0) {
            err_wrap(err, "networks");
            return -1;
        }
    }
    if (list_size(list) > 0)
        return 0;
    err_set(err, "networks: names none (addresses or prefixes, separated by spaces)");
    return -1;
}

const struct list *
network_lists_take(struct network_lists *lists, const char *text, struct err *err)
{
    const struct list *known = strmap_get(&lists->by_text, text);
    if (known != NULL)
        return known;
    struct list *list = list_create("networks", LIST_IP, (struct origin){0});
    if (add_all(list, text, err) != 0) {
        list_free(list);
        return NULL;
    }
    list_freeze(list);
    keep(lists, text, list);
    return list;
}
