/* The words of configuration, requests and logs for methods and protocols. */
#include <string.h>

#include "decide.h"

static const char *const methods[] = {
    [METHOD_NONE] = "none",
    [METHOD_PLAIN] = "plain",
    [METHOD_CRAM_MD5] = "cram-md5",
    [METHOD_APOP] = "apop",
    [METHOD_EXTERNAL] = "external",
    [METHOD_XOAUTH2] = "xoauth2",
    [METHOD_OAUTHBEARER] = "oauthbearer",
};

static const char *const protocols[] = {
    [PROTOCOL_SMTP] = "smtp",
    [PROTOCOL_POP3] = "pop3",
    [PROTOCOL_IMAP] = "imap",
    [PROTOCOL_HTTP] = "http",
};

/* Returns the word's place in the table, or -1. */
static int
find_word(const char *const words[], size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (words[i] != NULL && strcmp(words[i], word) == 0)
            return (int)i;
    return -1;
}

enum auth_method
auth_method_parse(const char *word)
{
    int found = find_word(methods, sizeof methods / sizeof methods[0], word);
    return found >= 0 ? (enum auth_method)found : METHOD_UNKNOWN;
}

const char *
auth_method_name(enum auth_method method)
{
    return method == METHOD_UNKNOWN ? "unknown" : methods[method];
}

int
protocol_parse(const char *word, enum protocol *protocol_r)
{
    int found = find_word(protocols, sizeof protocols / sizeof protocols[0], word);
    if (found >= 0)
        *protocol_r = (enum protocol)found;
    return found >= 0 ? 0 : -1;
}

const char *
protocol_name(enum protocol protocol)
{
    return protocols[protocol];
}
