#include "ldap_template.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum { LONGEST_VALUE = 3 * USERNAME_MAX };

/* RFC 4515 3: NUL and these must be escaped; every other byte may be. RFC 4514 2.4 demands NUL,
 * these but '=', and a '#' or space at the ends. */
static const char special_in_filter[] = "*()\\";
static const char special_in_dn[] = "\"+,;<>\\=#";

static bool
is_plain(char c, enum ldap_syntax syntax)
{
    if (c <= ' ' || c >= 0x7f)
        return false;
    switch (syntax) {
    case LDAP_SYNTAX_FILTER:
        return strchr(special_in_filter, c) == NULL;
    case LDAP_SYNTAX_DN:
        return strchr(special_in_dn, c) == NULL;
    }
    return false;
}

size_t
ldap_escape(const char *bytes, size_t length, enum ldap_syntax syntax, char *text_r)
{
    static const char hex[] = "0123456789abcdef";
    char *to = text_r;
    for (size_t i = 0; i < length; i++) {
        if (is_plain(bytes[i], syntax)) {
            *to++ = bytes[i];
            continue;
        }
        *to++ = '\\';
        *to++ = hex[(unsigned char)bytes[i] >> 4];
        *to++ = hex[(unsigned char)bytes[i] & 15];
    }
    *to = '\0';
    return (size_t)(to - text_r);
}

/* Whether a component of a filter or DN ends or begins with this byte, so that what follows is the
 * name of an attribute until the next '='. */
static bool
begins_component(char c, enum ldap_syntax syntax)
{
    switch (syntax) {
    case LDAP_SYNTAX_FILTER:
        return c == '(';
    case LDAP_SYNTAX_DN:
        return c == ',' || c == '+' || c == ';';
    }
    return false;
}

/* The sum of what the template may become, or -1 with err. */
static int
measure(const char *text, enum ldap_syntax syntax, const char *what, size_t *size_r, bool *names_r,
        struct err *err)
{
    bool in_value = false;
    *size_r = 1;
    *names_r = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at != '%') {
            if (*at == '=')
                in_value = true;
            else if (begins_component(*at, syntax))
                in_value = false;
            (*size_r)++;
            continue;
        }
        at++;
        if (*at == '%') {
            (*size_r)++;
            continue;
        }
        if (*at == '\0' || strchr("und", *at) == NULL) {
            err_set(err,
                    "'%%' is followed by no place's letter (%%u is the %s, %%n what is before its "
                    "@, %%d its domain, %%%% a percent sign)",
                    what);
            return -1;
        }
        if (!in_value) {
            err_set(err, "%%%c stands outside of a value (put it behind an attribute's '=')", *at);
            return -1;
        }
        *size_r += LONGEST_VALUE;
        *names_r = *names_r || *at != 'd';
    }
    return 0;
}

int
ldap_template_check(const char *text, enum ldap_syntax syntax, const char *what, struct err *err)
{
    size_t size = 0;
    bool names = false;
    if (measure(text, syntax, what, &size, &names, err) != 0)
        return -1;
    if (!names) {
        err_set(err,
                "the %s is nowhere in it, so every %s would be the same entry (use %%u or %%n)",
                what, what);
        return -1;
    }
    if (size > LDAP_TEXT_MAX) {
        err_set(err, "too long: with the longest %s it has %zu bytes (at most %d)", what, size - 1,
                LDAP_TEXT_MAX - 1);
        return -1;
    }
    return 0;
}

static size_t
put_in(char place, enum ldap_syntax syntax, const struct ldap_subject *subject, char *text_r)
{
    switch (place) {
    case 'u':
        return ldap_escape(subject->whole, strlen(subject->whole), syntax, text_r);
    case 'n':
        return ldap_escape(subject->local, subject->local_length, syntax, text_r);
    case 'd':
        return ldap_escape(subject->domain, strlen(subject->domain), syntax, text_r);
    default:
        *text_r = place;
        return 1;
    }
}

struct ldap_subject
ldap_subject_of(const struct username *user)
{
    const char *domain = username_domain(user);
    return (struct ldap_subject){
        .whole = user->text,
        .local = user->text,
        .local_length = user->local_length,
        .domain = domain != NULL ? domain : "",
    };
}

struct ldap_subject
ldap_subject_of_mailbox(const struct mailbox *mailbox, const char *address)
{
    return (struct ldap_subject){
        .whole = address,
        .local = mailbox->local,
        .local_length = strlen(mailbox->local),
        .domain = mailbox->domain,
    };
}

size_t
ldap_template_expand(const char *text, enum ldap_syntax syntax, const struct ldap_subject *subject,
                     char text_r[LDAP_TEXT_MAX])
{
    size_t length = 0;
    for (const char *at = text; *at != '\0'; at++) {
        assert(length < LDAP_TEXT_MAX);
        if (*at == '%')
            length += put_in(*++at, syntax, subject, text_r + length);
        else
            text_r[length++] = *at;
    }
    text_r[length] = '\0';
    return length;
}
