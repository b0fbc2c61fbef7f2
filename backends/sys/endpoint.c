#include "endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static const char unix_prefix[] = "unix:";

static int
parse_unix(const char *text, struct endpoint_text *parsed, struct err *err)
{
    const char *path = text + strlen(unix_prefix);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path[0] != '/' || strlen(path) >= sizeof address.sun_path) {
        err_set(err, "malformed socket \"%s\" (write unix:/PATH with less than %zu bytes)", text,
                sizeof address.sun_path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    memcpy(parsed->host, text, strlen(text) + 1);
    parsed->is_literal = true;
    memcpy(&parsed->endpoint.address, &address, sizeof address);
    parsed->endpoint.length = sizeof address;
    return 0;
}

/* Reads 1 to 65535. Returns 0 for anything else. */
static unsigned
parse_port(const char *text)
{
    unsigned port = 0;
    if (strlen(text) > 5)
        return 0;
    for (const char *digit = text; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9')
            return 0;
        port = port * 10 + (unsigned)(*digit - '0');
    }
    return port <= 65535 ? port : 0;
}

/* Labels of letters, digits, '-' and '_' (which many private networks have). A last label of digits
 * alone is an IPv4 address with a typing error: getaddrinfo would take 10.1 for 10.0.0.1. */
static bool
is_host_name(const char *host)
{
    size_t label = 0, digits = 0;
    for (const char *at = host; *at != '\0'; at++) {
        bool digit = *at >= '0' && *at <= '9';
        bool other = (*at >= 'a' && *at <= 'z') || *at == '_' || *at == '-';
        if (*at == '.') {
            if (label == 0)
                return false;
            label = digits = 0;
        } else if ((!digit && !other) || ++label > 63) {
            return false;
        } else if (digit) {
            digits++;
        }
    }
    return label > 0 && digits < label && host[0] != '-';
}

/* Cuts text into a lower-case host and the text of a port, NULL if there is none. */
static int
split(const char *text, char *host_r, size_t size, bool *in_brackets_r, const char **port_r)
{
    *in_brackets_r = text[0] == '[';
    const char *host = *in_brackets_r ? text + 1 : text;
    size_t length = strcspn(host, *in_brackets_r ? "]" : ":");
    const char *rest = host + length;
    if (*in_brackets_r && *rest++ != ']')
        return -1;
    if (length >= size || (*rest != '\0' && *rest != ':'))
        return -1;

    snprintf(host_r, size, "%.*s", (int)length, host);
    for (char *at = host_r; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at + ('a' - 'A'));
    *port_r = *rest == ':' ? rest + 1 : NULL;
    return 0;
}

static void
set_literal(struct endpoint_text *parsed, bool in_brackets)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)parsed->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)parsed->port)};
    if (!in_brackets && inet_pton(AF_INET, parsed->host, &v4.sin_addr) == 1) {
        memcpy(&parsed->endpoint.address, &v4, sizeof v4);
        parsed->endpoint.length = sizeof v4;
        parsed->is_literal = true;
    } else if (in_brackets && inet_pton(AF_INET6, parsed->host, &v6.sin6_addr) == 1) {
        memcpy(&parsed->endpoint.address, &v6, sizeof v6);
        parsed->endpoint.length = sizeof v6;
        parsed->is_literal = true;
    }
}

int
endpoint_parse(const char *text, unsigned default_port, struct endpoint_text *parsed_r,
               struct err *err)
{
    *parsed_r = (struct endpoint_text){0};
    if (strncmp(text, unix_prefix, strlen(unix_prefix)) == 0)
        return parse_unix(text, parsed_r, err);

    bool in_brackets;
    const char *port;
    if (split(text, parsed_r->host, sizeof parsed_r->host, &in_brackets, &port) != 0 ||
        (!in_brackets && port != NULL && strchr(port, ':') != NULL)) {
        err_set(err, "malformed address \"%s\" (write HOST:PORT, or [ADDRESS]:PORT for IPv6)",
                text);
        return -1;
    }
    parsed_r->port = port != NULL ? parse_port(port) : default_port;
    if (parsed_r->port == 0) {
        err_set(err, "%s in \"%s\" (write HOST:PORT, 1 to 65535)",
                port != NULL ? "malformed port" : "no port", text);
        return -1;
    }
    set_literal(parsed_r, in_brackets);
    if (!parsed_r->is_literal && (in_brackets || !is_host_name(parsed_r->host))) {
        err_set(err, "\"%s\" is neither an address nor a host name%s", text,
                strchr(parsed_r->host, '%') != NULL ? " (an IPv6 zone is not supported)" : "");
        return -1;
    }
    return 0;
}

unsigned
endpoint_port(const struct endpoint *endpoint)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    switch (endpoint->address.ss_family) {
    case AF_INET:
        memcpy(&v4, &endpoint->address, sizeof v4);
        return ntohs(v4.sin_port);
    case AF_INET6:
        memcpy(&v6, &endpoint->address, sizeof v6);
        return ntohs(v6.sin6_port);
    default:
        return 0;
    }
}

void
endpoint_format_host(const struct endpoint *endpoint, char *text_r, size_t size)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    char text[INET6_ADDRSTRLEN] = "";
    switch (endpoint->address.ss_family) {
    case AF_INET:
        memcpy(&v4, &endpoint->address, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        snprintf(text_r, size, "%s", text);
        break;
    case AF_INET6:
        memcpy(&v6, &endpoint->address, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
        snprintf(text_r, size, "%s", text);
        break;
    default:
        memcpy(&local, &endpoint->address, sizeof local);
        snprintf(text_r, size, "%s%s", unix_prefix, local.sun_path);
        break;
    }
}

void
endpoint_format(const struct endpoint *endpoint, char *text_r, size_t size)
{
    char host[sizeof(struct sockaddr_un) + sizeof unix_prefix];
    endpoint_format_host(endpoint, host, sizeof host);
    if (endpoint->address.ss_family == AF_UNIX)
        snprintf(text_r, size, "%s", host);
    else
        snprintf(text_r, size, endpoint->address.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
                 endpoint_port(endpoint));
}

bool
endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    char a_text[sizeof(struct sockaddr_un) + 16], b_text[sizeof a_text];
    endpoint_format(a, a_text, sizeof a_text);
    endpoint_format(b, b_text, sizeof b_text);
    return strcmp(a_text, b_text) == 0;
}
