#include "address_syntax.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"

struct reader {
    const char *at; /* the next character; a NUL ends the text */
    const char *fault;
    struct address_syntax *syntax;
    bool in_group;
};

/* What a run of words is; only a single word can be a local part. */
enum words { WORDS_NONE = 0, WORDS_LOCAL, WORDS_PHRASE };

static void
fail(struct reader *reader, const char *fault)
{
    if (reader->fault == NULL)
        reader->fault = fault;
}

static bool
is_atext(char c)
{
    return c != '\0' && (ascii_is_alnum(c) || (unsigned char)c >= 0x80 ||
                         strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Skips one comment; nesting is counted. A program that takes quotes in comments for quoted strings
 * must find the same end. */
static void
skip_comment(struct reader *reader)
{
    size_t depth = 0;
    bool quoted = false;
    for (; *reader->at != '\0'; reader->at++) {
        char c = *reader->at;
        if (c == '\\' && reader->at[1] != '\0') {
            reader->at++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == '(' || c == ')') {
            if (quoted)
                fail(reader, "a comment that may end at more than one place");
            depth += c == '(' ? 1 : (size_t)-1;
            if (depth == 0) {
                reader->at++;
                return;
            }
        }
    }
    fail(reader, "a comment without an end");
}

static void
skip_cfws(struct reader *reader)
{
    while (true) {
        reader->at += strspn(reader->at, " \t");
        if (*reader->at != '(')
            return;
        skip_comment(reader);
    }
}

/* Skips a quoted string. */
static bool
skip_quoted(struct reader *reader)
{
    for (reader->at++; *reader->at != '\0'; reader->at++) {
        if (*reader->at == '"') {
            reader->at++;
            return true;
        }
        if (*reader->at == '\\' && reader->at[1] != '\0')
            reader->at++;
    }
    fail(reader, "a quoted string without an end");
    return false;
}

/* Skips an atom, with dots at any place. Returns whether one was there. */
static bool
skip_dotted(struct reader *reader)
{
    const char *start = reader->at;
    while (is_atext(*reader->at) || *reader->at == '.')
        reader->at++;
    return reader->at > start;
}

/* Skips the words in front; the first of them begins at *start_r and ends at *end_r. */
static enum words
skip_words(struct reader *reader, const char **start_r, const char **end_r)
{
    enum words words = WORDS_NONE;
    *start_r = reader->at;
    while (reader->fault == NULL &&
           (*reader->at == '"' ? skip_quoted(reader) : skip_dotted(reader))) {
        if (words == WORDS_NONE)
            *end_r = reader->at;
        words = words == WORDS_NONE ? WORDS_LOCAL : WORDS_PHRASE;
        skip_cfws(reader);
    }
    return words;
}

static bool
is_dot_atom(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == '.' && (i == 0 || i + 1 == length || bytes[i + 1] == '.'))
            return false;
    return length > 0;
}

/* Skips "[...]". */
static void
skip_literal(struct reader *reader)
{
    reader->at += strcspn(reader->at, "]");
    if (*reader->at == ']')
        reader->at++;
}

static void
keep(struct reader *reader, const char *local, size_t local_length, const char *domain,
     size_t domain_length)
{
    char text[MAILBOX_TEXT_MAX];
    struct mailbox mailbox;
    size_t length = local_length + 1 + domain_length;
    if (length > MAILBOX_LOCAL_MAX) {
        fail(reader, "an address that is too long");
        return;
    }
    memcpy(text, local, local_length);
    text[local_length] = '@';
    memcpy(text + local_length + 1, domain, domain_length);
    bool local_fits = local[0] == '"' || is_dot_atom(local, local_length);
    if (!local_fits || memmem(text, length, "=?", 2) != NULL ||
        mailbox_parse(text, length, &mailbox, NULL) != 0) {
        fail(reader, "an address that is none");
        return;
    }
    struct address_syntax *syntax = reader->syntax;
    if (syntax->count == ADDRESS_SYNTAX_MAX) {
        fail(reader, "too many addresses");
        return;
    }
    /* Room is made for 1, 2, 4, 8 ... */
    if ((syntax->count & (syntax->count - 1)) == 0)
        syntax->mailboxes =
            xrealloc(syntax->mailboxes, syntax->count == 0 ? 1 : 2 * syntax->count, sizeof mailbox);
    syntax->mailboxes[syntax->count++] = mailbox;
}

/* Reads "@domain" behind a local part. */
static void
read_domain(struct reader *reader, const char *local, size_t local_length)
{
    if (*reader->at != '@') {
        fail(reader, "an address without a domain");
        return;
    }
    reader->at++;
    skip_cfws(reader);
    const char *domain = reader->at;
    if (*domain == '[')
        skip_literal(reader);
    else
        skip_dotted(reader);
    keep(reader, local, local_length, domain, (size_t)(reader->at - domain));
    skip_cfws(reader);
}

static void
read_angle(struct reader *reader)
{
    const char *start, *end = NULL;
    reader->at++;
    skip_cfws(reader);
    if (skip_words(reader, &start, &end) != WORDS_LOCAL) {
        fail(reader, "angle brackets without one address between them");
        return;
    }
    read_domain(reader, start, (size_t)(end - start));
    if (*reader->at != '>') {
        fail(reader, "angle brackets without one address between them");
        return;
    }
    reader->at++;
    skip_cfws(reader);
}

/* Behind an address: "bob@acme.example <bob@acme.example>", as some programs and devices write who
 * has no name. The grammar wants quotes, but whichever address a reader takes, it is the same. */
static void
read_twice(struct reader *reader)
{
    struct address_syntax *syntax = reader->syntax;
    const struct mailbox name = syntax->mailboxes[--syntax->count];
    read_angle(reader);
    if (reader->fault != NULL)
        return;
    const struct mailbox *mailbox = &syntax->mailboxes[syntax->count - 1];
    if (strcmp(mailbox->local, name.local) != 0 || strcmp(mailbox->domain, name.domain) != 0)
        fail(reader, "more than one way to read it");
}

/* Behind a mailbox or a group: the next one or the end. Returns whether there is a next one. */
static bool
read_end(struct reader *reader)
{
    if (*reader->at == ';' && reader->in_group) {
        reader->in_group = false;
        reader->at++;
        skip_cfws(reader);
    }
    if (*reader->at == ',') {
        reader->at++;
        return true;
    }
    if (*reader->at != '\0')
        fail(reader, "more than one way to read it");
    else if (reader->in_group)
        fail(reader, "a group without an end");
    return false;
}

static void
read_address(struct reader *reader, const char *local, size_t local_length)
{
    read_domain(reader, local, local_length);
    if (reader->fault == NULL && *reader->at == '<')
        read_twice(reader);
}

/* Reads a mailbox or the start of a group. Returns whether there is more to read. */
static bool
read_member(struct reader *reader)
{
    const char *start, *end = NULL;
    skip_cfws(reader);
    enum words words = skip_words(reader, &start, &end);
    if (reader->fault != NULL)
        return false;
    if (*reader->at == ':' && words != WORDS_NONE && !reader->in_group) {
        reader->at++;
        reader->in_group = true;
        skip_cfws(reader);
        return *reader->at != ';' || read_end(reader);
    }
    if (*reader->at == '<')
        read_angle(reader);
    else if (words == WORDS_LOCAL && *reader->at == '@')
        read_address(reader, start, (size_t)(end - start));
    else if (words != WORDS_NONE && (*reader->at == '\0' || strchr(",;", *reader->at) != NULL))
        fail(reader, "an address without a domain");
    else
        fail(reader, "more than one way to read it");
    return read_end(reader);
}

const char *
address_syntax_read(const char *text, struct address_syntax *syntax_r)
{
    *syntax_r = (struct address_syntax){.count = 0};
    struct reader reader = {.at = text, .syntax = syntax_r};
    skip_cfws(&reader);
    if (*reader.at == '\0')
        fail(&reader, "no address");
    while (reader.fault == NULL && read_member(&reader))
        ;
    if (reader.fault == NULL && syntax_r->count == 0)
        fail(&reader, "no address");
    return reader.fault;
}

void
address_syntax_fini(struct address_syntax *syntax)
{
    free(syntax->mailboxes);
    *syntax = (struct address_syntax){.count = 0};
}

char *
address_syntax_unescape(const char *text)
{
    char *bare = xmalloc(strlen(text) + 1), *to = bare;
    for (; *text != '\0'; text++) {
        if (*text == '\\' && text[1] != '\0')
            text++;
        *to++ = *text;
    }
    *to = '\0';
    return bare;
}

char *
address_syntax_bare(const char *text)
{
    char *bare = xmalloc(strlen(text) + 1), *to = bare;
    size_t depth = 0;
    bool quoted = false;
    for (; *text != '\0'; text++) {
        bool literal = *text == '\\' && text[1] != '\0';
        if (literal)
            text++;
        else if (*text == '"' && depth == 0)
            quoted = !quoted;
        else if (*text == '(' && !quoted)
            depth++;
        bool mark = !literal && depth == 0 && *text == '"';
        if (depth == 0 && !mark)
            *to++ = *text;
        if (!literal && *text == ')' && !quoted && depth > 0)
            depth--;
    }
    *to = '\0';
    return bare;
}
