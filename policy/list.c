#include "list.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "lines.h"
#include "list_entry.h"
#include "prefixmap.h"
#include "regex.h"
#include "strmap.h"
#include "textpool.h"
#include "wildcard.h"

struct entry {
    const char *text; /* as written */
    const char *key;  /* in lower case, for the hash it is in; NULL if it is in none */
    struct origin origin;
    enum entry_form form;
};

/* An entry that is tried in turn. */
struct pattern {
    struct regex *regex; /* NULL: the entry's text is a wildcard */
    uint32_t entry;
};

struct list {
    const char *name;
    enum list_kind kind;
    struct origin origin;
    bool frozen;
    struct textpool texts;
    struct entry *entries;
    size_t entry_count, entry_capacity;
    struct pattern *patterns;
    size_t pattern_count, pattern_capacity;
    struct prefixmap *prefixes;
    struct strmap names, domains; /* to struct entry */
};

struct list *
list_create(const char *name, enum list_kind kind, struct origin origin)
{
    struct list *list = xcalloc(1, sizeof *list);
    list->name = name;
    list->kind = kind;
    list->origin = origin;
    list->prefixes = prefixmap_create();
    textpool_init(&list->texts);
    strmap_init(&list->names);
    strmap_init(&list->domains);
    return list;
}

void
list_free(struct list *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->pattern_count; i++)
        regex_free(list->patterns[i].regex);
    free(list->patterns);
    free(list->entries);
    prefixmap_free(list->prefixes);
    strmap_fini(&list->names);
    strmap_fini(&list->domains);
    textpool_fini(&list->texts);
    free(list);
}

/* The text itself where it has no upper case: most entries. */
static const char *
lower_key(struct list *list, const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (ascii_lower(*c) != *c) {
            size_t length = strlen(text);
            char *key = textpool_copy(&list->texts, text, length);
            ascii_lower_copy(key, key, length);
            return key;
        }
    return text;
}

static void
add_pattern(struct list *list, struct regex *regex)
{
    if (list->pattern_count == list->pattern_capacity) {
        list->pattern_capacity = list->pattern_capacity > 0 ? list->pattern_capacity * 2 : 8;
        list->patterns = xrealloc(list->patterns, list->pattern_capacity, sizeof *list->patterns);
    }
    list->patterns[list->pattern_count++] =
        (struct pattern){.regex = regex, .entry = (uint32_t)list->entry_count};
}

int
list_add(struct list *list, const char *entry, struct origin origin, struct err *err)
{
    assert(!list->frozen);
    struct entry_meaning meaning;
    if (entry_parse(list->kind, entry, &meaning, err) != 0)
        return -1;
    if (list->entry_count == list->entry_capacity) {
        list->entry_capacity = list->entry_capacity > 0 ? list->entry_capacity * 2 : 8;
        list->entries = xrealloc(list->entries, list->entry_capacity, sizeof *list->entries);
    }
    struct entry *added = &list->entries[list->entry_count];
    *added = (struct entry){.text = textpool_copy(&list->texts, entry, strlen(entry)),
                            .origin = origin,
                            .form = meaning.form};
    switch (meaning.form) {
    case ENTRY_NAME:
        added->key = lower_key(list, added->text);
        break;
    case ENTRY_DOMAIN:
        added->key = lower_key(list, added->text + 2);
        break;
    case ENTRY_PREFIX:
        prefixmap_add(list->prefixes, &meaning.prefix, (uint32_t)list->entry_count);
        break;
    case ENTRY_WILDCARD:
    case ENTRY_REGEX:
        add_pattern(list, meaning.regex);
        break;
    }
    list->entry_count++;
    return 0;
}

static int
add_line(void *list, const char *entry, struct origin origin, struct err *err)
{
    return list_add(list, entry, origin, err);
}

size_t
list_add_text(struct list *list, const char *text, size_t length, const char *file,
              void (*problem)(void *context, struct origin origin, const struct err *err),
              void *context)
{
    const struct lines lines = {.text = text,
                                .length = length,
                                .file = file,
                                .add = add_line,
                                .list = list,
                                .problem = problem,
                                .context = context};
    return lines_add(&lines);
}

void
list_freeze(struct list *list)
{
    assert(!list->frozen);
    /* The first of two equal entries is the one that answers. */
    for (size_t i = 0; i < list->entry_count; i++) {
        struct entry *entry = &list->entries[i];
        if (entry->form == ENTRY_NAME)
            strmap_add(&list->names, entry->key, entry);
        else if (entry->form == ENTRY_DOMAIN)
            strmap_add(&list->domains, entry->key, entry);
    }
    prefixmap_freeze(list->prefixes);
    list->frozen = true;
}

const char *
list_name(const struct list *list)
{
    return list->name;
}

enum list_kind
list_kind(const struct list *list)
{
    return list->kind;
}

struct origin
list_origin(const struct list *list)
{
    return list->origin;
}

size_t
list_size(const struct list *list)
{
    return list->entry_count;
}

static enum list_answer
matched(const struct entry *entry, struct list_hit *hit_r)
{
    *hit_r = (struct list_hit){.entry = entry->text, .origin = entry->origin};
    return LIST_MATCH;
}

static enum regex_answer
try_pattern(const struct list *list, const struct pattern *pattern, const char *text, size_t length)
{
    if (pattern->regex != NULL)
        return regex_match(pattern->regex, text, length);
    const char *wildcard = list->entries[pattern->entry].text;
    return wildcard_match(wildcard, text) ? REGEX_MATCH : REGEX_NO_MATCH;
}

static enum list_answer
match_patterns(const struct list *list, const char *text, struct list_hit *hit_r)
{
    size_t length = strlen(text);
    enum list_answer answer = LIST_NO_MATCH;
    for (size_t i = 0; i < list->pattern_count; i++) {
        const struct pattern *pattern = &list->patterns[i];
        switch (try_pattern(list, pattern, text, length)) {
        case REGEX_CANNOT_TELL:
            answer = LIST_CANNOT_TELL;
            break;
        case REGEX_NO_MATCH:
            break;
        case REGEX_MATCH:
            return matched(&list->entries[pattern->entry], hit_r);
        }
    }
    return answer;
}

enum list_answer
list_match_address(const struct list *list, const struct netaddr *addr, struct list_hit *hit_r)
{
    assert(list->frozen && list->kind == LIST_IP);
    struct list_hit unwanted;
    if (hit_r == NULL)
        hit_r = &unwanted;
    *hit_r = (struct list_hit){.entry = NULL};
    if (addr->family == NETADDR_NONE)
        return LIST_CANNOT_TELL;
    uint32_t number = prefixmap_find(list->prefixes, addr);
    if (number != PREFIXMAP_NONE)
        return matched(&list->entries[number], hit_r);
    if (list->pattern_count == 0)
        return LIST_NO_MATCH;
    char text[NETADDR_TEXT_MAX];
    netaddr_format(addr, text);
    return match_patterns(list, text, hit_r);
}

enum list_answer
list_match_name(const struct list *list, const char *name, struct list_hit *hit_r)
{
    assert(list->frozen && list->kind == LIST_USER);
    struct list_hit unwanted;
    if (hit_r == NULL)
        hit_r = &unwanted;
    *hit_r = (struct list_hit){.entry = NULL};
    size_t length = strlen(name);
    if (length > LIST_NAME_MAX)
        return LIST_CANNOT_TELL;
    char lower[LIST_NAME_MAX + 1];
    ascii_lower_copy(lower, name, length);
    const struct entry *entry = strmap_get_bytes(&list->names, lower, length);
    if (entry == NULL) {
        const char *at = strrchr(lower, '@');
        entry = at != NULL ? strmap_get(&list->domains, at + 1) : NULL;
    }
    return entry != NULL ? matched(entry, hit_r) : match_patterns(list, lower, hit_r);
}
