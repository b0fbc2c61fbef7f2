#include "domain.h"

#include <stdbool.h>

#include "ascii.h"
#include "utf8.h"

static bool
is_label_byte(char c)
{
    return ascii_is_alnum(c) || c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

static int
check_label(const char *bytes, size_t length, struct err *err)
{
    if (length == 0) {
        err_set(err, "the domain is empty or has an empty label");
        return -1;
    }
    if (length > DOMAIN_LABEL_MAX) {
        err_set(err, "a label of the domain is longer than %d bytes", DOMAIN_LABEL_MAX);
        return -1;
    }
    if (bytes[0] == '-' || bytes[length - 1] == '-') {
        err_set(err, "a label of the domain begins or ends with a hyphen");
        return -1;
    }
    for (size_t i = 0; i < length; i++)
        if (!is_label_byte(bytes[i])) {
            err_set(err, "the domain has a character that no domain may have");
            return -1;
        }
    return 0;
}

int
domain_check(const char *bytes, size_t length, struct err *err)
{
    if (length > DOMAIN_MAX) {
        err_set(err, "the domain is longer than %d bytes", DOMAIN_MAX);
        return -1;
    }
    if (!utf8_is_printable(bytes, length)) {
        err_set(err, "the domain has a control character or is not UTF-8");
        return -1;
    }
    size_t start = 0;
    for (size_t i = 0; i <= length; i++)
        if (i == length || bytes[i] == '.') {
            if (check_label(bytes + start, i - start, err) != 0)
                return -1;
            start = i + 1;
        }
    return 0;
}
