#include <string.h>

#include "base64.h"
#include "stored_family.h"

int
stored_damaged(struct err *err)
{
    err_set(err, "the stored password is cut or damaged (its length or its characters are not "
                 "those of its scheme)");
    return -1;
}

int
stored_take_until(struct bytes *from, char end, struct bytes *part_r)
{
    const char *start = from->start;
    const char *found = from->length > 0 ? memchr(start, end, from->length) : NULL;
    if (found == NULL)
        return -1;
    size_t length = (size_t)(found - start);
    *part_r = (struct bytes){start, length};
    *from = (struct bytes){found + 1, from->length - length - 1};
    return 0;
}

int
stored_take_text(struct bytes *from, const char *text)
{
    size_t length = strlen(text);
    if (from->length < length || memcmp(from->start, text, length) != 0)
        return -1;
    *from = (struct bytes){(const char *)from->start + length, from->length - length};
    return 0;
}

int
stored_take_number(struct bytes *from, unsigned *number_r)
{
    enum { DIGITS_MAX = 9 };
    const char *digits = from->start;
    size_t count = 0;
    *number_r = 0;
    for (; count < from->length && digits[count] >= '0' && digits[count] <= '9'; count++) {
        if (count == DIGITS_MAX)
            return -1;
        *number_r = *number_r * 10 + (unsigned)(digits[count] - '0');
    }
    if (count == 0 || (digits[0] == '0' && count > 1))
        return -1;
    *from = (struct bytes){digits + count, from->length - count};
    return 0;
}

static void
replace(char *text, size_t length, char old, char new)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] == old)
            text[i] = new;
}

ssize_t
stored_decode(struct bytes text, enum stored_base64 kind, unsigned char bytes_r[STORED_VALUE_MAX])
{
    char *to = (char *)bytes_r;
    size_t length = text.length;
    if (length > STORED_VALUE_MAX - 4)
        return -1;
    if (length == 0)
        return 0;
    memcpy(to, text.start, length);
    if (kind != STORED_BASE64) {
        if (to[length - 1] == '=')
            return -1;
        while (length % 4 != 0)
            to[length++] = '=';
    }
    if (kind == STORED_BASE64_ADAPTED) {
        if (memchr(to, '+', length) != NULL)
            return -1;
        replace(to, length, '.', '+');
    }
    return base64_decode(to, length, to);
}

char *
stored_encode(struct bytes bytes, enum stored_base64 kind, char *text_r)
{
    char *end = base64_encode(bytes.start, bytes.length, text_r);
    while (kind != STORED_BASE64 && end > text_r && end[-1] == '=')
        end--;
    if (kind == STORED_BASE64_ADAPTED)
        replace(text_r, (size_t)(end - text_r), '+', '.');
    *end = '\0';
    return end;
}
