#include "shown_set.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "domain.h"
#include "domain_key.h"

/* As DNS has it. What is no domain stays as it is: nobody owns it. */
static void
use_key(struct mailbox *mailbox)
{
    char key[DOMAIN_KEY_MAX + 1];
    if (domain_check(mailbox->domain, strlen(mailbox->domain), NULL) != 0)
        return;
    domain_key(mailbox->domain, key);
    if (strlen(key) <= MAILBOX_DOMAIN_MAX)
        memcpy(mailbox->domain, key, strlen(key) + 1);
}

static struct shown_address *
find(const struct shown_set *set, const struct mailbox *mailbox, const char *header)
{
    for (size_t i = 0; i < set->count; i++) {
        struct shown_address *old = &set->addresses[i];
        if (strcmp(old->header, header) == 0 && strcmp(old->mailbox.domain, mailbox->domain) == 0 &&
            strcmp(old->mailbox.local, mailbox->local) == 0)
            return old;
    }
    return NULL;
}

static size_t
count_of(const struct shown_set *set, const char *header)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += strcmp(set->addresses[i].header, header) == 0 ? 1 : 0;
    return count;
}

void
shown_set_add(struct shown_set *set, const struct mailbox *mailbox, const char *header,
              bool is_author)
{
    struct shown_address address = {.mailbox = *mailbox, .header = header, .is_author = is_author};
    use_key(&address.mailbox);
    struct shown_address *old = find(set, &address.mailbox, header);
    if (old != NULL) {
        old->is_author = old->is_author || is_author;
        return;
    }
    if (set->count >= SHOWN_SET_MAX && count_of(set, header) == SHOWN_SET_MAX) {
        set->overflowed = true;
        return;
    }
    /* Room is made for 1, 2, 4, 8 ... */
    if ((set->count & (set->count - 1)) == 0)
        set->addresses =
            xrealloc(set->addresses, set->count == 0 ? 1 : 2 * set->count, sizeof address);
    set->addresses[set->count++] = address;
}

void
shown_set_fini(struct shown_set *set)
{
    free(set->addresses);
    *set = (struct shown_set){.count = 0};
}
