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

/* A sender's owners; keys are names, or domains. The values are entries. */
struct owned {
    struct owned *next;           /* of all, to free them */
    struct strmap users, domains; /* a domain: whoever logs in with it */
};

struct entry {
    struct entry *next; /* of all, to free them */
    const char *text;   /* as written */
    struct origin origin;
};

/* Keys have their domain as DNS has it, so that both spellings of one find each other. */
struct owners {
    bool frozen;
    struct textpool texts;
    struct entry *entries;
    size_t count;
    struct owned *owned;
    struct strmap senders, domains; /* to struct owned; a domain: of "*@domain" */
};

/* Bytes of the key of a sender or an owner, with its NUL. */
enum { KEY_MAX = MAILBOX_TEXT_MAX + DOMAIN_KEY_MAX };

struct owners *
owners_create(void)
{
    struct owners *owners = xcalloc(1, sizeof *owners);
    textpool_init(&owners->texts);
    strmap_init(&owners->senders);
    strmap_init(&owners->domains);
    return owners;
}

void
owners_free(struct owners *owners)
{
    if (owners == NULL)
        return;
    while (owners->owned != NULL) {
        struct owned *next = owners->owned->next;
        strmap_fini(&owners->owned->users);
        strmap_fini(&owners->owned->domains);
        free(owners->owned);
        owners->owned = next;
    }
    while (owners->entries != NULL) {
        struct entry *next = owners->entries->next;
        free(owners->entries);
        owners->entries = next;
    }
    strmap_fini(&owners->senders);
    strmap_fini(&owners->domains);
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

static bool
is_domain_wildcard(const char *text, size_t length)
{
    return length >= 2 && text[0] == '*' && text[1] == '@';
}

/* Writes the domain of "*@domain". Returns 0, or -1 with err. */
static int
read_domain(const char *text, size_t length, char key_r[DOMAIN_KEY_MAX + 1], struct err *err)
{
    char domain[DOMAIN_MAX + 1];
    if (domain_check(text + 2, length - 2, err) != 0)
        return -1;
    ascii_lower_copy(domain, text + 2, length - 2);
    domain_key(domain, key_r);
    return 0;
}

static void
write_sender(const struct mailbox *sender, char key_r[KEY_MAX])
{
    char domain[DOMAIN_KEY_MAX + 1];
    domain_key(sender->domain, domain);
    snprintf(key_r, KEY_MAX, "%s@%s", sender->local, domain);
}

/* The domain that the user has logged in with is written behind the last '@'; a name without one
 * is itself. Returns where the domain begins, or NULL. */
static const char *
write_user(const char *user, char key_r[KEY_MAX])
{
    const char *at = strrchr(user, '@');
    if (at == NULL) {
        snprintf(key_r, KEY_MAX, "%s", user);
        return NULL;
    }
    char domain[DOMAIN_KEY_MAX + 1];
    domain_key(at + 1, domain);
    int used = snprintf(key_r, KEY_MAX, "%.*s@%s", (int)(at - user), user, domain);
    return key_r + used - strlen(domain);
}

/* Of a sender of an entry: its key, and the map that the key is of. */
static struct strmap *
read_sender(struct owners *owners, const char *text, size_t length, char key_r[KEY_MAX],
            struct err *err)
{
    if (is_domain_wildcard(text, length))
        return read_domain(text, length, key_r, err) == 0 ? &owners->domains : NULL;
    struct mailbox sender;
    if (memchr(text, '*', length) != NULL) {
        err_set(err, "a sender is an address or \"*@domain\"");
        return NULL;
    }
    if (mailbox_parse(text, length, &sender, err) != 0)
        return NULL;
    write_sender(&sender, key_r);
    return &owners->senders;
}

/* The same for an owner. */
static struct strmap *
read_owner(struct owned *owned, const char *text, size_t length, char key_r[KEY_MAX],
           struct err *err)
{
    if (is_domain_wildcard(text, length))
        return read_domain(text, length, key_r, err) == 0 ? &owned->domains : NULL;
    struct username user;
    if (memchr(text, '*', length) != NULL) {
        err_set(err, "an owner is a user's name or \"*@domain\"");
        return NULL;
    }
    if (username_parse(text, length, USERNAME_XTEXT, NULL, &user, err) != 0)
        return NULL;
    write_user(user.text, key_r);
    return &owned->users;
}

/* Checks the whole entry before any of it is taken. */
static int
check_entry(struct owners *owners, const char *entry, struct err *err)
{
    char key[KEY_MAX];
    struct owned nobody;
    size_t length = sender_length(entry);
    const char *at = entry + length;
    if (read_sender(owners, entry, length, key, err) == NULL) {
        err_wrap(err, "sender");
        return -1;
    }
    if (next_owner(&at) == 0) {
        err_set(err, "an entry is a sender, a space, and the names of its owners");
        return -1;
    }
    for (; (length = next_owner(&at)) > 0; at += length)
        if (read_owner(&nobody, at, length, key, err) == NULL) {
            err_wrap(err, "owner");
            return -1;
        }
    return 0;
}

static const char *
keep(struct owners *owners, const char *key)
{
    return textpool_copy(&owners->texts, key, strlen(key));
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

/* The owners of an entry's sender, which are there or begin with it. */
static struct owned *
get_owned(struct owners *owners, const char *entry)
{
    char key[KEY_MAX];
    struct strmap *map = read_sender(owners, entry, sender_length(entry), key, NULL);
    struct owned *owned = strmap_get(map, key);
    if (owned != NULL)
        return owned;
    owned = xmalloc(sizeof *owned);
    *owned = (struct owned){.next = owners->owned};
    strmap_init(&owned->users);
    strmap_init(&owned->domains);
    owners->owned = owned;
    strmap_add(map, keep(owners, key), owned);
    return owned;
}

int
owners_add(struct owners *owners, const char *entry, struct origin origin, struct err *err)
{
    assert(!owners->frozen);
    if (check_entry(owners, entry, err) != 0)
        return -1;
    struct entry *added = add_entry(owners, entry, origin);
    struct owned *owned = get_owned(owners, entry);
    const char *at = entry + sender_length(entry);
    for (size_t length; (length = next_owner(&at)) > 0; at += length) {
        char key[KEY_MAX];
        struct strmap *map = read_owner(owned, at, length, key, NULL);
        strmap_add(map, keep(owners, key), added); /* the first of two equal ones answers */
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
find_owner(const struct owned *owned, const char *user, const char *domain)
{
    if (owned == NULL)
        return NULL;
    const struct entry *entry = strmap_get(&owned->users, user);
    return entry == NULL && domain != NULL ? strmap_get(&owned->domains, domain) : entry;
}

bool
owners_has(const struct owners *owners, const struct mailbox *sender, const char *user,
           struct list_hit *hit_r)
{
    assert(owners->frozen);
    char sender_key[KEY_MAX], user_key[KEY_MAX];
    write_sender(sender, sender_key);
    const char *domain = write_user(user, user_key);
    const struct owned *own = strmap_get(&owners->senders, sender_key);
    const struct entry *entry = find_owner(own, user_key, domain);
    if (entry == NULL) {
        own = strmap_get(&owners->domains, strrchr(sender_key, '@') + 1);
        entry = find_owner(own, user_key, domain);
    }
    *hit_r = (struct list_hit){.entry = NULL};
    if (entry != NULL)
        *hit_r = (struct list_hit){.entry = entry->text, .origin = entry->origin};
    return entry != NULL;
}
