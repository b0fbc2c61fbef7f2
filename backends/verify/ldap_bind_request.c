#include "ldap_bind_request.h"

#include <assert.h>
#include <string.h>

/* Lengths are written with four bytes always, as Active Directory does: then everything's place is
 * known beforehand. Message numbers from 0x01000000 on need four bytes as well. */
enum { HEADER = 6, INTEGER4 = 6, INTEGER1 = 3, LONGEST = 1 << 20 };

enum ber_tag { /* what one is called on the wire */
               BER_INTEGER = 0x02,
               BER_OCTET_STRING = 0x04,
               BER_SEQUENCE = 0x30,
               BER_BIND_REQUEST = 0x60,
               BER_SIMPLE = 0x80,
};

static char *
put_number(char *to, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *to++ = (char)(number >> shift & 0xff);
    return to;
}

static char *
put_header(char *to, enum ber_tag tag, size_t length)
{
    *to++ = (char)tag;
    *to++ = (char)0x84;
    return put_number(to, (uint32_t)length);
}

static char *
put_bytes(char *to, enum ber_tag tag, const char *bytes, size_t length)
{
    to = put_header(to, tag, length);
    memcpy(to, bytes, length);
    return to + length;
}

int
ldap_bind_request(int32_t message, const char *dn, const struct secret *password,
                  struct secret *bytes_r)
{
    assert(message >= LDAP_BIND_MESSAGE_FIRST);
    size_t dn_length = strlen(dn);
    if (dn_length > LONGEST || password->length > LONGEST)
        return -1;
    size_t bind_length = INTEGER1 + HEADER + dn_length + HEADER + password->length;
    size_t length = INTEGER4 + HEADER + bind_length;

    char *to = secret_reserve(bytes_r, HEADER + length);
    to = put_header(to, BER_SEQUENCE, length);
    *to++ = BER_INTEGER;
    *to++ = 4;
    to = put_number(to, (uint32_t)message);
    to = put_header(to, BER_BIND_REQUEST, bind_length);
    *to++ = BER_INTEGER;
    *to++ = 1;
    *to++ = 3; /* LDAPv3 */
    to = put_bytes(to, BER_OCTET_STRING, dn, dn_length);
    to = put_bytes(to, BER_SIMPLE, password->bytes, password->length);
    bytes_r->length = HEADER + length;
    assert(to == bytes_r->bytes + bytes_r->length);
    return 0;
}
