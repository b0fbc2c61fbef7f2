#include "ldap_directories.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ascii.h"
#include "date.h"

/* The filters find a login name by the mail address and by the name that the directory's own logins
 * use; those for recipients find an address by all attributes that may hold one, in entries of any
 * kind: groups and contacts get mail, too.
 *
 * Active Directory's own logins know DOMAIN\user as well. The entry does not hold that DOMAIN, so
 * nothing here could tell it from another one's user: such a name is nobody's.
 *
 * A lock that ends by itself is no mark: the entry keeps it when it is over. */
#define AD_FILTER                                 \
    "(&(objectCategory=person)(objectClass=user)" \
    "(|(userPrincipalName=%u)(mail=%u)(sAMAccountName=%n)))"
#define AD_RECIPIENT_FILTER "(|(proxyAddresses=smtp:%u)(mail=%u)(userPrincipalName=%u))"
#define NO_FETCH                                                                             \
    "Symantec: \"password fetching, all supported directory types except Active Directory, " \
    "Active Directory Global Catalog, and Domino are supported\""
#define AD_NO_COMPARE "no client may read or compare the passwords of Active Directory"

static const struct ldap_directory directories[] = {
    [LDAP_MAKE_OPENLDAP] =
        {
            .filter = "(|(mail=%u)(uid=%n))",
            .recipient_filter = "(mail=%u)",
            .ports = {389, 636},
            .password_attribute = "userPassword",
            .mail_attributes = {"mail"},
            /* "permanently locked" by an administrator (draft-behera-ldap-password-policy 5.3.3) */
            .marks = {{.attribute = "pwdAccountLockedTime",
                       .kind = LDAP_MARK_TEXT,
                       .text = "000001010000Z",
                       .outcome = VERIFY_DISABLED},
                      {.attribute = "pwdEndTime",
                       .kind = LDAP_MARK_TIME,
                       .outcome = VERIFY_ACCOUNT_EXPIRED}},
        },
    [LDAP_MAKE_ACTIVE_DIRECTORY] =
        {
            .filter = AD_FILTER,
            .recipient_filter = AD_RECIPIENT_FILTER,
            .ports = {389, 636},
            .password_attribute = "userPassword",
            .mail_attributes = {"mail", "proxyAddresses"},
            .marks = {{.attribute = "userAccountControl",
                       .kind = LDAP_MARK_BIT,
                       .bit = 2,
                       .outcome = VERIFY_DISABLED},
                      {.attribute = "accountExpires",
                       .kind = LDAP_MARK_FILETIME,
                       .outcome = VERIFY_ACCOUNT_EXPIRED}},
            .has_nested_groups = true,
            .no_compare = AD_NO_COMPARE,
            .no_fetch = NO_FETCH,
        },
    /* Of accountExpires the global catalog has no copy, of the rest it has. */
    [LDAP_MAKE_AD_GLOBAL_CATALOG] =
        {
            .filter = AD_FILTER,
            .recipient_filter = AD_RECIPIENT_FILTER,
            .base = "",
            .ports = {3268, 3269},
            .password_attribute = "userPassword",
            .mail_attributes = {"mail", "proxyAddresses"},
            .marks = {{.attribute = "userAccountControl",
                       .kind = LDAP_MARK_BIT,
                       .bit = 2,
                       .outcome = VERIFY_DISABLED}},
            .has_nested_groups = true,
            .no_compare = AD_NO_COMPARE,
            .no_fetch = NO_FETCH,
        },
    [LDAP_MAKE_EDIRECTORY] =
        {
            .filter = "(&(objectClass=inetOrgPerson)(|(mail=%u)(cn=%n)(uid=%n)))",
            .recipient_filter = "(mail=%u)",
            .ports = {389, 636},
            .password_attribute = "userPassword",
            .mail_attributes = {"mail"},
            .marks = {{.attribute = "loginDisabled",
                       .kind = LDAP_MARK_TEXT,
                       .text = "TRUE",
                       .outcome = VERIFY_DISABLED},
                      {.attribute = "loginExpirationTime",
                       .kind = LDAP_MARK_TIME,
                       .outcome = VERIFY_ACCOUNT_EXPIRED}},
        },
    /* Domino's short names (uid) are aliases, written with or without a domain. */
    [LDAP_MAKE_DOMINO] =
        {
            .filter = "(&(objectClass=dominoPerson)(|(mail=%u)(uid=%n)(cn=%n)))",
            .recipient_filter = "(|(mail=%u)(uid=%u))",
            .base = "",
            .ports = {389, 636},
            .password_attribute = "userPassword",
            .mail_attributes = {"mail", "uid"},
            .no_compare = "Domino compares with the hash that it has stored, so no password is "
                          "ever right",
            .no_fetch = NO_FETCH,
        },
    [LDAP_MAKE_SUN] =
        {
            .filter = "(&(objectClass=inetOrgPerson)(|(mail=%u)(uid=%n)))",
            .recipient_filter = "(|(mail=%u)(mailAlternateAddress=%u)(mailEquivalentAddress=%u))",
            .ports = {389, 636},
            .password_attribute = "userPassword",
            .mail_attributes = {"mail", "mailAlternateAddress", "mailEquivalentAddress"},
            .marks = {{.attribute = "nsAccountLock",
                       .kind = LDAP_MARK_TEXT,
                       .text = "true",
                       .outcome = VERIFY_DISABLED},
                      {.attribute = "inetUserStatus",
                       .kind = LDAP_MARK_TEXT,
                       .text = "inactive",
                       .outcome = VERIFY_DISABLED},
                      {.attribute = "inetUserStatus",
                       .kind = LDAP_MARK_TEXT,
                       .text = "deleted",
                       .outcome = VERIFY_DISABLED}},
        },
};

const struct ldap_directory *
ldap_directory(enum ldap_make make)
{
    return &directories[make];
}

static int
parse_number(const char *value, long long *number_r)
{
    char *end = NULL;
    errno = 0;
    *number_r = strtoll(value, &end, 10);
    return errno == 0 && end != value && *end == '\0' ? 0 : -1;
}

/* "20270131120000Z", seconds and fractions may be left out. Returns 0, or -1. */
static int
parse_generalized_time(const char *value, int64_t *wall_s_r)
{
    size_t digits = strspn(value, "0123456789");
    const char *end = value + digits;
    if (*end == '.' || *end == ',')
        end += 1 + strspn(end + 1, "0123456789");
    if ((digits != 14 && digits != 12) || strcmp(end, "Z") != 0)
        return -1;
    char text[DATE_TEXT_MAX];
    snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", value, value + 4, value + 6,
             value + 8, value + 10, digits == 14 ? value + 12 : "00");
    return date_parse(text, wall_s_r, NULL);
}

/* 100 ns since 1601. */
static bool
is_filetime_over(long long filetime, long long wall_s)
{
    static const long long per_s = 10000000, from_1601_to_1970_s = 11644473600LL;
    return filetime != 0 && filetime != INT64_MAX &&
           filetime / per_s - from_1601_to_1970_s <= wall_s;
}

enum verify_outcome
ldap_mark_judge(const struct ldap_mark *mark, const char *value, long long wall_s)
{
    long long number = 0;
    int64_t until_s = 0;
    bool is_set = false;
    switch (mark->kind) {
    case LDAP_MARK_TEXT:
        is_set = strcasecmp(value, mark->text) == 0;
        break;
    case LDAP_MARK_BIT:
        if (parse_number(value, &number) != 0)
            return VERIFY_UNAVAILABLE;
        is_set = (number & mark->bit) != 0;
        break;
    case LDAP_MARK_TIME:
        if (parse_generalized_time(value, &until_s) != 0)
            return VERIFY_UNAVAILABLE;
        is_set = until_s <= wall_s;
        break;
    case LDAP_MARK_FILETIME:
        if (parse_number(value, &number) != 0)
            return VERIFY_UNAVAILABLE;
        is_set = is_filetime_over(number, wall_s);
        break;
    }
    return is_set ? mark->outcome : VERIFY_OK;
}
