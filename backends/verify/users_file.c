/*
 * One copy of the text is cut into NUL-terminated fields where they stand, so a million users cost
 * one allocation for the text, one for the entries and the hash table. The arrays have room for as
 * many as there are lines; the system gives memory only to what is used of it.
 */
#include "users_file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "network_lists.h"
#include "stored.h"
#include "strmap.h"
#include "users_line.h"

/* An app password and, in the first one of a user, the end of his chain. */
struct app_slot {
    struct app_password app;
    struct app_slot *last;
    unsigned count;
};

struct users_file {
    char *file;
    struct secret text; /* which may hold passwords in clear */
    struct user_entry *entries;
    size_t count;
    struct strmap by_name; /* to struct user_entry */
    struct app_slot *apps;
    size_t app_count;
    struct strmap apps_by_user; /* to a user's first struct app_slot */
    struct network_lists *networks;
    bool knows_clear;
};

static bool
is_in_clear(const char *hash)
{
    if (hash[0] != '{')
        return false;
    struct secret clear;
    bool is_clear = stored_clear(hash, strlen(hash), STORED_BARE_CRYPT, &clear);
    secret_fini(&clear);
    return is_clear;
}

static int
add_user(struct users_file *users, const struct users_line *line, struct origin origin,
         struct err *err)
{
    struct user_entry *entry = &users->entries[users->count];
    if (!strmap_add(&users->by_name, line->name, entry)) {
        const struct user_entry *other = strmap_get(&users->by_name, line->name);
        err_set(err, "\"%s\" stands in line %u already", line->name, other->origin.line);
        return -1;
    }
    *entry = (struct user_entry){
        .name = line->name,
        .hash = line->hash,
        .disabled = line->disabled,
        .protocols = line->protocols,
        .smtp_auth = line->smtp_auth,
        .networks = line->networks,
        .comment = line->comment,
        .origin = origin,
    };
    users->count++;
    users->knows_clear = users->knows_clear || is_in_clear(line->hash);
    return 0;
}

/* Puts it behind those that the user has. */
static int
chain_app(struct app_slot *first, struct app_slot *slot, struct err *err)
{
    for (const struct app_password *app = &first->app; app != NULL; app = app->next)
        if (strcasecmp(app->name, slot->app.name) == 0) {
            err_set(err, "\"%s %s\" stands in line %u already", app->user, app->name,
                    app->origin.line);
            return -1;
        }
    if (first->count == APP_PASSWORDS_MAX) {
        err_set(err, "\"%s\" has %d app passwords already (more cannot be compared)",
                first->app.user, APP_PASSWORDS_MAX);
        return -1;
    }
    first->last->app.next = &slot->app;
    first->last = slot;
    first->count++;
    return 0;
}

static int
add_app(struct users_file *users, const struct users_line *line, struct origin origin,
        struct err *err)
{
    struct app_slot *slot = &users->apps[users->app_count];
    *slot = (struct app_slot){
        .app = {.user = line->name,
                .name = line->app,
                .hash = line->hash,
                .created_s = line->created_s,
                .expires_s = line->expires_s,
                .networks = line->networks,
                .comment = line->comment,
                .origin = origin},
        .last = slot,
        .count = 1,
    };
    struct app_slot *first = strmap_get(&users->apps_by_user, line->name);
    if (first != NULL && chain_app(first, slot, err) != 0)
        return -1;
    if (first == NULL)
        strmap_add(&users->apps_by_user, line->name, slot);
    users->app_count++;
    return 0;
}

static int
add_line(struct users_file *users, char *text, size_t length, unsigned number, struct err *err)
{
    struct users_line line;
    const struct origin origin = {users->file, number};
    if (users_line_parse(text, length, users->networks, &line, err) != 0)
        return -1;
    return line.app == NULL ? add_user(users, &line, origin, err)
                            : add_app(users, &line, origin, err);
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

static struct users_file *
users_file_create(const char *text, size_t length, const char *file)
{
    struct users_file *users = xcalloc(1, sizeof *users);
    size_t lines = count_lines(text, length);
    users->file = xstrdup(file);
    secret_set(&users->text, text, length); /* with a NUL behind it */
    users->entries = xcalloc(lines, sizeof *users->entries);
    users->apps = xcalloc(lines, sizeof *users->apps);
    users->networks = network_lists_create();
    strmap_init(&users->by_name);
    strmap_init(&users->apps_by_user);
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
    const char *end = users->text.bytes + length;
    for (char *line = users->text.bytes, *next; line < end; line = next) {
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
    if (is_good)
        return users;
    users_file_free(users);
    return NULL;
}

void
users_file_free(struct users_file *users)
{
    if (users == NULL)
        return;
    network_lists_free(users->networks);
    strmap_fini(&users->by_name);
    strmap_fini(&users->apps_by_user);
    free(users->entries);
    free(users->apps);
    secret_fini(&users->text);
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

const struct app_password *
users_file_app_passwords(const struct users_file *users, const char *user)
{
    const struct app_slot *first = strmap_get(&users->apps_by_user, user);
    return first != NULL ? &first->app : NULL;
}

size_t
users_file_app_count(const struct users_file *users)
{
    return users->app_count;
}

const struct app_password *
users_file_app_at(const struct users_file *users, size_t index)
{
    return &users->apps[index].app;
}

const struct app_password *
users_file_app_of_line(const struct users_file *users, unsigned line)
{
    size_t low = 0, high = users->app_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct app_password *app = &users->apps[middle].app;
        if (app->origin.line == line)
            return app;
        if (app->origin.line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool
users_file_knows_clear(const struct users_file *users)
{
    return users->knows_clear;
}
