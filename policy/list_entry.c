#include "list_entry.h"

#include <stdbool.h>
#include <string.h>

#include "ascii.h"
#include "utf8.h"
#include "wildcard.h"

static int
parse_regex(const char *text, size_t length, struct entry_meaning *meaning_r, struct err *err)
{
    if (length < 2 || text[length - 1] != '/') {
        err_set(err, "a regular expression begins and ends with a slash (its letters match in any "
                     "case)");
        return -1;
    }
    meaning_r->form = ENTRY_REGEX;
    meaning_r->regex = regex_create(text + 1, length - 2, err);
    return meaning_r->regex != NULL ? 0 : -1;
}

/* Reads a decimal octet that ends at '.' or at the end. Returns the bytes used, 0 if it is none. */
static size_t
read_octet(const char *text, uint8_t *octet_r)
{
    unsigned value = 0;
    size_t length = 0;
    while (length < 3 && ascii_is_digit(text[length]))
        value = value * 10 + (unsigned)(text[length++] - '0');
    bool ends = text[length] == '.' || text[length] == '\0';
    bool leading_zero = length > 1 && text[0] == '0';
    if (length == 0 || !ends || leading_zero || value > 255)
        return 0;
    *octet_r = (uint8_t)value;
    return length;
}

/* Reads "10.1.*.*", "10.1.*" and the like as the prefix that they are; text has at most three dots.
 * Returns false if it is of another form. */
static bool
parse_octets(const char *text, struct netprefix *prefix_r)
{
    struct netprefix prefix = {.addr = {.family = NETADDR_IPV4}};
    unsigned octets = 0;
    size_t used;
    while (octets < 3 && (used = read_octet(text, &prefix.addr.bytes[octets])) > 0) {
        octets++;
        text += used;
        if (*text++ != '.')
            return false;
    }
    while (text[0] == '*' && text[1] == '.')
        text += 2;
    if (octets == 0 || strcmp(text, "*") != 0)
        return false;
    prefix.length = (uint8_t)(octets * 8);
    *prefix_r = prefix;
    return true;
}

/* Whether each part between dots could be an octet's text. Catches what would never match. */
static bool
is_possible_ipv4(const char *text)
{
    unsigned dots = 0;
    for (const char *part = text;; part++) {
        size_t length = strcspn(part, ".");
        uint8_t octet;
        if (length == 0 ||
            (strspn(part, "0123456789") >= length && read_octet(part, &octet) != length))
            return false;
        part += length;
        if (*part == '\0')
            return dots <= 3;
        dots++;
    }
}

/* Whether RFC 5952, in which patterns see addresses, could have it so. Catches what would never
 * match; IPv4 in IPv6 is seen as IPv4. */
static bool
is_possible_ipv6(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        bool begins_group = c == text || c[-1] == ':';
        if (begins_group && c[0] == '0' && c[1] != '\0' && strchr(":*?", c[1]) == NULL)
            return false;
    }
    return strchr(text, '.') == NULL || !ascii_has_prefix(text, strlen(text), "::ffff:");
}

static int
parse_address_wildcard(const char *text, struct entry_meaning *meaning_r, struct err *err)
{
    if (text[strspn(text, "0123456789abcdefABCDEF:.*?")] != '\0') {
        err_set(err, "not a wildcard of addresses (digits, letters a to f, '.', ':', '*' and '?')");
        return -1;
    }
    if (strchr(text, ':') == NULL && strchr(text, '.') != NULL && !is_possible_ipv4(text)) {
        err_set(err, "no IPv4 address matches this (four numbers from 0 to 255 with dots between "
                     "them, '*' for any)");
        return -1;
    }
    if (strchr(text, ':') != NULL && !is_possible_ipv6(text)) {
        err_set(err, "no IPv6 address is written like this (leave out zeros at the start of a "
                     "group, and write IPv4 addresses without ::ffff:)");
        return -1;
    }
    meaning_r->form = parse_octets(text, &meaning_r->prefix) ? ENTRY_PREFIX : ENTRY_WILDCARD;
    return 0;
}

static int
parse_address(const char *text, struct entry_meaning *meaning_r, struct err *err)
{
    if (wildcard_is(text))
        return parse_address_wildcard(text, meaning_r, err);
    meaning_r->form = ENTRY_PREFIX;
    return netprefix_parse(text, &meaning_r->prefix, err);
}

static int
parse_name(const char *text, struct entry_meaning *meaning_r, struct err *err)
{
    if (strchr(text, ' ') != NULL) {
        err_set(err, "a space cannot be in a user name (one entry a line)");
        return -1;
    }
    if (text[0] == '@' || text[strlen(text) - 1] == '@') {
        err_set(err, "no user name begins or ends with '@' (write *@acme.example for all names of "
                     "a domain)");
        return -1;
    }
    bool any_at_domain = text[0] == '*' && text[1] == '@' && text[2] != '\0' &&
                         strchr(text + 2, '@') == NULL && !wildcard_is(text + 2);
    if (any_at_domain)
        meaning_r->form = ENTRY_DOMAIN;
    else
        meaning_r->form = wildcard_is(text) ? ENTRY_WILDCARD : ENTRY_NAME;
    return 0;
}

int
entry_parse(enum list_kind kind, const char *text, struct entry_meaning *meaning_r, struct err *err)
{
    *meaning_r = (struct entry_meaning){.form = ENTRY_NAME};
    size_t length = strlen(text);
    if (length == 0 || length > LIST_ENTRY_MAX) {
        err_set(err, "an entry has 1 to %d bytes", LIST_ENTRY_MAX);
        return -1;
    }
    if (!utf8_is_printable(text, length)) {
        err_set(err, "the entry has a control character or is not UTF-8");
        return -1;
    }
    if (text[0] == '/')
        return parse_regex(text, length, meaning_r, err);
    switch (kind) {
    case LIST_IP:
        return parse_address(text, meaning_r, err);
    case LIST_USER:
        return parse_name(text, meaning_r, err);
    }
    return -1;
}

bool
list_entry_is_pattern(enum list_kind kind, const char *entry)
{
    struct entry_meaning meaning;
    return entry[0] == '/' ||
           (entry_parse(kind, entry, &meaning, NULL) == 0 && meaning.form == ENTRY_WILDCARD);
}
