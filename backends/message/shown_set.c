#include "shown_set.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "digest.h"
#include "domain.h"
#include "domain_key.h"
#include "siphash.h"

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

/* The chain that the address is in, if anywhere. Strangers choose the addresses, so the hash has a
 * key. */
static uint32_t *
find_chain(struct shown_set *set, const struct mailbox *mailbox)
{
    if (set->count == 0)
        digest_random(set->key, sizeof set->key);
    char text[MAILBOX_TEXT_MAX];
    mailbox_format(mailbox, text);
    return &set->chains[siphash(set->key, text, strlen(text)) % SHOWN_SET_CHAINS];
}

static struct shown_address *
find(const struct shown_set *set, uint32_t first, const struct mailbox *mailbox, const char *header)
{
    for (uint32_t i = first; i != 0; i = set->next[i - 1]) {
        struct shown_address *old = &set->addresses[i - 1];
        if (strcmp(old->header, header) == 0 && strcmp(old->mailbox.domain, mailbox->domain) == 0 &&
            strcmp(old->mailbox.local, mailbox->local) == 0)
            return old;
    }
    return NULL;
}

static void
append(struct shown_set *set, uint32_t *chain, const struct shown_address *address)
{
    /* Room is made for 1, 2, 4, 8 ... */
    if ((set->count & (set->count - 1)) == 0) {
        size_t room = set->count == 0 ? 1 : 2 * set->count;
        set->addresses = xrealloc(set->addresses, room, sizeof *address);
        set->next = xrealloc(set->next, room, sizeof *set->next);
    }
    set->addresses[set->count] = *address;
    set->next[set->count] = *chain;
    *chain = (uint32_t)++set->count;
}

static bool
is_ascii(const char *text)
{
    while (*text != '\0' && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

/* Returns whether one domain more may be converted, if it must be. */
static bool
take_conversion(struct shown_header *header, const char *domain)
{
    if (is_ascii(domain))
        return true;
    header->converted += strlen(domain);
    return header->converted <= SHOWN_SET_CONVERTED_MAX;
}

static void
miss(struct shown_header *header, bool is_author)
{
    header->overflowed = true;
    header->misses_authors = header->misses_authors || is_author;
}

void
shown_set_add(struct shown_set *set, const struct mailbox *mailbox, struct shown_header *header,
              bool is_author)
{
    struct shown_address address = {
        .mailbox = *mailbox, .header = header->name, .is_author = is_author};
    if (!take_conversion(header, mailbox->domain)) {
        miss(header, is_author);
        return;
    }
    use_key(&address.mailbox);
    uint32_t *chain = find_chain(set, &address.mailbox);
    struct shown_address *old = find(set, *chain, &address.mailbox, header->name);
    if (old != NULL) {
        old->is_author = old->is_author || is_author;
    } else if (header->count == SHOWN_SET_MAX) {
        miss(header, is_author);
    } else {
        append(set, chain, &address);
        header->count++;
    }
}

void
shown_set_fini(struct shown_set *set)
{
    free(set->addresses);
    free(set->next);
    *set = (struct shown_set){.count = 0};
}
