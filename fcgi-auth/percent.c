#include "percent.h"

#include <string.h>

static int
hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)((found - digits) % 16) : -1;
}

ssize_t
percent_decode(const char *text, char *decoded_r)
{
    size_t length = 0;
    while (*text != '\0') {
        char byte = *text++;
        if (byte == '%') {
            int high = hex_digit(text[0]);
            int low = high >= 0 ? hex_digit(text[1]) : -1;
            if (low < 0)
                return -1;
            byte = (char)(high * 16 + low);
            text += 2;
        }
        decoded_r[length++] = byte;
    }
    return (ssize_t)length;
}
