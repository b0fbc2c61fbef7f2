#include "address_scan.h"

#include <stdbool.h>
#include <string.h>

#include "ascii.h"

/* A part of the text: [from, to). */
struct span {
    const char *from, *to;
};

static bool
is_local_byte(char c)
{
    return c != '\0' && (ascii_is_alnum(c) || (unsigned char)c >= 0x80 ||
                         strchr(".!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_domain_byte(char c)
{
    return ascii_is_alnum(c) || (unsigned char)c >= 0x80 || c == '.' || c == '-' || c == '_';
}

static size_t
span_length(struct span span)
{
    return (size_t)(span.to - span.from);
}

static bool
is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* "(boss)@ceo.example": what stands right before the '@' and has a letter, without what stands
 * around it. */
static struct span
find_odd_local(const char *text, const char *at)
{
    struct span span = {.from = at, .to = at};
    bool has_letter = false;
    while (span.from > text && span.from[-1] != ' ' && span.from[-1] != '@' &&
           span_length(span) < MAILBOX_LOCAL_MAX) {
        span.from--;
        has_letter = has_letter || ascii_is_alnum(*span.from) || (unsigned char)*span.from >= 0x80;
    }
    if (!has_letter)
        return (struct span){.from = at, .to = at};
    while (!is_local_byte(*span.from))
        span.from++;
    while (!is_local_byte(span.to[-1]))
        span.to--;
    return span;
}

/* What stands before the '@': at most as much as fits a mailbox, in whole characters. */
static struct span
find_local(const char *text, const char *at)
{
    struct span span = {.from = at, .to = at};
    while (span.to > text && span.to[-1] == ' ')
        span.to--;
    span.from = span.to;
    while (span.from > text && is_local_byte(span.from[-1]) &&
           span_length(span) < MAILBOX_LOCAL_MAX)
        span.from--;
    if (span_length(span) == 0 && span.to == at)
        span = find_odd_local(text, at);
    while (span.from < span.to && is_continuation(*span.from))
        span.from++;
    return span;
}

/* "[192.0.2.1]"; empty: it is none. */
static struct span
find_literal(const char *from)
{
    struct span span = {.from = from, .to = from};
    bool has_dot = false;
    for (size_t i = 0; i < MAILBOX_DOMAIN_MAX && from[i] != '\0'; i++) {
        has_dot = has_dot || from[i] == '.' || from[i] == ':';
        if (from[i] == ']') {
            span.to = has_dot ? from + i + 1 : from;
            break;
        }
    }
    return span;
}

/* What stands behind the '@'. */
static struct span
find_domain(const char *at)
{
    const char *from = at + 1 + strspn(at + 1, " \"'`(<{.");
    struct span span = {.from = from, .to = from};
    if (*from == '[')
        return find_literal(from);
    while (is_domain_byte(*span.to) && span_length(span) < MAILBOX_DOMAIN_MAX)
        span.to++;
    while (span.to > span.from && is_continuation(*span.to))
        span.to--;
    while (span.to > span.from && strchr(".-_", span.to[-1]) != NULL)
        span.to--;
    return span;
}

/* Writes the domain in lower case, two dots as one. Returns whether it may be one: it has a dot,
 * and letters in its last label ("2@3.50" is no address). */
static bool
copy_domain(struct span span, char *domain_r)
{
    size_t used = 0;
    for (const char *c = span.from; c < span.to; c++)
        if (*c != '.' || used == 0 || domain_r[used - 1] != '.')
            domain_r[used++] = ascii_lower(*c);
    domain_r[used] = '\0';
    if (domain_r[0] == '[')
        return true;
    const char *last = strrchr(domain_r, '.');
    return last != NULL && last[1 + strspn(last + 1, "0123456789")] != '\0';
}

/* Takes away what stands around an address: "'a@b.c'", "*a@b.c*", "{a@b.c}", "...a@b.c". */
static void
strip(struct span *local, const char *end)
{
    while (span_length(*local) > 1 && *local->from == '.')
        local->from++;
    while (span_length(*local) > 1 && *end != '\0' && strchr("!#$%&'*+-/=?^_`{|~", *local->from) &&
           *end == (*local->from == '{' ? '}' : *local->from)) {
        local->from++;
        end++;
    }
}

/* "boss@@ceo.example" has one '@' to its reader. */
static const char *
last_of_row(const char *at)
{
    const char *next = at;
    do {
        at = next;
        next = at + 1 + strspn(at + 1, " ");
    } while (*next == '@');
    return at;
}

void
address_scan(const char *plain, struct shown_header *header, bool is_author, struct shown_set *set)
{
    for (const char *at = plain; (at = strchr(at, '@')) != NULL; at++) {
        struct mailbox mailbox;
        struct span local = find_local(plain, at);
        at = last_of_row(at);
        struct span domain = find_domain(at);
        strip(&local, domain.to);
        if (span_length(local) == 0 || !copy_domain(domain, mailbox.domain))
            continue;
        ascii_lower_copy(mailbox.local, local.from, span_length(local));
        shown_set_add(set, &mailbox, header, is_author);
    }
}
