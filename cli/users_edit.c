#include "users_edit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* A part of a text. */
struct span {
    size_t start, end;
};

/* The bytes of a line, with its line break; an empty span at the end if there is no such line. */
static struct span
find_line(const char *text, size_t length, struct users_edit_place *place, unsigned line)
{
    if (place->line == 0 || line < place->line)
        *place = (struct users_edit_place){.start = 0, .line = 1};
    while (place->start < length) {
        const char *newline = memchr(text + place->start, '\n', length - place->start);
        size_t end = newline == NULL ? length : (size_t)(newline - text) + 1;
        if (place->line == line)
            return (struct span){place->start, end};
        place->start = end;
        place->line++;
    }
    return (struct span){length, length};
}

static struct span
find_one_line(const char *text, size_t length, unsigned line)
{
    struct users_edit_place place = {0};
    return find_line(text, length, &place, line);
}

/* The text with the bytes of a span replaced. */
static char *
splice(const char *text, size_t length, struct span span, const char *insert, size_t *length_r)
{
    size_t insert_length = strlen(insert), tail_length = length - span.end;
    *length_r = span.start + insert_length + tail_length;
    char *result = xmalloc(*length_r + 1);
    if (span.start > 0)
        memcpy(result, text, span.start);
    memcpy(result + span.start, insert, insert_length);
    if (tail_length > 0)
        memcpy(result + span.start + insert_length, text + span.end, tail_length);
    result[*length_r] = '\0';
    return result;
}

static bool
holds_any(const char *text, const char *forbidden)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f || strchr(forbidden, *text) != NULL)
            return true;
    return false;
}

/* Adds ",key=value" to what is there; commas in the value become the spaces of the format. */
static void
add_option(char **options, const char *key, const char *value, bool commas_separate)
{
    char *longer = NULL;
    int length = asprintf(&longer, "%s%s%s=%s", *options, **options != '\0' ? "," : "", key, value);
    if (length < 0)
        abort();
    for (char *at = longer + length - strlen(value); commas_separate && *at != '\0'; at++)
        if (*at == ',')
            *at = ' ';
    free(*options);
    *options = longer;
}

/* Writes "disabled,key=value,..."; returns NULL with err. */
static char *
format_options(const struct users_edit_options *options, struct err *err)
{
    const struct {
        const char *key, *value, *forbidden;
        bool commas_separate;
    } parts[] = {
        {"protocols", options->protocols, "=", true},   {"networks", options->networks, "=", true},
        {"smtp_auth", options->smtp_auth, "=,", false}, {"created", options->created, "=,", false},
        {"expires", options->expires, "=,", false},     {"comment", options->comment, "", false},
    };
    char *text = xstrdup(options->disabled == USERS_EDIT_DISABLE ? "disabled" : "");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].value == NULL || parts[i].value[0] == '\0')
            continue;
        if (holds_any(parts[i].value, parts[i].forbidden)) {
            err_set(err, "%s: a character in it cannot stand in a users file", parts[i].key);
            free(text);
            return NULL;
        }
        add_option(&text, parts[i].key, parts[i].value, parts[i].commas_separate);
    }
    return text;
}

char *
users_edit_format(const char *name, const char *hash, const struct users_edit_options *options,
                  struct err *err)
{
    /* With a '#' in front the whole line would be a comment. */
    if (name[0] == '#' || holds_any(name, ":") || holds_any(hash, ":")) {
        bool is_name = name[0] == '#' || holds_any(name, ":");
        err_set(err, "%s: a character in it cannot stand in a users file",
                is_name ? "name" : "hash");
        return NULL;
    }
    char *text = format_options(options, err);
    if (text == NULL)
        return NULL;
    char *line = NULL;
    if (asprintf(&line, "%s:%s%s%s", name, hash, *text != '\0' ? ":" : "", text) < 0)
        abort();
    free(text);
    return line;
}

char *
users_edit_append(const char *text, size_t length, const char *line, size_t *length_r)
{
    bool is_open = length > 0 && text[length - 1] != '\n';
    char *insert = NULL;
    if (asprintf(&insert, "%s%s\n", is_open ? "\n" : "", line) < 0)
        abort();
    char *result = splice(text, length, (struct span){length, length}, insert, length_r);
    free(insert);
    return result;
}

/* The hash of a line: what stands between its first and its second colon, or the line's end. */
static struct span
find_hash(const char *text, struct span line)
{
    struct span hash = {line.start, line.end};
    while (hash.start < line.end && text[hash.start] != ':')
        hash.start++;
    if (hash.start < line.end)
        hash.start++;
    hash.end = hash.start;
    while (hash.end < line.end && strchr(":\n", text[hash.end]) == NULL)
        hash.end++;
    return hash;
}

char *
users_edit_set_hash(const char *text, size_t length, unsigned line, const char *hash,
                    size_t *length_r)
{
    struct span where = find_hash(text, find_one_line(text, length, line));
    return splice(text, length, where, hash, length_r);
}

char *
users_edit_remove(const char *text, size_t length, const unsigned *lines, size_t count,
                  size_t *length_r)
{
    char *result = xmalloc(length + 1);
    struct users_edit_place place = {0};
    size_t from = 0, used = 0;
    for (size_t i = 0; i <= count; i++) {
        struct span gone = {length, length};
        if (i < count)
            gone = find_line(text, length, &place, lines[i]);
        memcpy(result + used, text + from, gone.start - from);
        used += gone.start - from;
        from = gone.end;
    }
    result[used] = '\0';
    *length_r = used;
    return result;
}

/* What stands behind the second colon of a line, without its line break. */
static struct span
find_options(const char *text, struct span line)
{
    struct span hash = find_hash(text, line);
    struct span options = {hash.end, line.end};
    if (options.start < options.end && text[options.start] == ':')
        options.start++;
    if (options.end > options.start && text[options.end - 1] == '\n')
        options.end--;
    return options;
}

/* One of the options that the span begins with; the span then begins behind it. */
static struct span
next_option(const char *text, struct span *options)
{
    static const char comment[] = "comment=";
    size_t length = options->end - options->start;
    bool is_comment = length >= sizeof comment - 1 &&
                      strncmp(text + options->start, comment, sizeof comment - 1) == 0;
    const char *comma = is_comment ? NULL : memchr(text + options->start, ',', length);
    struct span one = {options->start, comma != NULL ? (size_t)(comma - text) : options->end};
    options->start = comma != NULL ? one.end + 1 : one.end;
    return one;
}

/* The value of "option=value", the empty text for "option", NULL if it is not there. */
static char *
find_option(const char *text, struct span options, const char *option)
{
    size_t key = strlen(option);
    while (options.start < options.end) {
        struct span one = next_option(text, &options);
        size_t length = one.end - one.start;
        if (length < key || strncmp(text + one.start, option, key) != 0)
            continue;
        if (length == key)
            return xstrdup("");
        if (text[one.start + key] == '=')
            return xstrndup(text + one.start + key + 1, length - key - 1);
    }
    return NULL;
}

char *
users_edit_set_options(const char *text, size_t length, unsigned line,
                       const struct users_edit_options *options, size_t *length_r, struct err *err)
{
    struct span whole = find_one_line(text, length, line);
    struct span where = find_options(text, whole);
    struct users_edit_options all = *options;
    const struct {
        const char *key, **value;
    } parts[] = {
        {"protocols", &all.protocols}, {"networks", &all.networks}, {"smtp_auth", &all.smtp_auth},
        {"created", &all.created},     {"expires", &all.expires},   {"comment", &all.comment},
    };
    enum { PARTS = sizeof parts / sizeof parts[0] };
    char *kept[PARTS + 1] = {find_option(text, where, "disabled")};
    if (all.disabled == USERS_EDIT_KEEP && kept[0] != NULL)
        all.disabled = USERS_EDIT_DISABLE;
    for (size_t i = 0; i < PARTS; i++)
        if (*parts[i].value == NULL)
            *parts[i].value = kept[i + 1] = find_option(text, where, parts[i].key);

    char *written = format_options(&all, err), *insert = NULL;
    if (written != NULL && asprintf(&insert, "%s%s", *written != '\0' ? ":" : "", written) < 0)
        abort();
    where.start = find_hash(text, whole).end;
    char *result = insert != NULL ? splice(text, length, where, insert, length_r) : NULL;
    free(written);
    free(insert);
    for (size_t i = 0; i <= PARTS; i++)
        free(kept[i]);
    return result;
}

char *
users_edit_option(const char *text, size_t length, struct users_edit_place *place, unsigned line,
                  const char *option)
{
    struct span whole = find_line(text, length, place, line);
    return find_option(text, find_options(text, whole), option);
}
