#include "auth_name.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool
is_of_sendmail(const char *version)
{
    return version != NULL && isdigit((unsigned char)version[0]);
}

/* A "+" is followed by two digits of 16, in upper case. */
static int
digit(char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *place = c != '\0' ? strchr(digits, c) : NULL;
    return place != NULL ? (int)(place - digits) : -1;
}

static int
decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '+') {
            *to++ = *from;
            continue;
        }
        int high = digit(from[1]);
        int low = high >= 0 ? digit(from[2]) : -1;
        if (low < 0 || high + low == 0)
            return -1;
        *to++ = (char)(16 * high + low);
        from += 2;
    }
    *to = '\0';
    return 0;
}

int
auth_name_read(const char *macro, const char *version, char name_r[USERNAME_ENCODED_MAX + 1])
{
    int length = snprintf(name_r, USERNAME_ENCODED_MAX + 1, "%s", macro);
    if (length > USERNAME_ENCODED_MAX)
        return -1;
    return is_of_sendmail(version) ? decode(name_r) : 0;
}
