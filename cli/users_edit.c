#include "users_edit.h"

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
find_line(const char *text, size_t length, unsigned line)
{
    struct span span = {0, 0};
    for (unsigned number = 1; span.start < length; number++) {
        const char *newline = memchr(text + span.start, '\n', length - span.start);
        span.end = newline == NULL ? length : (size_t)(newline - text) + 1;
        if (number == line)
            return span;
        span.start = span.end;
    }
    return (struct span){length, length};
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

char *
users_edit_format(const char *name, const char *hash, const struct users_edit_options *options,
                  struct err *err)
{
    const struct {
        const char *key, *value, *forbidden;
        bool commas_separate;
    } parts[] = {
        {"name", name, ":", false},
        {"hash", hash, ":", false},
        {"protocols", options->protocols, "=", true},
        {"networks", options->networks, "=", true},
        {"comment", options->comment, "", false},
    };
    char *text = xstrdup(options->disabled ? "disabled" : "");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].value == NULL)
            continue;
        bool is_comment = i == 0 && name[0] == '#'; /* the whole line would be one */
        if (is_comment || holds_any(parts[i].value, parts[i].forbidden)) {
            err_set(err, "%s: a character in it cannot stand in a users file", parts[i].key);
            free(text);
            return NULL;
        }
        if (i >= 2)
            add_option(&text, parts[i].key, parts[i].value, parts[i].commas_separate);
    }
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
    return splice(text, length, find_hash(text, find_line(text, length, line)), hash, length_r);
}

char *
users_edit_remove(const char *text, size_t length, unsigned line, size_t *length_r)
{
    return splice(text, length, find_line(text, length, line), "", length_r);
}

char *
users_edit_option(const char *text, size_t length, unsigned line, const char *option)
{
    struct span whole = find_line(text, length, line);
    struct span hash = find_hash(text, whole);
    size_t key_length = strlen(option);
    size_t at = hash.end < whole.end && text[hash.end] == ':' ? hash.end + 1 : whole.end;
    while (at < whole.end) {
        struct span part = {at, at};
        bool is_comment = whole.end - at >= 8 && strncmp(text + at, "comment=", 8) == 0;
        while (part.end < whole.end && strchr(is_comment ? "\n" : ",\n", text[part.end]) == NULL)
            part.end++;
        if (part.end - part.start > key_length && text[part.start + key_length] == '=' &&
            strncmp(text + part.start, option, key_length) == 0)
            return xstrndup(text + part.start + key_length + 1,
                            part.end - part.start - key_length - 1);
        at = part.end + 1;
    }
    return NULL;
}
