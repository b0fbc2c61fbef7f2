#include "uses_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "date.h"
#include "strmap.h"
#include "username.h"

enum { KEY_MAX = USERNAME_MAX + 128 };

struct use {
    char *key;        /* "user app" in lower case */
    char *user, *app; /* app as written */
    int64_t last_s;
};

struct uses_file {
    struct strmap by_key; /* to struct use */
    struct use **items;
    size_t count, capacity;
};

struct uses_file *
uses_file_create(void)
{
    struct uses_file *uses = xcalloc(1, sizeof *uses);
    strmap_init(&uses->by_key);
    return uses;
}

void
uses_file_free(struct uses_file *uses)
{
    if (uses == NULL)
        return;
    for (size_t i = 0; i < uses->count; i++) {
        free(uses->items[i]->key);
        free(uses->items[i]->user);
        free(uses->items[i]->app);
        free(uses->items[i]);
    }
    strmap_fini(&uses->by_key);
    free(uses->items);
    free(uses);
}

/* Returns false if the names are too long to be any. */
static bool
make_key(const char *user, const char *app, char key_r[KEY_MAX])
{
    int length = snprintf(key_r, KEY_MAX, "%s %s", user, app);
    if (length < 0 || length >= KEY_MAX)
        return false;
    ascii_lower_copy(key_r, key_r, (size_t)length);
    return true;
}

static struct use *
add(struct uses_file *uses, const char *key, const char *user, const char *app)
{
    if (uses->count == uses->capacity) {
        uses->capacity = uses->capacity > 0 ? uses->capacity * 2 : 64;
        uses->items = xrealloc(uses->items, uses->capacity, sizeof(struct use *));
    }
    struct use *use = xcalloc(1, sizeof *use);
    *use = (struct use){.key = xstrdup(key), .user = xstrdup(user), .app = xstrdup(app)};
    uses->items[uses->count++] = use;
    strmap_add(&uses->by_key, use->key, use);
    return use;
}

void
uses_file_note(struct uses_file *uses, const char *user, const char *app, int64_t wall_s)
{
    char key[KEY_MAX];
    if (!make_key(user, app, key))
        return;
    struct use *use = strmap_get(&uses->by_key, key);
    if (use == NULL)
        use = add(uses, key, user, app);
    if (wall_s > use->last_s)
        use->last_s = wall_s;
}

int64_t
uses_file_last(const struct uses_file *uses, const char *user, const char *app)
{
    char key[KEY_MAX];
    const struct use *use = make_key(user, app, key) ? strmap_get(&uses->by_key, key) : NULL;
    return use != NULL ? use->last_s : 0;
}

static void
merge_line(struct uses_file *uses, char *line)
{
    char *app = strchr(line, ' ');
    char *time = app != NULL ? strchr(app + 1, ' ') : NULL;
    int64_t last_s;
    if (time == NULL || date_parse(time + 1, &last_s, NULL) != 0)
        return;
    *app++ = '\0';
    *time = '\0';
    uses_file_note(uses, line, app, last_s);
}

void
uses_file_merge(struct uses_file *uses, const char *text, size_t length)
{
    const char *end = text + length;
    for (const char *line = text, *next; line < end; line = next) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        next = line_end != NULL ? line_end + 1 : end;
        size_t line_length = (size_t)((line_end != NULL ? line_end : end) - line);
        char copy[KEY_MAX + DATE_TEXT_MAX];
        if (line_length >= sizeof copy)
            continue;
        memcpy(copy, line, line_length);
        copy[line_length] = '\0';
        merge_line(uses, copy);
    }
}

char *
uses_file_format(const struct uses_file *uses,
                 bool (*is_known)(const void *context, const char *user, const char *app),
                 const void *context, size_t *length_r)
{
    char *text = xmalloc(uses->count * (KEY_MAX + DATE_TEXT_MAX) + 1);
    size_t length = 0;
    for (size_t i = 0; i < uses->count; i++) {
        const struct use *use = uses->items[i];
        if (!is_known(context, use->user, use->app))
            continue;
        char time[DATE_TEXT_MAX];
        date_format(use->last_s, time);
        length += (size_t)sprintf(text + length, "%s %s %s\n", use->user, use->app, time);
    }
    text[length] = '\0';
    *length_r = length;
    return text;
}
