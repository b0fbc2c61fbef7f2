/* How entries of each make of directory say that their account is shut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ldap_directories.h"

/* 2026-01-31T12:00:00Z */
static const long long now_s = 1769860800;

static const struct mark_case {
    const char *name;
    enum ldap_make make;
    const char *attribute, *value;
    enum verify_outcome want;
} cases[] = {
    {"openldap: locked by an administrator", LDAP_MAKE_OPENLDAP, "pwdAccountLockedTime",
     "000001010000Z", VERIFY_DISABLED},
    {"openldap: locked after failures, maybe no longer", LDAP_MAKE_OPENLDAP, "pwdAccountLockedTime",
     "20260131115959Z", VERIFY_OK},
    {"openldap: its time is over", LDAP_MAKE_OPENLDAP, "pwdEndTime", "20260131120000Z",
     VERIFY_ACCOUNT_EXPIRED},
    {"openldap: its time is not over", LDAP_MAKE_OPENLDAP, "pwdEndTime", "20260131120001Z",
     VERIFY_OK},
    {"a time may have fractions", LDAP_MAKE_OPENLDAP, "pwdEndTime", "20260131120001.5Z", VERIFY_OK},
    {"a time may have no seconds", LDAP_MAKE_OPENLDAP, "pwdEndTime", "202601311159Z",
     VERIFY_ACCOUNT_EXPIRED},
    {"a time that is none is no answer", LDAP_MAKE_OPENLDAP, "pwdEndTime", "20261331120000Z",
     VERIFY_UNAVAILABLE},
    {"a time without a zone is no answer", LDAP_MAKE_OPENLDAP, "pwdEndTime", "20260131120000",
     VERIFY_UNAVAILABLE},
    {"a time that ends early is no answer", LDAP_MAKE_OPENLDAP, "pwdEndTime", "2026Z",
     VERIFY_UNAVAILABLE},
    {"active directory: ACCOUNTDISABLE", LDAP_MAKE_ACTIVE_DIRECTORY, "userAccountControl", "66050",
     VERIFY_DISABLED},
    {"active directory: a normal account", LDAP_MAKE_ACTIVE_DIRECTORY, "userAccountControl",
     "66048", VERIFY_OK},
    {"active directory: no number", LDAP_MAKE_ACTIVE_DIRECTORY, "userAccountControl", "512x",
     VERIFY_UNAVAILABLE},
    {"active directory: an empty number", LDAP_MAKE_ACTIVE_DIRECTORY, "userAccountControl", "",
     VERIFY_UNAVAILABLE},
    {"active directory: a number too large", LDAP_MAKE_ACTIVE_DIRECTORY, "accountExpires",
     "99999999999999999999", VERIFY_UNAVAILABLE},
    {"active directory: never expires", LDAP_MAKE_ACTIVE_DIRECTORY, "accountExpires",
     "9223372036854775807", VERIFY_OK},
    {"active directory: never expires, either", LDAP_MAKE_ACTIVE_DIRECTORY, "accountExpires", "0",
     VERIFY_OK},
    {"active directory: expired this second", LDAP_MAKE_ACTIVE_DIRECTORY, "accountExpires",
     "134143344000000000", VERIFY_ACCOUNT_EXPIRED},
    {"active directory: expires in a second", LDAP_MAKE_ACTIVE_DIRECTORY, "accountExpires",
     "134143344010000000", VERIFY_OK},
    {"global catalog: ACCOUNTDISABLE", LDAP_MAKE_AD_GLOBAL_CATALOG, "userAccountControl", "514",
     VERIFY_DISABLED},
    {"edirectory: disabled", LDAP_MAKE_EDIRECTORY, "loginDisabled", "TRUE", VERIFY_DISABLED},
    {"edirectory: not disabled", LDAP_MAKE_EDIRECTORY, "loginDisabled", "FALSE", VERIFY_OK},
    {"edirectory: expired", LDAP_MAKE_EDIRECTORY, "loginExpirationTime", "20200101000000Z",
     VERIFY_ACCOUNT_EXPIRED},
    {"sun: locked", LDAP_MAKE_SUN, "nsAccountLock", "TRUE", VERIFY_DISABLED},
    {"sun: not locked", LDAP_MAKE_SUN, "nsAccountLock", "false", VERIFY_OK},
    {"sun: inactive", LDAP_MAKE_SUN, "inetUserStatus", "inactive", VERIFY_DISABLED},
    {"sun: deleted", LDAP_MAKE_SUN, "inetUserStatus", "Deleted", VERIFY_DISABLED},
    {"sun: active", LDAP_MAKE_SUN, "inetUserStatus", "active", VERIFY_OK},
};

/* What the first mark says that is set. */
static enum verify_outcome
judge(const struct mark_case *test)
{
    const struct ldap_directory *directory = ldap_directory(test->make);
    bool is_known = false;
    for (size_t i = 0; i < LDAP_MARKS_MAX && directory->marks[i].attribute != NULL; i++) {
        if (strcmp(directory->marks[i].attribute, test->attribute) != 0)
            continue;
        is_known = true;
        enum verify_outcome outcome = ldap_mark_judge(&directory->marks[i], test->value, now_s);
        if (outcome != VERIFY_OK)
            return outcome;
    }
    if (!is_known)
        fail_msg("%s: no mark", test->name);
    return VERIFY_OK;
}

static void
marks_shut_accounts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum verify_outcome outcome = judge(&cases[i]);
        if (outcome != cases[i].want)
            fail_msg("%s: %s", cases[i].name, verify_outcome_name(outcome));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(marks_shut_accounts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
