#include "ldap_ber.h"

#include <string.h>

enum { LONG_LENGTH = 0x80, LENGTH_BYTES_MAX = 4, TAG_GOES_ON = 0x1f };

static char *
put_number(char *to, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *to++ = (char)(number >> shift & 0xff);
    return to;
}

char *
ldap_ber_put_header(char *to, enum ldap_ber_tag tag, size_t length)
{
    *to++ = (char)tag;
    *to++ = (char)(LONG_LENGTH + 4);
    return put_number(to, (uint32_t)length);
}

char *
ldap_ber_put_bytes(char *to, enum ldap_ber_tag tag, const char *bytes, size_t length)
{
    to = ldap_ber_put_header(to, tag, length);
    if (length > 0)
        memcpy(to, bytes, length);
    return to + length;
}

char *
ldap_ber_put_digit(char *to, enum ldap_ber_tag tag, int digit)
{
    *to++ = (char)tag;
    *to++ = 1;
    *to++ = (char)digit;
    return to;
}

char *
ldap_ber_put_message_number(char *to, int32_t number)
{
    *to++ = LDAP_BER_INTEGER;
    *to++ = 4;
    return put_number(to, (uint32_t)number);
}

bool
ldap_ber_next_is(const struct ldap_ber *from, unsigned tag)
{
    return from->length > 0 && from->start[0] == tag;
}

static unsigned
take_byte(struct ldap_ber *from)
{
    from->length--;
    return *from->start++;
}

int
ldap_ber_take_any(struct ldap_ber *from, unsigned *tag_r, struct ldap_ber *contents_r)
{
    struct ldap_ber rest = *from;
    if (rest.length < 2)
        return -1;
    *tag_r = take_byte(&rest);
    if ((*tag_r & TAG_GOES_ON) == TAG_GOES_ON)
        return -1; /* LDAP has none above 30 */
    size_t length = take_byte(&rest);
    if (length >= LONG_LENGTH) {
        size_t bytes = length - LONG_LENGTH;
        if (bytes == 0 || bytes > LENGTH_BYTES_MAX || bytes > rest.length)
            return -1;
        for (length = 0; bytes > 0; bytes--)
            length = length << 8 | take_byte(&rest);
    }
    if (length > rest.length)
        return -1;
    *contents_r = (struct ldap_ber){rest.start, length};
    *from = (struct ldap_ber){rest.start + length, rest.length - length};
    return 0;
}

int
ldap_ber_take(struct ldap_ber *from, unsigned tag, struct ldap_ber *contents_r)
{
    unsigned seen;
    return ldap_ber_next_is(from, tag) ? ldap_ber_take_any(from, &seen, contents_r) : -1;
}

int
ldap_ber_take_number(struct ldap_ber *from, unsigned tag, int32_t *number_r)
{
    struct ldap_ber contents;
    if (ldap_ber_take(from, tag, &contents) != 0 || contents.length < 1 || contents.length > 4)
        return -1;
    uint32_t number = contents.start[0] >= 0x80 ? UINT32_MAX : 0;
    for (size_t i = 0; i < contents.length; i++)
        number = number << 8 | contents.start[i];
    *number_r = (int32_t)number;
    return 0;
}
