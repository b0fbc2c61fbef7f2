#include "base64.h"

enum { PADDING = 64, NO_DIGIT = -1 };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

char *
base64_encode(const char *bytes, size_t length, char *text_r)
{
    for (size_t i = 0; i < length; i += 3) {
        const size_t left = length - i;
        unsigned group = (unsigned)(unsigned char)bytes[i] << 16;
        group |= left > 1 ? (unsigned)(unsigned char)bytes[i + 1] << 8 : 0;
        group |= left > 2 ? (unsigned)(unsigned char)bytes[i + 2] : 0;
        *text_r++ = digits[group >> 18];
        *text_r++ = digits[group >> 12 & 63];
        *text_r++ = digits[left > 1 ? group >> 6 & 63 : PADDING];
        *text_r++ = digits[left > 2 ? group & 63 : PADDING];
    }
    return text_r;
}

static int
value_of(char digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9')
        return digit - '0' + 52;
    if (digit == '+')
        return 62;
    return digit == '/' ? 63 : NO_DIGIT;
}

/* Reads count digits and gives the group the form that four have. Returns 0 or -1. */
static int
read_group(const char *text, size_t count, unsigned *group_r)
{
    *group_r = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < count ? value_of(text[i]) : 0;
        if (value == NO_DIGIT)
            return -1;
        *group_r = *group_r << 6 | (unsigned)value;
    }
    return 0;
}

ssize_t
base64_decode(const char *text, size_t length, char *bytes_r)
{
    if (length % 4 != 0)
        return -1;
    char *to = bytes_r;
    for (size_t i = 0; i < length; i += 4) {
        size_t count = 4; /* digits of this group */
        if (i + 4 == length && text[i + 3] == '=')
            count = text[i + 2] == '=' ? 2 : 3;
        unsigned group;
        if (read_group(text + i, count, &group) != 0)
            return -1;
        unsigned unused = count == 4 ? 0 : count == 3 ? 0xff : 0xffff;
        if ((group & unused) != 0)
            return -1;
        *to++ = (char)(group >> 16);
        if (count > 2)
            *to++ = (char)(group >> 8 & 0xff);
        if (count > 3)
            *to++ = (char)(group & 0xff);
    }
    return to - bytes_r;
}
