#include "owners.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "domain_key.h"
#include "lines.h"
#include "strmap.h"
#include "textpool.h"
#include "username.h"

struct entry {
    struct entry *next; /* of all, to free them */
    const char *text;   /* as written */
    struct origin origin;
};

/* All in one map, by sender and owner, so that a million senders of one owner each cost little more
 * than their bytes. */
struct owners {
    bool frozen;
    struct textpool texts;
    struct entry *entries;
    size_t count;
    struct strmap pairs; /* to struct entry */
};

/* An address, a name or "*@domain": in lower case, with its domain as DNS has it, so that both
 * spellings of one find each other. */
struct party {
    char text[MAILBOX_TEXT_MAX + DOMAIN_KEY_MAX];
};

enum { PAIR_MAX = 2 * sizeof(struct party) + 8 };

struct owners *
owners_create(void)
{
    struct owners *owners = xcalloc(1, sizeof *owners);
    textpool_init(&owners->texts);
    strmap_init(&owners->pairs);
    return owners;
}

void
owners_free(struct owners *owners)
{
    if (owners == NULL)
        return;
    while (owners->entries != NULL) {
        struct entry *next = owners->entries->next;
        free(owners->entries);
        owners->entries = next;
    }
    strmap_fini(&owners->pairs);
    textpool_fini(&owners->texts);
    free(owners);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The length of the sender that an entry begins with: a quoted local part may hold blanks. */
static size_t
sender_length(const char *entry)
{
    bool quoted = false;
    size_t length = 0;
    for (; entry[length] != '\0' && (quoted || !is_blank(entry[length])); length++) {
        if (entry[length] == '"')
            quoted = !quoted;
        else if (entry[length] == '\\' && entry[length + 1] != '\0')
            length++;
    }
    return length;
}

/* Moves *at to the next owner. Returns its length, or 0: there is no other. */
static size_t
next_owner(const char **at)
{
    while (is_blank(**at) || **at == ',')
        (*at)++;
    return strcspn(*at, " \t,");
}

static struct party
make_party(const char *local, size_t local_length, const char *domain)
{
    struct party party;
    char key[DOMAIN_KEY_MAX + 1];
    domain_key(domain, key);
    snprintf(party.text, sizeof party.text, "%.*s@%s", (int)local_length, local, key);
    return party;
}

static struct party
party_of_sender(const struct mailbox *sender)
{
    return make_party(sender->local, strlen(sender->local), sender->domain);
}

/* A name may have no domain. */
static struct party
party_of_user(const char *user)
{
    const char *at = strrchr(user, '@');
    if (at != NULL)
        return make_party(user, (size_t)(at - user), at + 1);
    struct party party;
    snprintf(party.text, sizeof party.text, "%s", user);
    return party;
}

/* "*@domain" of a party that has one. Who could be named "*" is no exception: he is of the domain.
 */
static bool
widen(const struct party *party, struct party *wide_r)
{
    const char *at = strrchr(party->text, '@');
    if (at != NULL)
        snprintf(wide_r->text, sizeof wide_r->text, "*%s", at);
    return at != NULL;
}

static bool
is_wide(const char *text, size_t length)
{
    return length >= 2 && text[0] == '*' && text[1] == '@';
}

/* Reads "*@domain". Returns 0, or -1 with err. */
static int
read_wide(const char *text, size_t length, struct party *party_r, struct err *err)
{
    char domain[DOMAIN_MAX + 1];
    if (domain_check(text + 2, length - 2, err) != 0)
        return -1;
    ascii_lower_copy(domain, text + 2, length - 2);
    *party_r = make_party("*", 1, domain);
    return 0;
}

/* The sender of an entry. Returns 0, or -1 with err, as the next. */
static int
read_sender(const char *text, size_t length, struct party *party_r, struct err *err)
{
    if (is_wide(text, length))
        return read_wide(text, length, party_r, err);
    struct mailbox sender;
    if (memchr(text, '*', length) != NULL) {
        err_set(err, "a sender is an address or \"*@domain\"");
        return -1;
    }
    if (mailbox_parse(text, length, &sender, err) != 0)
        return -1;
    *party_r = party_of_sender(&sender);
    return 0;
}

static int
read_owner(const char *text, size_t length, struct party *party_r, struct err *err)
{
    if (is_wide(text, length))
        return read_wide(text, length, party_r, err);
    struct username user;
    if (memchr(text, '*', length) != NULL) {
        err_set(err, "an owner is a user's name or \"*@domain\"");
        return -1;
    }
    if (username_parse(text, length, USERNAME_XTEXT, NULL, &user, err) != 0)
        return -1;
    *party_r = party_of_user(user.text);
    return 0;
}

/* Checks the whole entry before any of it is taken. */
static int
check_entry(const char *entry, struct party *sender_r, struct err *err)
{
    size_t length = sender_length(entry);
    const char *at = entry + length;
    struct party owner;
    if (read_sender(entry, length, sender_r, err) != 0) {
        err_wrap(err, "sender");
        return -1;
    }
    if (next_owner(&at) == 0) {
        err_set(err, "an entry is a sender, a space, and the names of its owners");
        return -1;
    }
    for (; (length = next_owner(&at)) > 0; at += length)
        if (read_owner(at, length, &owner, err) != 0) {
            err_wrap(err, "owner");
            return -1;
        }
    return 0;
}

/* Returns its length. */
static size_t
write_pair(const struct party *sender, const struct party *owner, char pair_r[PAIR_MAX])
{
    int length =
        snprintf(pair_r, PAIR_MAX, "%zu:%s%s", strlen(sender->text), sender->text, owner->text);
    return (size_t)length;
}

static struct entry *
add_entry(struct owners *owners, const char *text, struct origin origin)
{
    struct entry *entry = xmalloc(sizeof *entry);
    *entry = (struct entry){.next = owners->entries,
                            .text = textpool_copy(&owners->texts, text, strlen(text)),
                            .origin = origin};
    owners->entries = entry;
    owners->count++;
    return entry;
}

int
owners_add(struct owners *owners, const char *entry, struct origin origin, struct err *err)
{
    assert(!owners->frozen);
    struct party sender;
    if (check_entry(entry, &sender, err) != 0)
        return -1;
    struct entry *added = add_entry(owners, entry, origin);
    const char *at = entry + sender_length(entry);
    for (size_t length; (length = next_owner(&at)) > 0; at += length) {
        struct party owner;
        char pair[PAIR_MAX];
        read_owner(at, length, &owner, NULL);
        size_t pair_length = write_pair(&sender, &owner, pair);
        /* The first of two equal ones answers. */
        strmap_add(&owners->pairs, textpool_copy(&owners->texts, pair, pair_length), added);
    }
    return 0;
}

static int
add_line(void *owners, const char *entry, struct origin origin, struct err *err)
{
    return owners_add(owners, entry, origin, err);
}

size_t
owners_add_text(struct owners *owners, const char *text, size_t length, const char *file,
                void (*problem)(void *context, struct origin origin, const struct err *err),
                void *context)
{
    const struct lines lines = {.text = text,
                                .length = length,
                                .file = file,
                                .add = add_line,
                                .list = owners,
                                .problem = problem,
                                .context = context};
    return lines_add(&lines);
}

void
owners_freeze(struct owners *owners)
{
    owners->frozen = true;
}

size_t
owners_size(const struct owners *owners)
{
    return owners->count;
}

static const struct entry *
find_pair(const struct owners *owners, const struct party *sender, const struct party *owner)
{
    char pair[PAIR_MAX];
    return strmap_get_bytes(&owners->pairs, pair, write_pair(sender, owner, pair));
}

/* The user himself, or all of his domain. */
static const struct entry *
find_owner(const struct owners *owners, const struct party *sender, const struct party *user)
{
    struct party wide;
    const struct entry *entry = find_pair(owners, sender, user);
    return entry == NULL && widen(user, &wide) ? find_pair(owners, sender, &wide) : entry;
}

bool
owners_has(const struct owners *owners, const struct mailbox *sender, const char *user,
           struct list_hit *hit_r)
{
    assert(owners->frozen);
    struct party own = party_of_sender(sender), his = party_of_user(user), wide;
    const struct entry *entry = find_owner(owners, &own, &his);
    if (entry == NULL && widen(&own, &wide))
        entry = find_owner(owners, &wide, &his);
    *hit_r = (struct list_hit){.entry = NULL};
    if (entry != NULL)
        *hit_r = (struct list_hit){.entry = entry->text, .origin = entry->origin};
    return entry != NULL;
}
