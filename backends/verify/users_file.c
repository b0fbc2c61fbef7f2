/*
 * One copy of the text is cut into NUL-terminated fields where they stand, so a million users cost
 * one allocation for the text, one for the entries and the hash table.
 */
#include "users_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "decide.h"
#include "netaddr.h"
#include "password.h"
#include "strmap.h"
#include "username.h"

enum { HASH_KINDS_MAX = 16, WORD_MAX = 64 };

/* How many users have hashes that cost the same; the last kind takes all that find no other place.
 */
struct hash_kind {
    const char *hash;
    size_t length; /* of the part that they have in common */
    size_t count;
};

struct users_file {
    char *file;
    char *text;
    struct user_entry *entries;
    size_t count;
    struct strmap by_name;
    const char *typical_hash;
};

struct option {
    const char *name; /* with its '=' if it has a value */
    int (*set)(struct user_entry *entry, const char *value, struct err *err);
};

/* Takes the next of the words, which spaces separate; one that is longer than any good one is cut.
 */
static bool
next_word(const char **text, char word_r[WORD_MAX])
{
    *text += strspn(*text, " ");
    size_t length = strcspn(*text, " ");
    snprintf(word_r, WORD_MAX, "%.*s", (int)length, *text);
    *text += length;
    return length > 0;
}

static int
set_disabled(struct user_entry *entry, const char *value, struct err *err)
{
    if (*value != '\0') {
        err_set(err, "no such option (disabled takes no value)");
        return -1;
    }
    entry->disabled = true;
    return 0;
}

static int
set_protocols(struct user_entry *entry, const char *value, struct err *err)
{
    char word[WORD_MAX];
    while (next_word(&value, word)) {
        enum protocol protocol;
        if (protocol_parse(word, &protocol) != 0) {
            err_set(err,
                    "protocols: \"%s\" is none (smtp, pop3, imap or http, separated by spaces)",
                    word);
            return -1;
        }
        entry->protocols |= PROTOCOL_BIT(protocol);
    }
    if (entry->protocols == 0) {
        err_set(err, "protocols: names none (smtp, pop3, imap or http, separated by spaces)");
        return -1;
    }
    return 0;
}

static int
set_networks(struct user_entry *entry, const char *value, struct err *err)
{
    if (entry->networks == NULL)
        entry->networks = list_create(entry->name, LIST_IP, entry->origin);
    char word[WORD_MAX];
    while (next_word(&value, word)) {
        struct netprefix prefix;
        if (netprefix_parse(word, &prefix, err) != 0 ||
            list_add(entry->networks, word, entry->origin, err) != 0) {
            err_wrap(err, "networks");
            return -1;
        }
    }
    if (list_size(entry->networks) == 0) {
        err_set(err, "networks: names none (addresses or prefixes, separated by spaces)");
        return -1;
    }
    return 0;
}

static int
set_comment(struct user_entry *entry, const char *value, struct err *err)
{
    (void)err;
    entry->comment = value;
    return 0;
}

static const struct option options[] = {
    {"disabled", set_disabled},
    {"protocols=", set_protocols},
    {"networks=", set_networks},
    {"comment=", set_comment},
};

static const struct option *
find_option(const char *text)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strncmp(text, options[i].name, strlen(options[i].name)) == 0)
            return &options[i];
    return NULL;
}

static int
parse_options(struct user_entry *entry, char *text, struct err *err)
{
    while (text != NULL && *text != '\0') {
        const struct option *option = find_option(text);
        char *next = option != NULL && option->set == set_comment ? NULL : strchr(text, ',');
        if (next != NULL)
            *next++ = '\0';
        if (option == NULL) {
            err_set(err,
                    "no such option: \"%.*s\" (disabled, protocols=, networks= or comment=, "
                    "separated by commas)",
                    (int)strspn(text, "abcdefghijklmnopqrstuvwxyz-_"), text);
            return -1;
        }
        if (option->set(entry, text + strlen(option->name), err) != 0)
            return -1;
        text = next;
    }
    return 0;
}

static bool
has_control_character(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return true;
    return false;
}

/* Cuts the line, which has length bytes and a NUL behind them, into the entry's fields. */
static int
parse_line(struct user_entry *entry, char *line, size_t length, struct err *err)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf"; /* would be a part of the name */
    if (strncmp(line, byte_order_mark, strlen(byte_order_mark)) == 0) {
        err_set(err, "a byte order mark (the file must be plain UTF-8 text)");
        return -1;
    }
    if (has_control_character(line, length)) {
        err_set(err, "a control character (the file must have Unix line ends)");
        return -1;
    }
    char *hash = strchr(line, ':');
    if (hash == NULL) {
        err_set(err, "no colon (a line is name:hash or name:hash:options)");
        return -1;
    }
    *hash++ = '\0';
    char *rest = strchr(hash, ':');
    if (rest != NULL)
        *rest++ = '\0';

    /* With xtext the widest set of names is allowed; which of them may log in is decided later. */
    struct username name;
    if (username_parse(line, strlen(line), USERNAME_XTEXT, NULL, &name, err) != 0 ||
        password_hash_check(hash, err) != 0)
        return -1;
    memcpy(line, name.text, strlen(line));
    entry->name = line;
    entry->hash = hash;
    return parse_options(entry, rest, err);
}

static int
add_line(struct users_file *users, char *line, size_t length, unsigned number, struct err *err)
{
    struct user_entry *entry = &users->entries[users->count];
    *entry = (struct user_entry){.origin = {users->file, number}};
    int parsed = parse_line(entry, line, length, err);
    if (entry->networks != NULL)
        list_freeze(entry->networks);
    users->count++;
    if (parsed != 0)
        return -1;
    if (!strmap_add(&users->by_name, entry->name, entry)) {
        const struct user_entry *other = strmap_get(&users->by_name, entry->name);
        err_set(err, "\"%s\" stands in line %u already", entry->name, other->origin.line);
        return -1;
    }
    return 0;
}

static bool
is_skipped(const char *line)
{
    return *line == '#' || line[strspn(line, " \t")] == '\0';
}

static size_t
count_lines(const char *text, size_t length)
{
    size_t count = 1;
    for (const char *at = text; (at = memchr(at, '\n', length - (size_t)(at - text))) != NULL; at++)
        count++;
    return count;
}

/* Returns a hash of the most common kind. */
static const char *
find_typical_hash(const struct users_file *users)
{
    struct hash_kind kinds[HASH_KINDS_MAX] = {{0}};
    const struct hash_kind *most = &kinds[0];
    for (size_t i = 0; i < users->count; i++) {
        const char *hash = users->entries[i].hash;
        size_t length = password_hash_kind(hash);
        struct hash_kind *kind = kinds;
        while (kind < kinds + HASH_KINDS_MAX - 1 && kind->count > 0 &&
               (kind->length != length || memcmp(kind->hash, hash, length) != 0))
            kind++;
        kind->hash = hash;
        kind->length = length;
        kind->count++;
        if (kind->count > most->count)
            most = kind;
    }
    return most->hash;
}

static struct users_file *
users_file_create(const char *text, size_t length, const char *file)
{
    struct users_file *users = xcalloc(1, sizeof *users);
    users->file = xstrdup(file);
    users->text = xmalloc(length + 1);
    memcpy(users->text, text, length);
    users->text[length] = '\0';
    users->entries = xcalloc(count_lines(text, length), sizeof *users->entries);
    strmap_init(&users->by_name);
    return users;
}

struct users_file *
users_file_parse(const char *text, size_t length, const char *file,
                 void (*problem)(void *context, struct origin origin, const struct err *err),
                 void *context)
{
    struct users_file *users = users_file_create(text, length, file);
    bool is_good = true;
    unsigned number = 0;
    const char *end = users->text + length;
    for (char *line = users->text, *next; line < end; line = next) {
        char *line_end = memchr(line, '\n', (size_t)(end - line));
        size_t line_length = (size_t)((line_end != NULL ? line_end : end) - line);
        next = line + line_length + (line_end != NULL);
        line[line_length] = '\0';
        number++;
        struct err err;
        if (line_length != strlen(line))
            err_set(&err, "a NUL byte");
        else if (is_skipped(line) || add_line(users, line, line_length, number, &err) == 0)
            continue;
        is_good = false;
        problem(context, (struct origin){file, number}, &err);
    }
    if (!is_good) {
        users_file_free(users);
        return NULL;
    }
    users->typical_hash = find_typical_hash(users);
    return users;
}

void
users_file_free(struct users_file *users)
{
    if (users == NULL)
        return;
    for (size_t i = 0; i < users->count; i++)
        list_free(users->entries[i].networks);
    strmap_fini(&users->by_name);
    free(users->entries);
    free(users->text);
    free(users->file);
    free(users);
}

size_t
users_file_count(const struct users_file *users)
{
    return users->count;
}

const struct user_entry *
users_file_find(const struct users_file *users, const char *name)
{
    return strmap_get(&users->by_name, name);
}

const struct user_entry *
users_file_at(const struct users_file *users, size_t index)
{
    return &users->entries[index];
}

const char *
users_file_typical_hash(const struct users_file *users)
{
    return users->typical_hash;
}
