#include "ldap_reply.h"

#include <string.h>

#include "ldap_ber.h"
#include "ldap_request.h"

/* Netscape's and its heirs' word for it (draft-vchu-ldap-pwd-policy-00 4). */
#define EXPIRED_CONTROL "2.16.840.1.113730.3.4.4"

enum { WARNING = 0xa0 }; /* [0] of the policy's value */

static void
copy_text(struct ldap_ber text, char text_r[LDAP_REPLY_TEXT_MAX])
{
    size_t length = text.length < LDAP_REPLY_TEXT_MAX ? text.length : LDAP_REPLY_TEXT_MAX - 1;
    if (length > 0)
        memcpy(text_r, text.start, length);
    text_r[length] = '\0';
}

/* LDAPResult (RFC 4511 4.1.9); what may come behind the text is skipped. */
static int
read_result(struct ldap_ber from, struct ldap_reply *reply)
{
    struct ldap_ber matched, text, other;
    unsigned tag;
    if (ldap_ber_take_number(&from, LDAP_BER_ENUMERATED, &reply->code) != 0 ||
        ldap_ber_take(&from, LDAP_BER_OCTET_STRING, &matched) != 0 ||
        ldap_ber_take(&from, LDAP_BER_OCTET_STRING, &text) != 0)
        return -1;
    copy_text(text, reply->text);
    while (from.length > 0)
        if (ldap_ber_take_any(&from, &tag, &other) != 0)
            return -1;
    return 0;
}

/* PasswordPolicyResponseValue: { [0] warning OPTIONAL, [1] error OPTIONAL }. */
static int
read_policy(struct ldap_ber value, struct ldap_policy *policy)
{
    struct ldap_ber from, warning;
    int32_t error;
    if (ldap_ber_take(&value, LDAP_BER_SEQUENCE, &from) != 0 || value.length > 0)
        return -1;
    policy->has_spoken = true;
    if (ldap_ber_next_is(&from, WARNING) && ldap_ber_take(&from, WARNING, &warning) != 0)
        return -1;
    if (ldap_ber_next_is(&from, LDAP_BER_POLICY_ERROR)) {
        if (ldap_ber_take_number(&from, LDAP_BER_POLICY_ERROR, &error) != 0)
            return -1;
        policy->has_error = true;
        policy->error = error;
    }
    return from.length == 0 ? 0 : -1;
}

static bool
is_text(struct ldap_ber bytes, const char *text)
{
    return bytes.length == strlen(text) && memcmp(bytes.start, text, bytes.length) == 0;
}

/* Control: { name, critical DEFAULT FALSE, value OPTIONAL }. */
static int
read_control(struct ldap_ber from, struct ldap_policy *policy)
{
    struct ldap_ber name, critical, value = {0};
    if (ldap_ber_take(&from, LDAP_BER_OCTET_STRING, &name) != 0)
        return -1;
    if (ldap_ber_next_is(&from, LDAP_BER_BOOLEAN) &&
        ldap_ber_take(&from, LDAP_BER_BOOLEAN, &critical) != 0)
        return -1;
    if (from.length > 0 && ldap_ber_take(&from, LDAP_BER_OCTET_STRING, &value) != 0)
        return -1;
    if (from.length > 0)
        return -1;
    if (is_text(name, EXPIRED_CONTROL))
        policy->says_expired = true;
    return is_text(name, LDAP_POLICY_CONTROL) ? read_policy(value, policy) : 0;
}

static int
read_controls(struct ldap_ber from, struct ldap_policy *policy)
{
    while (from.length > 0) {
        struct ldap_ber control;
        if (ldap_ber_take(&from, LDAP_BER_SEQUENCE, &control) != 0 ||
            read_control(control, policy) != 0)
            return -1;
    }
    return 0;
}

int
ldap_reply_parse(const void *contents, size_t length, struct ldap_reply *reply_r)
{
    *reply_r = (struct ldap_reply){0};
    struct ldap_ber from = {contents, length}, result, controls = {0};
    if (ldap_ber_take_number(&from, LDAP_BER_INTEGER, &reply_r->message) != 0 ||
        ldap_ber_take_any(&from, &reply_r->operation, &result) != 0 ||
        read_result(result, reply_r) != 0)
        return -1;
    if (from.length > 0 && ldap_ber_take(&from, LDAP_BER_CONTROLS, &controls) != 0)
        return -1;
    if (from.length > 0)
        return -1;
    return read_controls(controls, &reply_r->policy);
}
