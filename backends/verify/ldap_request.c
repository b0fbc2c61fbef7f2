#include "ldap_request.h"

#include <assert.h>
#include <string.h>

#include "ldap_ber.h"

enum {
    HEADER = LDAP_BER_HEADER,
    LONGEST = 1 << 20,
    LDAP_VERSION = 3,
    POLICY_LENGTH = sizeof LDAP_POLICY_CONTROL - 1,
    CONTROL_LENGTH = HEADER + POLICY_LENGTH, /* a control is a sequence of its name and more */
    CONTROLS_LENGTH = HEADER + CONTROL_LENGTH,
};

/* Writes a message's beginning for so many bytes behind the number. */
static char *
begin_message(struct secret *bytes_r, int32_t message, size_t length)
{
    assert(message >= LDAP_REQUEST_FIRST);
    length += LDAP_BER_MESSAGE_NUMBER;
    char *to = secret_reserve(bytes_r, HEADER + length);
    bytes_r->length = HEADER + length;
    to = ldap_ber_put_header(to, LDAP_BER_SEQUENCE, length);
    return ldap_ber_put_message_number(to, message);
}

static char *
put_text(char *to, const char *text)
{
    return ldap_ber_put_bytes(to, LDAP_BER_OCTET_STRING, text, strlen(text));
}

int
ldap_request_bind(int32_t message, const char *dn, const struct secret *password,
                  struct secret *bytes_r)
{
    size_t dn_length = strlen(dn);
    if (dn_length > LONGEST || password->length > LONGEST)
        return -1;
    size_t length = LDAP_BER_DIGIT + HEADER + dn_length + HEADER + password->length;

    char *to = begin_message(bytes_r, message, HEADER + length + HEADER + CONTROLS_LENGTH);
    to = ldap_ber_put_header(to, LDAP_BER_BIND_REQUEST, length);
    to = ldap_ber_put_digit(to, LDAP_BER_INTEGER, LDAP_VERSION);
    to = put_text(to, dn);
    to = ldap_ber_put_bytes(to, LDAP_BER_SIMPLE, password->bytes, password->length);
    to = ldap_ber_put_header(to, LDAP_BER_CONTROLS, CONTROLS_LENGTH);
    to = ldap_ber_put_header(to, LDAP_BER_SEQUENCE, CONTROL_LENGTH);
    to = put_text(to, LDAP_POLICY_CONTROL);
    assert(to == bytes_r->bytes + bytes_r->length);
    return 0;
}

int
ldap_request_compare(int32_t message, const char *dn, const char *attribute,
                     const struct secret *password, struct secret *bytes_r)
{
    size_t dn_length = strlen(dn), attribute_length = strlen(attribute);
    if (dn_length > LONGEST || attribute_length > LONGEST || password->length > LONGEST)
        return -1;
    size_t assertion_length = HEADER + attribute_length + HEADER + password->length;
    size_t length = HEADER + dn_length + HEADER + assertion_length;

    char *to = begin_message(bytes_r, message, HEADER + length);
    to = ldap_ber_put_header(to, LDAP_BER_COMPARE_REQUEST, length);
    to = put_text(to, dn);
    to = ldap_ber_put_header(to, LDAP_BER_SEQUENCE, assertion_length);
    to = put_text(to, attribute);
    to = ldap_ber_put_bytes(to, LDAP_BER_OCTET_STRING, password->bytes, password->length);
    assert(to == bytes_r->bytes + bytes_r->length);
    return 0;
}
