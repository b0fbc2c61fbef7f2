#include "lines.h"

#include <stdbool.h>
#include <string.h>

#include "list.h"

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Leaves out the comment and the white space at both ends. */
static void
trim(const char **line, size_t *length)
{
    const char *at = *line;
    size_t left = *length;
    for (size_t i = 0; i < left; i++)
        if (at[i] == '#' && (i == 0 || is_blank(at[i - 1])))
            left = i;
    while (left > 0 && is_blank(at[0])) {
        at++;
        left--;
    }
    while (left > 0 && (is_blank(at[left - 1]) || at[left - 1] == '\r'))
        left--;
    *line = at;
    *length = left;
}

static int
add_line(const struct lines *lines, const char *line, size_t length, struct origin origin,
         struct err *err)
{
    trim(&line, &length);
    if (length == 0)
        return 0;
    if (memchr(line, '\0', length) != NULL) {
        err_set(err, "the line has a NUL byte");
        return -1;
    }
    if (length > LIST_ENTRY_MAX) {
        err_set(err, "the entry is longer than %d bytes", LIST_ENTRY_MAX);
        return -1;
    }
    char entry[LIST_ENTRY_MAX + 1];
    memcpy(entry, line, length);
    entry[length] = '\0';
    return lines->add(lines->list, entry, origin, err);
}

size_t
lines_add(const struct lines *lines)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    const size_t mark = sizeof byte_order_mark - 1;
    const char *text = lines->text, *end = text + lines->length;
    if (lines->length >= mark && memcmp(text, byte_order_mark, mark) == 0)
        text += mark;

    size_t bad = 0;
    struct origin origin = {.file = lines->file, .line = 1};
    for (; text < end; origin.line++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline != NULL ? newline : end;
        struct err err = {.text = ""};
        if (add_line(lines, text, (size_t)(line_end - text), origin, &err) != 0) {
            bad++;
            lines->problem(lines->context, origin, &err);
        }
        text = newline != NULL ? newline + 1 : end;
    }
    return bad;
}
