#include "smtp_xclient.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "smtp_reply.h"

#define UNAVAILABLE "[UNAVAILABLE]"

enum { HELO_MAX = 255 }; /* encoded: with all the rest it fits a command line */

/* A byte that stands for itself (RFC 3461 4); the others that may come are '+' and '='. */
static bool
is_plain(char c)
{
    return c > ' ' && c < 0x7f && c != '+' && c != '=';
}

/* Writes the name, or that there is none: one with a byte that no name has (a control character, a
 * space, none of ASCII), or a longer one than the line has room for, helps nobody. */
static void
encode_helo(const char *helo, char text_r[HELO_MAX + 1])
{
    size_t length = 0;
    for (; *helo != '\0' && length < HELO_MAX; helo++)
        if (is_plain(*helo))
            text_r[length++] = *helo;
        else if ((*helo == '+' || *helo == '=') && length + 3 <= HELO_MAX)
            length += (size_t)sprintf(text_r + length, "+%02X", (unsigned)*helo);
        else
            break;
    if (*helo != '\0' || length == 0)
        length = (size_t)snprintf(text_r, HELO_MAX, "%s", UNAVAILABLE);
    text_r[length] = '\0';
}

bool
smtp_xclient_format(const struct smtp_xclient *xclient, unsigned taken,
                    char argument_r[SMTP_COMMAND_MAX])
{
    if (xclient->client.family == NETADDR_NONE || (taken & SMTP_XCLIENT_ADDR) == 0)
        return false;
    char address[NETADDR_TEXT_MAX], helo[HELO_MAX + 1];
    netaddr_format(&xclient->client, address);
    encode_helo(xclient->helo != NULL ? xclient->helo : "", helo);
    const bool takes_helo = (taken & SMTP_XCLIENT_HELO) != 0;
    snprintf(argument_r, SMTP_COMMAND_MAX, "ADDR=%s%s%s%s%s%s",
             xclient->client.family == NETADDR_IPV6 ? "IPV6:" : "", address,
             (taken & SMTP_XCLIENT_NAME) != 0 ? " NAME=" UNAVAILABLE : "",
             (taken & SMTP_XCLIENT_PROTO) != 0 ? " PROTO=ESMTP" : "", takes_helo ? " HELO=" : "",
             takes_helo ? helo : "");
    return true;
}
