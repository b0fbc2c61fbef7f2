#include "mailbox.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "domain.h"
#include "netaddr.h"
#include "utf8.h"

static bool
is_atext(char c)
{
    if (ascii_is_alnum(c) || (unsigned char)c >= 0x80)
        return true;
    return c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL;
}

/* RFC 5321 Dot-string, with dots at any place: Japanese phones have had such addresses for decades,
 * and MTAs let them be. */
static bool
is_dot_string(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != '.' && !is_atext(bytes[i]))
            return false;
    return length > 0;
}

/* Reads `"..."` at the start of bytes into local_r. Returns the bytes used, or 0. */
static size_t
read_quoted(const char *bytes, size_t length, char *local_r)
{
    size_t used = 0;
    for (size_t i = 1; i < length; i++) {
        if (bytes[i] == '"') {
            local_r[used] = '\0';
            return i + 1;
        }
        if (bytes[i] == '\\') {
            i++;
            /* RFC 5321 quoted-pairSMTP: ASCII only. */
            if (i == length || (unsigned char)bytes[i] >= 0x80)
                return 0;
        }
        local_r[used++] = ascii_lower(bytes[i]);
    }
    return 0;
}

/* Reads the local part. Returns the bytes used, which are followed by the '@', or 0 with err. */
static size_t
read_local(const char *bytes, size_t length, char *local_r, struct err *err)
{
    size_t used = 0;
    if (bytes[0] == '"') {
        used = read_quoted(bytes, length, local_r);
        if (used == 0) {
            err_set(err, "the quoted local part has no end");
            return 0;
        }
    } else {
        const char *at = memchr(bytes, '@', length);
        used = at != NULL ? (size_t)(at - bytes) : length;
        if (!is_dot_string(bytes, used)) {
            err_set(err, "the local part is empty or has a character that needs quotes");
            return 0;
        }
        ascii_lower_copy(local_r, bytes, used);
    }
    if (used == length || bytes[used] != '@' || local_r[0] == '\0') {
        err_set(err, "not of the form local@domain");
        return 0;
    }
    return used;
}

/* Checks "[192.0.2.1]" and "[IPv6:2001:db8::1]" (RFC 5321 4.1.3). */
static int
check_literal(const char *bytes, size_t length, struct err *err)
{
    static const char tag[] = "ipv6:";
    char text[NETADDR_TEXT_MAX + sizeof tag];
    struct netaddr addr;
    if (length > 2 && length - 2 < sizeof text && bytes[length - 1] == ']') {
        memcpy(text, bytes + 1, length - 2);
        text[length - 2] = '\0';
        bool tagged = ascii_has_prefix(text, length - 2, tag);
        const char *address = tagged ? text + sizeof tag - 1 : text;
        bool written_as_ipv6 = strchr(address, ':') != NULL;
        if (tagged == written_as_ipv6 && netaddr_parse(address, &addr, NULL) == 0)
            return 0;
    }
    err_set(err, "the address literal is neither [IPv4 address] nor [IPv6:address]");
    return -1;
}

int
mailbox_parse(const char *text, size_t length, struct mailbox *mailbox_r, struct err *err)
{
    *mailbox_r = (struct mailbox){.local = ""};
    if (length == 0 || length > MAILBOX_LOCAL_MAX) {
        err_set(err, "the address is empty or longer than %d bytes", MAILBOX_LOCAL_MAX);
        return -1;
    }
    if (!utf8_is_printable(text, length)) {
        err_set(err, "the address has a control character or is not UTF-8");
        return -1;
    }
    struct mailbox mailbox = {.local = ""};
    size_t local_used = read_local(text, length, mailbox.local, err);
    if (local_used == 0)
        return -1;
    const char *domain = text + local_used + 1;
    size_t domain_length = length - local_used - 1;
    bool literal = domain_length > 0 && domain[0] == '[';
    if ((literal ? check_literal : domain_check)(domain, domain_length, err) != 0)
        return -1;
    ascii_lower_copy(mailbox.domain, domain, domain_length);
    *mailbox_r = mailbox;
    return 0;
}

void
mailbox_format(const struct mailbox *mailbox, char text_r[MAILBOX_TEXT_MAX])
{
    size_t used = 0;
    bool quoted = !is_dot_string(mailbox->local, strlen(mailbox->local));
    if (quoted)
        text_r[used++] = '"';
    for (const char *c = mailbox->local; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            text_r[used++] = '\\';
        text_r[used++] = *c;
    }
    if (quoted)
        text_r[used++] = '"';
    snprintf(text_r + used, MAILBOX_TEXT_MAX - used, "%s%s", mailbox->domain[0] != '\0' ? "@" : "",
             mailbox->domain);
}
