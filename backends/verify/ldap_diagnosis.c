#include "ldap_diagnosis.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Result codes of RFC 4511. */
enum {
    SUCCESS = 0,
    CONSTRAINT_VIOLATION = 19,
    NO_SUCH_OBJECT = 32,
    INVALID_CREDENTIALS = 49,
    UNWILLING_TO_PERFORM = 53,
};

/* Errors of a password policy. */
enum { POLICY_PASSWORD_EXPIRED = 0, POLICY_ACCOUNT_LOCKED = 1, POLICY_CHANGE_AFTER_RESET = 2 };

/* Windows error codes that are about the account or its password. Others say that no domain
 * controller can be reached (51f), that a trust is broken, or what we do not know. */
static const struct reason {
    long number;
    enum verify_outcome outcome;
} windows_reasons[] = {
    {0x056, VERIFY_WRONG_PASSWORD},   {0x525, VERIFY_UNKNOWN_USER},
    {0x52e, VERIFY_WRONG_PASSWORD},   {0x52f, VERIFY_NOT_ALLOWED}, /* account restriction */
    {0x530, VERIFY_NOT_ALLOWED},                                   /* not at this time */
    {0x531, VERIFY_NOT_ALLOWED},                                   /* not from this workstation */
    {0x532, VERIFY_PASSWORD_EXPIRED}, {0x533, VERIFY_DISABLED},
    {0x569, VERIFY_NOT_ALLOWED}, /* not in this way (logon type) */
    {0x701, VERIFY_ACCOUNT_EXPIRED},  {0x773, VERIFY_MUST_CHANGE},
    {0x775, VERIFY_LOCKED},           {0, VERIFY_UNAVAILABLE},
};

/* eDirectory's. -222 comes when an expired password has no grace logins left; -220 for disabled
 * accounts as for expired ones. */
static const struct reason nds_reasons[] = {
    {-197, VERIFY_LOCKED},      /* by intruder detection */
    {-217, VERIFY_NOT_ALLOWED}, /* too many logins at once */
    {-218, VERIFY_NOT_ALLOWED}, /* not at this time */
    {-219, VERIFY_NOT_ALLOWED}, /* not from this address */
    {-220, VERIFY_DISABLED},     {-222, VERIFY_PASSWORD_EXPIRED}, {-223, VERIFY_PASSWORD_EXPIRED},
    {-601, VERIFY_UNKNOWN_USER}, {-669, VERIFY_WRONG_PASSWORD},   {0, VERIFY_UNAVAILABLE},
};

/* Of Sun, 389 and FreeIPA. */
static const struct {
    const char *beginning;
    int code;
    enum verify_outcome outcome;
} texts[] = {
    {"Account inactivated", UNWILLING_TO_PERFORM, VERIFY_DISABLED},
    {"Account inactivity limit exceeded", CONSTRAINT_VIOLATION, VERIFY_LOCKED},
    {"Exceed password retry limit", CONSTRAINT_VIOLATION, VERIFY_LOCKED},
    {"password expired", INVALID_CREDENTIALS, VERIFY_PASSWORD_EXPIRED},
    {"Too many failed logins", UNWILLING_TO_PERFORM, VERIFY_LOCKED},
    {"Entry permanently locked", UNWILLING_TO_PERFORM, VERIFY_LOCKED},
    {"Account (Kerberos principal) is expired", UNWILLING_TO_PERFORM, VERIFY_ACCOUNT_EXPIRED},
};

static enum verify_outcome
find_reason(const struct reason *reasons, long number)
{
    while (reasons->number != 0 && reasons->number != number)
        reasons++;
    return reasons->outcome;
}

/* Returns whether the text says more than the code. */
static bool
read_text(int code, const char *text, enum verify_outcome *outcome_r)
{
    static const char windows[] = "AcceptSecurityContext error, data ", nds[] = "NDS error: ";
    const char *reason = strstr(text, windows);
    if (reason != NULL && code == INVALID_CREDENTIALS) {
        *outcome_r = find_reason(windows_reasons, strtol(reason + strlen(windows), NULL, 16));
        return true;
    }
    reason = strstr(text, nds);
    if (reason != NULL && (reason = strrchr(reason, '(')) != NULL) {
        *outcome_r = find_reason(nds_reasons, strtol(reason + 1, NULL, 10));
        return true;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (code == texts[i].code && strstr(text, texts[i].beginning) != NULL) {
            *outcome_r = texts[i].outcome;
            return true;
        }
    return false;
}

/* What the policy says about an account, or what holds without it. */
static enum verify_outcome
ask_policy(const struct ldap_policy *policy, enum verify_outcome expired,
           enum verify_outcome otherwise)
{
    if (policy->has_error && policy->error == POLICY_PASSWORD_EXPIRED)
        return VERIFY_PASSWORD_EXPIRED;
    if (policy->has_error && policy->error == POLICY_ACCOUNT_LOCKED)
        return VERIFY_LOCKED;
    if (policy->has_error && policy->error == POLICY_CHANGE_AFTER_RESET)
        return VERIFY_MUST_CHANGE;
    /* A policy that has spoken without an error lets in, if only by grace. */
    return policy->says_expired && !policy->has_spoken ? expired : otherwise;
}

enum verify_outcome
ldap_diagnosis(int code, const char *text, const struct ldap_policy *policy)
{
    enum verify_outcome outcome;
    if (code == SUCCESS)
        return ask_policy(policy, VERIFY_MUST_CHANGE, VERIFY_OK);
    bool is_about_account = code == INVALID_CREDENTIALS || code == UNWILLING_TO_PERFORM ||
                            code == CONSTRAINT_VIOLATION || code == NO_SUCH_OBJECT;
    if (!is_about_account)
        return VERIFY_UNAVAILABLE;
    if (text != NULL && read_text(code, text, &outcome))
        return outcome;
    return ask_policy(policy, VERIFY_PASSWORD_EXPIRED,
                      code == INVALID_CREDENTIALS ? VERIFY_WRONG_PASSWORD : VERIFY_UNAVAILABLE);
}
