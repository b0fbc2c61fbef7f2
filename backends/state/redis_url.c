#include "redis_url.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "endpoint.h"

enum { PASSWORD_MAX = 512 };

static const char hint[] =
    "write redis://[USER[:PASSWORD]@]HOST[:PORT][/DB] or unix:/PATH, with %XX for special bytes";

static int
hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* Decodes %XX. Returns the length, or -1: malformed, a NUL, or longer than size - 1. */
static int
decode(const char *text, size_t length, char *text_r, size_t size)
{
    size_t out = 0;
    for (size_t i = 0; i < length; i++) {
        int byte = (unsigned char)text[i];
        if (byte == '%') {
            const int high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < length ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return -1;
            byte = high * 16 + low;
            i += 2;
        }
        if (byte == 0 || out + 1 >= size)
            return -1;
        text_r[out++] = (char)byte;
    }
    text_r[out] = '\0';
    return (int)out;
}

/* What stands before the last '@'. The password may be elsewhere. */
static int
parse_user(const char *text, size_t length, struct redis_url *url, struct err *err)
{
    const char *colon = memchr(text, ':', length);
    const size_t user_length = colon != NULL ? (size_t)(colon - text) : length;
    int password_length = 1;
    if (colon != NULL) {
        char *password = secret_reserve(&url->password, PASSWORD_MAX);
        password_length = decode(colon + 1, length - user_length - 1, password, PASSWORD_MAX + 1);
        url->password.length = password_length > 0 ? (size_t)password_length : 0;
    }
    if (password_length > 0 && decode(text, user_length, url->user, sizeof url->user) >= 0)
        return 0;
    err_set(err, "the user or password in the url is empty, too long or malformed (write special "
                 "bytes as %%XX)");
    return -1;
}

static int
parse_db(const char *text, struct redis_url *url, struct err *err)
{
    unsigned db = 0;
    const size_t length = strlen(text);
    bool is_number = length <= 5;
    for (const char *at = text; *at != '\0' && is_number; at++) {
        is_number = *at >= '0' && *at <= '9';
        db = db * 10 + (unsigned)(*at - '0');
    }
    if (!is_number || db > REDIS_DB_MAX) {
        err_set(err, "malformed database \"%s\" (write /DB with a number)", text);
        return -1;
    }
    url->db = db;
    return 0;
}

/* What is behind "redis://". */
static int
parse_server(const char *text, struct redis_url *url, struct err *err)
{
    /* the last one: a password may have an '@' that nobody wrote as %40 */
    const char *at = strrchr(text, '@');
    if (at != NULL && parse_user(text, (size_t)(at - text), url, err) != 0)
        return -1;
    const char *host = at != NULL ? at + 1 : text;
    const char *slash = strchr(host, '/');
    const size_t length = slash != NULL ? (size_t)(slash - host) : strlen(host);
    if (length == 0 || length >= sizeof url->address) {
        err_set(err, "no host in the url (%s)", hint);
        return -1;
    }
    memcpy(url->address, host, length);
    url->address[length] = '\0';
    struct endpoint_text parsed;
    if (strncmp(url->address, "unix:", 5) == 0) {
        err_set(err, "no host in the url (%s)", hint);
        return -1;
    }
    if (endpoint_parse(url->address, REDIS_PORT, &parsed, err) != 0)
        return -1;
    return slash != NULL ? parse_db(slash + 1, url, err) : 0;
}

static int
parse(const char *text, struct redis_url *url, struct err *err)
{
    static const char plain[] = "redis://", tls[] = "rediss:", local[] = "unix:";
    struct endpoint_text parsed;
    if (strncmp(text, tls, strlen(tls)) == 0) {
        err_set(err, "cannot use rediss: (this hiredis has no TLS: write redis:// and "
                     "tls = \"implicit\", or go by the server's unix socket, unix:/PATH, or by a "
                     "TLS tunnel such as stunnel)");
        return -1;
    }
    if (strncmp(text, local, strlen(local)) == 0) {
        if (endpoint_parse(text, 0, &parsed, err) != 0)
            return -1;
        snprintf(url->address, sizeof url->address, "%s", text);
        return 0;
    }
    if (strncmp(text, plain, strlen(plain)) != 0) {
        err_set(err, "the url is of no kind that is known (%s)", hint);
        return -1;
    }
    return parse_server(text + strlen(plain), url, err);
}

int
redis_url_parse(const char *text, struct redis_url *url_r, struct err *err)
{
    *url_r = (struct redis_url){0};
    secret_init(&url_r->password);
    const int result = parse(text, url_r, err);
    if (result != 0)
        redis_url_fini(url_r);
    return result;
}

void
redis_url_fini(struct redis_url *url)
{
    secret_fini(&url->password);
}
