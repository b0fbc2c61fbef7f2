/* How a header is read: unfold it; hold it against the grammar, and let GMime say what its
 * mailboxes are: both must say the same. Then, whatever came of that, look for addresses in the
 * text as readers may see it: with comments and quotes and without, with encoded words decoded and,
 * where programs differ about them, as they are. */
#include "identity_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "address_scan.h"
#include "address_syntax.h"
#include "alloc.h"
#include "domain_key.h"
#include "encoded_words.h"
#include "gmime_door.h"
#include "header_value.h"
#include "plain_text.h"
#include "shown_set.h"

enum {
    FAULT_MAX = 128,
    /* Of a line, without the colon and the blank behind it. Mail servers break what is longer (RFC
     * 5322 2.1.1), so that "boss@acme.example.net" becomes "boss@acme.example .net": Sendmail at
     * 990 bytes, Postfix at 998. */
    LINE_BYTES_MAX = 960,
};

/* The headers of one name: a crowd in one does not keep another from being looked at. */
struct name {
    struct shown_header shown;
    size_t bytes; /* looked at */
};

enum { FROM = 0, NAMES = 4 };

static const char *const name_texts[NAMES] = {
    [FROM] = "From", "Sender", "Resent-From", "Resent-Sender"};

struct identity_headers {
    struct shown_set shown;
    struct name names[NAMES];
    bool has_from;
    char fault[FAULT_MAX]; /* empty: none */
    char hides[FAULT_MAX]; /* likewise */
};

/* What is known about the header that is being read. */
struct reading {
    struct identity_headers *headers;
    struct name *name;
    size_t mailboxes; /* by its grammar */
};

static bool
is_from(const struct reading *reading)
{
    return reading->name == &reading->headers->names[FROM];
}

void
identity_headers_begin_process(void)
{
    gmime_begin_process();
}

struct identity_headers *
identity_headers_create(void)
{
    struct identity_headers *headers = xcalloc(1, sizeof *headers);
    for (size_t i = 0; i < NAMES; i++)
        headers->names[i].shown.name = name_texts[i];
    return headers;
}

void
identity_headers_free(struct identity_headers *headers)
{
    if (headers == NULL)
        return;
    shown_set_fini(&headers->shown);
    free(headers);
}

/* Which one it is; NAMES: none. MTAs let white space before the colon through. */
static size_t
find_name(const char *name)
{
    size_t length = strcspn(name, " \t:");
    size_t i = 0;
    while (i < NAMES &&
           (strlen(name_texts[i]) != length || strncasecmp(name, name_texts[i], length) != 0))
        i++;
    return i;
}

bool
identity_headers_want(const char *name)
{
    return find_name(name) != NAMES;
}

static void
note_first(const struct reading *reading, const char *fault, char text_r[FAULT_MAX])
{
    if (fault != NULL && text_r[0] == '\0')
        snprintf(text_r, FAULT_MAX, "%s: %s", reading->name->shown.name, fault);
}

static void
note(const struct reading *reading, const char *fault)
{
    note_first(reading, fault, reading->headers->fault);
}

/* A fault for which what has been found is not all that readers may see. */
static void
note_hiding(const struct reading *reading, const char *fault)
{
    note(reading, fault);
    note_first(reading, fault, reading->headers->hides);
}

/* Holds what GMime finds against what the grammar says, one by one. */
struct comparison {
    const struct address_syntax *syntax;
    size_t compared;
    bool differs;
};

/* GMime may give either spelling. */
static bool
is_same_domain(const char *domain, const char *other)
{
    if (strcmp(domain, other) == 0)
        return true;
    char key[DOMAIN_KEY_MAX + 1], other_key[DOMAIN_KEY_MAX + 1];
    domain_key(domain, key);
    domain_key(other, other_key);
    return strcmp(key, other_key) == 0;
}

static void
compare(void *context, const char *address)
{
    struct comparison *comparison = context;
    struct mailbox mailbox;
    if (comparison->compared == comparison->syntax->count ||
        mailbox_parse(address, strlen(address), &mailbox, NULL) != 0) {
        comparison->differs = true;
        return;
    }
    const struct mailbox *other = &comparison->syntax->mailboxes[comparison->compared++];
    if (!is_same_domain(mailbox.domain, other->domain) || strcmp(mailbox.local, other->local) != 0)
        comparison->differs = true;
}

/* The mailboxes by the header's grammar. */
static void
read_mailboxes(struct reading *reading, const char *text)
{
    struct address_syntax syntax;
    const char *fault = address_syntax_read(text, &syntax);
    struct comparison comparison = {.syntax = &syntax};
    if (fault == NULL &&
        (gmime_mailboxes(text, compare, &comparison) != syntax.count || comparison.differs))
        fault = "more than one way to read it";
    note(reading, fault);
    for (size_t i = 0; i < syntax.count && fault == NULL; i++)
        shown_set_add(&reading->headers->shown, &syntax.mailboxes[i], &reading->name->shown,
                      is_from(reading));
    reading->mailboxes = fault == NULL ? syntax.count : 0;
    address_syntax_fini(&syntax);
}

static void
note_marks(const struct reading *reading, const struct plain_text *plain)
{
    if (plain->controls)
        note(reading, "a control character");
    if (plain->overrides)
        note_hiding(reading, "marks that turn text round");
    if (plain->directs && plain->ats > reading->mailboxes)
        note_hiding(reading, "an address among marks of writing direction");
    if (plain->undecodable)
        note(reading, "an encoded word that cannot be decoded");
}

/* Of a From: that breaks the grammar each may be taken for the author: rules about authors must not
 * be got round by a comma too many. */
static void
scan_decoded(const struct reading *reading, const char *decoded, bool judged)
{
    struct plain_text plain;
    plain_text_make(decoded, &plain);
    if (judged)
        note_marks(reading, &plain);
    bool is_author = is_from(reading) && reading->mailboxes == 0;
    address_scan(plain.text, &reading->name->shown, is_author, &reading->headers->shown);
    plain_text_fini(&plain);
}

/* Takes text, which is one of the ways to look at the header. */
static void
scan_view(const struct reading *reading, char *text)
{
    struct encoded_words words;
    encoded_words_read(text, &words);
    if (words.too_many || words.hides)
        note_hiding(reading, words.fault);
    note(reading, words.fault);
    if (words.too_many && is_from(reading) && reading->mailboxes == 0)
        reading->name->shown.misses_authors = true;
    scan_decoded(reading, words.rest, false);
    if (words.malformed)
        scan_decoded(reading, text, false);
    if (!words.too_many) {
        char *decoded = gmime_decode_words(text);
        scan_decoded(reading, decoded, true);
        free(decoded);
        decoded = encoded_words_decode_each(text);
        scan_decoded(reading, decoded, true);
        free(decoded);
    }
    encoded_words_fini(&words);
    free(text);
}

/* The name, which may end in any number of blanks, stands in the first line. */
static bool
has_long_line(const char *name, const char *value, size_t length)
{
    const char *end = value + length;
    size_t before = strlen(name);
    while (before + (size_t)(end - value) > LINE_BYTES_MAX) {
        const char *line_end = memchr(value, '\n', (size_t)(end - value));
        if (line_end == NULL || before + (size_t)(line_end - value) > LINE_BYTES_MAX)
            return true;
        value = line_end + 1;
        before = 0;
    }
    return false;
}

/* Returns whether so many bytes more may be looked at. */
static bool
take_bytes(const struct reading *reading, size_t bytes)
{
    struct name *name = reading->name;
    if (bytes > IDENTITY_HEADERS_BYTES_MAX - name->bytes) {
        note_hiding(reading, "too much to look at");
        name->shown.misses_authors = name->shown.misses_authors || is_from(reading);
        return false;
    }
    name->bytes += bytes;
    return true;
}

void
identity_headers_add(struct identity_headers *headers, const char *name, const char *value,
                     size_t length)
{
    size_t which = find_name(name);
    if (which == NAMES)
        return;
    struct reading reading = {.headers = headers, .name = &headers->names[which]};
    if (is_from(&reading))
        headers->has_from = true;
    if (!take_bytes(&reading, strlen(name) + length))
        return;
    const char *fault;
    char *text = header_value_unfold(value, length, &fault);
    note(&reading, fault);
    if (has_long_line(name, value, length))
        note_hiding(&reading, "a line that mail servers break");
    read_mailboxes(&reading, text);
    scan_view(&reading, address_syntax_unescape(text));
    scan_view(&reading, address_syntax_bare(text));
    if (reading.name->shown.overflowed)
        note_hiding(&reading, "too many addresses");
    free(text);
}

void
identity_headers_end(struct identity_headers *headers)
{
    struct reading reading = {.headers = headers, .name = &headers->names[FROM]};
    if (!headers->has_from)
        note(&reading, "no such header");
}

const struct shown_address *
identity_headers_shown(const struct identity_headers *headers, size_t *count_r)
{
    *count_r = headers->shown.count;
    return headers->shown.addresses;
}

const char *
identity_headers_fault(const struct identity_headers *headers)
{
    return headers->fault[0] != '\0' ? headers->fault : NULL;
}

const char *
identity_headers_hide(const struct identity_headers *headers)
{
    return headers->hides[0] != '\0' ? headers->hides : NULL;
}

bool
identity_headers_miss_authors(const struct identity_headers *headers)
{
    return headers->names[FROM].shown.misses_authors;
}
