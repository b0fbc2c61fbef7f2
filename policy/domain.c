#include "domain.h"

#include <stdbool.h>

#include "ascii.h"
#include "utf8.h"

/* Blocks in which no character may be in a domain (RFC 5892), and which kind software takes for
 * letters, digits and dots, or for nothing at all: "ａｃｍｅ.example", "acme。example". */
static const struct {
    uint32_t first, last;
} look_alikes[] = {
    {0xa0, 0xad},       /* no-break space to soft hyphen */
    {0x34f, 0x34f},     /* combining grapheme joiner */
    {0x180b, 0x180f},   /* Mongolian selectors */
    {0x2000, 0x200b},   /* spaces */
    {0x200e, 0x214d},   /* punctuation, marks, superscripts, letters as symbols */
    {0x2150, 0x2183},   /* numbers */
    {0x2460, 0x24ff},   /* letters in circles */
    {0x3000, 0x3004},   /* ideographic space and full stop */
    {0xfb00, 0xfb06},   /* ligatures */
    {0xfe00, 0xfe0f},   /* variation selectors */
    {0xfe50, 0xfe6f},   /* small forms */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xff00, 0xffef},   /* broad and narrow forms */
    {0x1d400, 0x1d7ff}, /* letters of mathematics */
    {0x1f100, 0x1f1ff}, /* more letters in circles and boxes */
    {0xe0000, 0xe0fff}, /* tags and selectors */
};

/* Returns whether bytes, which are valid UTF-8, hold one. */
static bool
has_look_alike(const char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        uint32_t character;
        at += utf8_decode(bytes + at, length - at, &character);
        for (size_t i = 0; i < sizeof look_alikes / sizeof look_alikes[0]; i++)
            if (character >= look_alikes[i].first && character <= look_alikes[i].last)
                return true;
    }
    return false;
}

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
    if (has_look_alike(bytes, length)) {
        err_set(err, "the domain has a character that no domain may have");
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
