/* What directories answer to binds, in their own words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ldap_diagnosis.h"

#define AD(code)  "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, " code
#define NDS(text) "NDS error: " text

static const struct diagnosis_case {
    const char *name;
    int code;
    const char *text;
    enum verify_outcome want;
} by_text[] = {
    {"success", 0, NULL, VERIFY_OK},
    {"success with a text", 0, "", VERIFY_OK},
    {"success, whatever the text is about", 0, AD("data 52e, v4563"), VERIFY_OK},
    {"eDirectory's success by a grace login", 0, NDS("password expired (-223)"), VERIFY_OK},

    {"slapd: invalid credentials", 49, "", VERIFY_WRONG_PASSWORD},
    {"no text", 49, NULL, VERIFY_WRONG_PASSWORD},
    {"Domino: invalid credentials", 49, "Failed, invalid credentials for CN=Anna/O=Acme",
     VERIFY_WRONG_PASSWORD},
    {"389: invalid credentials", 49, "Invalid credentials", VERIFY_WRONG_PASSWORD},

    {"AD: a wrong password", 49, AD("data 52e, v4563"), VERIFY_WRONG_PASSWORD},
    {"AD: a wrong password by its other number", 49, AD("data 56, v4563"), VERIFY_WRONG_PASSWORD},
    {"AD: capitals", 49, AD("data 52E, v4563"), VERIFY_WRONG_PASSWORD},
    {"AD: no such user", 49, AD("data 525, v4563"), VERIFY_UNKNOWN_USER},
    {"AD: an account restriction", 49, AD("data 52f, v4563"), VERIFY_NOT_ALLOWED},
    {"AD: not at this time", 49, AD("data 530, v4563"), VERIFY_NOT_ALLOWED},
    {"AD: not from this workstation", 49, AD("data 531, v4563"), VERIFY_NOT_ALLOWED},
    {"AD: the logon type is not granted", 49, AD("data 569, v4563"), VERIFY_NOT_ALLOWED},
    {"AD: an expired password", 49, AD("data 532, v4563"), VERIFY_PASSWORD_EXPIRED},
    {"AD: a disabled account", 49, AD("data 533, v4563"), VERIFY_DISABLED},
    {"AD: an expired account", 49, AD("data 701, v4563"), VERIFY_ACCOUNT_EXPIRED},
    {"AD: a password that must be changed", 49, AD("data 773, v4563"), VERIFY_MUST_CHANGE},
    {"AD: a locked account", 49, AD("data 775, v4563"), VERIFY_LOCKED},
    {"Samba, which ends with a NUL or a v of its own", 49, AD("data 775, v1db1"), VERIFY_LOCKED},
    {"AD: no domain controller", 49, AD("data 51f, v4563"), VERIFY_UNAVAILABLE},
    {"AD: a broken trust", 49, AD("data 6fd, v4563"), VERIFY_UNAVAILABLE},
    {"AD: no reason", 49, AD("data 0, v4563"), VERIFY_UNAVAILABLE},
    {"AD: a longer number", 49, AD("data 52e1, v4563"), VERIFY_UNAVAILABLE},
    {"AD: no number", 49, AD("data "), VERIFY_UNAVAILABLE},
    {"AD: the signing that it wants", 8,
     "00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity "
     "checking if SSL\\TLS are not already active on the connection, data 0, v4563",
     VERIFY_UNAVAILABLE},

    {"eDirectory: a wrong password", 49, NDS("failed authentication (-669)"),
     VERIFY_WRONG_PASSWORD},
    {"eDirectory: an intruder lockout", 53, NDS("login lockout (-197)"), VERIFY_LOCKED},
    {"eDirectory: an intruder lockout with 49", 49, NDS("login lockout (-197)"), VERIFY_LOCKED},
    {"eDirectory: disabled or expired", 53, NDS("log account expired (-220)"), VERIFY_DISABLED},
    {"eDirectory: an expired password without grace", 49, NDS("bad password (-222)"),
     VERIFY_PASSWORD_EXPIRED},
    {"eDirectory: too many logins", 53, NDS("maximum logins exceeded or Q stn not server (-217)"),
     VERIFY_NOT_ALLOWED},
    {"eDirectory: not at this time", 53, NDS("bad login time or Q halted (-218)"),
     VERIFY_NOT_ALLOWED},
    {"eDirectory: not from there", 53, NDS("unauthorized login station (-219)"),
     VERIFY_NOT_ALLOWED},
    {"eDirectory before 8.8: no such entry", 32, NDS("no such entry (-601)"), VERIFY_UNKNOWN_USER},
    {"eDirectory: the system failed", 49, NDS("system failure (-632)"), VERIFY_UNAVAILABLE},
    {"eDirectory: a text without a number", 49, NDS("something"), VERIFY_WRONG_PASSWORD},

    {"Sun: inactivated", 53, "Account inactivated. Contact system administrator.", VERIFY_DISABLED},
    {"RadiantOne: inactivated", 53,
     "Account inactivated. Contact system administrator to activate this account.",
     VERIFY_DISABLED},
    {"389: locked for a time", 19, "Exceed password retry limit. Please try later.", VERIFY_LOCKED},
    {"389: locked for good", 19,
     "Exceed password retry limit. Contact system administrator to reset.", VERIFY_LOCKED},
    {"389: locked for want of use", 19,
     "Account inactivity limit exceeded. Contact system administrator to reset.", VERIFY_LOCKED},
    {"389: an expired password", 49, "password expired!", VERIFY_PASSWORD_EXPIRED},
    {"FreeIPA: locked", 53, "Too many failed logins.\n", VERIFY_LOCKED},
    {"FreeIPA: locked for good", 53, "Entry permanently locked.\n", VERIFY_LOCKED},
    {"FreeIPA: an expired principal", 53, "Account (Kerberos principal) is expired",
     VERIFY_ACCOUNT_EXPIRED},

    {"unwilling, nobody knows why", 53, "unauthenticated bind (DN with no password) disallowed",
     VERIFY_UNAVAILABLE},
    {"unwilling without a text", 53, "", VERIFY_UNAVAILABLE},
    {"a constraint, nobody knows which", 19, "", VERIFY_UNAVAILABLE},
    {"no such object is no evidence: the base may be wrong", 32, "", VERIFY_UNAVAILABLE},
    {"a text of 53 with another code", 1, "Account inactivated. Contact system administrator.",
     VERIFY_UNAVAILABLE},
    {"busy", 51, "", VERIFY_UNAVAILABLE},
    {"unavailable", 52, "", VERIFY_UNAVAILABLE},
    {"confidentiality required", 13, "confidentiality required", VERIFY_UNAVAILABLE},
    {"insufficient access", 50, "", VERIFY_UNAVAILABLE},
    {"an internal error", 80, "internal error", VERIFY_UNAVAILABLE},
    {"compare true is no answer to a bind", 6, "", VERIFY_UNAVAILABLE},
    {"a code that nobody knows", 4711, "", VERIFY_UNAVAILABLE},
    {"a negative code", -1, "", VERIFY_UNAVAILABLE},
};

static void
test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof by_text / sizeof by_text[0]; i++) {
        const struct diagnosis_case *test = &by_text[i];
        print_message("%s\n", test->name);
        assert_int_equal(ldap_diagnosis(test->code, test->text, &(struct ldap_policy){0}),
                         test->want);
    }
}

#define SPOKE_ERROR(number)                                      \
    {                                                            \
        .has_spoken = true, .has_error = true, .error = (number) \
    }
#define SPOKE_NOTHING      \
    {                      \
        .has_spoken = true \
    }
#define EXPIRED              \
    {                        \
        .says_expired = true \
    }

static const struct policy_case {
    const char *name;
    int code;
    const char *text;
    struct ldap_policy policy;
    enum verify_outcome want;
} by_policy[] = {
    {"success without an error", 0, "", SPOKE_NOTHING, VERIFY_OK},
    {"success that has to be changed", 0, "", SPOKE_ERROR(2), VERIFY_MUST_CHANGE},
    {"success and expired contradict each other", 0, "", SPOKE_ERROR(0), VERIFY_PASSWORD_EXPIRED},
    {"success and locked contradict each other", 0, "", SPOKE_ERROR(1), VERIFY_LOCKED},
    {"success with an error about changing", 0, "", SPOKE_ERROR(5), VERIFY_OK},
    {"refused without an error", 49, "", SPOKE_NOTHING, VERIFY_WRONG_PASSWORD},
    {"slapd: expired", 49, "", SPOKE_ERROR(0), VERIFY_PASSWORD_EXPIRED},
    {"slapd: locked", 49, "", SPOKE_ERROR(1), VERIFY_LOCKED},
    {"refused and to be changed", 49, "", SPOKE_ERROR(2), VERIFY_MUST_CHANGE},
    {"refused with an error about changing", 49, "", SPOKE_ERROR(3), VERIFY_WRONG_PASSWORD},
    {"refused with an error of the future", 49, "", SPOKE_ERROR(99), VERIFY_WRONG_PASSWORD},
    {"unwilling: locked", 53, "", SPOKE_ERROR(1), VERIFY_LOCKED},
    {"unwilling without an error", 53, "", SPOKE_NOTHING, VERIFY_UNAVAILABLE},
    {"389: the text knows disabled from locked", 53,
     "Account inactivated. Contact system administrator.", SPOKE_ERROR(1), VERIFY_DISABLED},
    {"busy whatever the policy says", 51, "", SPOKE_ERROR(1), VERIFY_UNAVAILABLE},
    {"Netscape: success that has to be changed", 0, "", EXPIRED, VERIFY_MUST_CHANGE},
    {"Netscape: expired", 49, "", EXPIRED, VERIFY_PASSWORD_EXPIRED},
    {"389: a grace login", 0, "", {.says_expired = true, .has_spoken = true}, VERIFY_OK},
};

static void
test_policies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof by_policy / sizeof by_policy[0]; i++) {
        const struct policy_case *test = &by_policy[i];
        print_message("%s\n", test->name);
        assert_int_equal(ldap_diagnosis(test->code, test->text, &test->policy), test->want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts),
                                       cmocka_unit_test(test_policies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
