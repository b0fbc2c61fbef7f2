/* A header that claims to be ours has our name as its authserv-id, the first thing in it. Filters
 * differ in how they read a header that breaks the grammar (RFC 8601 2.2), so in one that does our
 * name counts wherever it is. */
#include "authentication_results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "domain.h"
#include "domain_key.h"
#include "utf8.h"

/* What goes between the words: white space, line ends and comments. */
static const char *
skip_cfws(const char *at)
{
    size_t depth = 0;
    for (; *at != '\0'; at++) {
        if (depth > 0 && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '(')
            depth++;
        else if (depth > 0 && *at == ')')
            depth--;
        else if (depth == 0 && strchr(" \t\r\n", *at) == NULL)
            break;
    }
    return at;
}

/* RFC 2045 5.1 */
static bool
is_token_byte(char c)
{
    return c > ' ' && c < 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

/* Reads a token or a quoted string into text_r, which has room for the value. NULL: neither. */
static const char *
read_word(const char *at, char *text_r)
{
    if (*at != '"') {
        const char *start = at;
        while (is_token_byte(*at) || (unsigned char)*at >= 0x80)
            *text_r++ = *at++;
        *text_r = '\0';
        return at > start ? at : NULL;
    }
    for (at++; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        *text_r++ = *at;
    }
    *text_r = '\0';
    return *at == '"' ? at + 1 : NULL;
}

/* Reads the authserv-id and what may stand before the first ';'. Returns whether the header keeps
 * to the grammar so far. */
static bool
read_id(const char *value, char *id_r)
{
    const char *at = read_word(skip_cfws(value), id_r);
    if (at == NULL)
        return false;
    const char *version = skip_cfws(at);
    if (version == at && *at != ';' && *at != '\0')
        return false;
    at = skip_cfws(version + strspn(version, "0123456789"));
    return *at == ';' || *at == '\0';
}

/* One spelling of a host's name; text may be the result. */
static void
make_key(const char *text, char key_r[DOMAIN_KEY_MAX + 1])
{
    char lower[DOMAIN_MAX + 1];
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '.')
        length--;
    key_r[0] = '\0';
    if (length > DOMAIN_MAX)
        return;
    ascii_lower_copy(lower, text, length);
    domain_key(lower, key_r);
}

/* Whether the letters of the name are in text one after the other, whatever white space, quotes,
 * comments (with_comments: as text) and unprintable bytes are between them. */
static bool
holds_name(const char *text, const char *host, bool with_comments)
{
    char *letters = xmalloc(strlen(text) + 1), *to = letters;
    for (const char *at = text; *at != '\0'; at++) {
        if (!with_comments && *at == '(') {
            const char *behind = skip_cfws(at);
            at = behind > at ? behind - 1 : at;
        } else if ((unsigned char)*at > ' ' && *at != 0x7f && strchr("\"\\()", *at) == NULL) {
            *to++ = ascii_lower(*at);
        }
    }
    char *name = xstrdup(host);
    ascii_lower_copy(name, name, strlen(name));
    bool holds = memmem(letters, (size_t)(to - letters), name, strlen(name)) != NULL;
    free(name);
    free(letters);
    return holds;
}

/* As text: a NUL is a blank. */
static char *
copy_value(const char *value, size_t length)
{
    char *text = xmalloc(length + 1);
    memcpy(text, value, length);
    for (size_t i = 0; i < length; i++)
        if (value[i] == '\0')
            text[i] = ' ';
    text[length] = '\0';
    return text;
}

bool
authentication_results_claims(const char *value, size_t length, const char *host)
{
    char *text = copy_value(value, length), *id = xcalloc(1, length + 1);
    char key[DOMAIN_KEY_MAX + 1], host_key[DOMAIN_KEY_MAX + 1];
    bool readable = memchr(value, '\0', length) == NULL && read_id(text, id);
    make_key(id, key);
    make_key(host, host_key);
    bool claims = readable ? strcmp(key, host_key) == 0
                           : holds_name(text, host, true) || holds_name(text, host, false);
    free(id);
    free(text);
    return claims;
}

/* RFC 5322 dot-atom, with letters outside of ASCII (RFC 6532). */
static bool
is_dot_atom(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool dot = bytes[i] == '.' && i > 0 && i + 1 < length && bytes[i + 1] != '.';
        if (!dot && !ascii_is_alnum(bytes[i]) && (unsigned char)bytes[i] < 0x80 &&
            strchr("!#$%&'*+-/=?^_`{|}~", bytes[i]) == NULL)
            return false;
    }
    return length > 0;
}

static bool
is_token(const char *text)
{
    size_t length = 0;
    while (is_token_byte(text[length]))
        length++;
    return length > 0 && text[length] == '\0';
}

/* RFC 8601 2.2 pvalue: a token, local@domain, or a quoted string. */
static void
write_user(const char *user, char user_r[2 * USERNAME_MAX + 3])
{
    const char *at = strrchr(user, '@');
    bool plain = at == NULL ? is_token(user)
                            : is_dot_atom(user, (size_t)(at - user)) &&
                                  domain_check(at + 1, strlen(at + 1), NULL) == 0;
    if (!plain)
        *user_r++ = '"';
    for (; *user != '\0'; user++) {
        if (!plain && (*user == '"' || *user == '\\'))
            *user_r++ = '\\';
        *user_r++ = *user;
    }
    if (!plain)
        *user_r++ = '"';
    *user_r = '\0';
}

int
authentication_results_write(const char *host, const char *user, enum authenticated_by by,
                             char value_r[AUTHENTICATION_RESULTS_MAX])
{
    static const char *const comments[] = {
        [AUTHENTICATED_BY_LOGIN] = "", [AUTHENTICATED_BY_WINDOW] = " (SMTP after POP)"};
    char quoted[2 * USERNAME_MAX + 3];
    value_r[0] = '\0';
    size_t length = strlen(user);
    if (domain_check(host, strlen(host), NULL) != 0 || length == 0 || length > USERNAME_MAX ||
        !utf8_is_printable(user, length))
        return -1;
    write_user(user, quoted);
    int written = snprintf(value_r, AUTHENTICATION_RESULTS_MAX, "%s; auth=pass%s smtp.auth=%s",
                           host, comments[by], quoted);
    return written > 0 && written < AUTHENTICATION_RESULTS_MAX ? 0 : -1;
}
