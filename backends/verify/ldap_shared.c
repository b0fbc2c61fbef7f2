#include "ldap_shared.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Filters nest; deeper ones than any person writes are taken for such as do not pin. */
enum { DEPTH_MAX = 32 };

static bool
names_domain(const char *text, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++) {
        if (text[i] != '%')
            continue;
        if (text[i + 1] == 'u' || text[i + 1] == 'd')
            return true;
        i++; /* %% is no place */
    }
    return false;
}

static bool pins(const char **at, int depth);

/* Reads the parts of a `&` or `|` up to its ')'. */
static bool
pins_parts(const char **at, bool all, int depth)
{
    bool result = all;
    while (**at == '(') {
        bool part = pins(at, depth + 1);
        result = all ? result && part : result || part;
    }
    return result;
}

/* Reads one filter with its parentheses: a backslash before one makes it "\28" (RFC 4515), so they
 * are never part of a value. */
static bool
pins(const char **at, int depth)
{
    bool result = false;
    if (depth > DEPTH_MAX) {
        *at += strlen(*at);
        return false;
    }
    static const char none[] = "";
    const char kind = *((*at)[0] == '(' ? *at + 1 : none);
    if (kind == '&' || kind == '|' || kind == '!') {
        *at += 2;
        bool parts = pins_parts(at, kind == '|', depth);
        result = kind != '!' && parts;
    } else {
        size_t length = strcspn(*at, ")");
        result = names_domain(*at, length);
        *at += length;
    }
    if (**at == ')')
        ++*at;
    return result;
}

bool
ldap_filter_pins_domain(const char *filter)
{
    const char *at = filter;
    return pins(&at, 0);
}

bool
ldap_dn_pins_domain(const char *dn)
{
    return names_domain(dn, strlen(dn));
}

/* Whether the account's own name can tell whose it is: decide_login refuses another organization's.
 * What an attribute of another name holds, its administrator knows. */
enum account_names
ldap_account_names(const struct ldap_settings *settings)
{
    static const char *const bare[] = {"uid", "cn", "sAMAccountName"};
    if (settings->username_attribute == NULL)
        return ACCOUNT_NAMES_TYPED;
    for (size_t i = 0; i < sizeof bare / sizeof bare[0]; i++)
        if (strcasecmp(settings->username_attribute, bare[i]) == 0)
            return ACCOUNT_NAMES_BARE;
    return ACCOUNT_NAMES_WHOLE;
}

const char *
ldap_warns_shared(const struct ldap_settings *settings)
{
    bool pins_domain = settings->user_dn != NULL
                           ? ldap_dn_pins_domain(settings->user_dn)
                           : ldap_filter_pins_domain(ldap_settings_filter(settings));
    if (pins_domain || ldap_account_names(settings) == ACCOUNT_NAMES_WHOLE)
        return NULL;
    return "an entry that is found by what is before the @ alone logs in under the domains of both "
           "(look for %u or %d, or name a username_attribute whose values have a domain)";
}
