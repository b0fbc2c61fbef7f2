#include "ldap_uri.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "endpoint.h"

static bool
is_loopback(const struct endpoint_text *server)
{
    if (!server->is_literal)
        return strcmp(server->host, "localhost") == 0;
    const struct sockaddr *address = (const struct sockaddr *)&server->endpoint.address;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&server->endpoint.address;
        return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&server->endpoint.address;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* Returns what stands behind "ldap://" or "ldaps://", or NULL. */
static const char *
skip_scheme(const char *text, bool *has_tls_r)
{
    size_t length = strlen(text);
    *has_tls_r = ascii_has_prefix(text, length, "ldaps://");
    if (*has_tls_r)
        return text + strlen("ldaps://");
    return ascii_has_prefix(text, length, "ldap://") ? text + strlen("ldap://") : NULL;
}

int
ldap_uri_parse(const char *text, const struct ldap_ports *ports, struct ldap_uri *uri_r,
               struct err *err)
{
    *uri_r = (struct ldap_uri){.is_loopback = false};
    const char *host = skip_scheme(text, &uri_r->has_tls);
    if (host == NULL) {
        err_set(err, "it does not begin with ldap:// or ldaps://");
        return -1;
    }
    size_t length = strcspn(host, "/?#");
    bool ends = host[length] == '\0' || strcmp(host + length, "/") == 0;
    if (!ends || memchr(host, '@', length) != NULL || memchr(host, '%', length) != NULL) {
        err_set(err, "there is more in it than a host and a port (base, scope and filter are "
                     "settings of their own)");
        return -1;
    }
    if (length == 0) {
        err_set(err, "the host is missing");
        return -1;
    }

    char server[LDAP_SERVER_TEXT_MAX];
    if (length >= sizeof server) {
        err_set(err, "the host is too long");
        return -1;
    }
    memcpy(server, host, length);
    server[length] = '\0';
    struct endpoint_text parsed;
    if (endpoint_parse(server, uri_r->has_tls ? ports->ldaps : ports->ldap, &parsed, err) != 0)
        return -1;
    if (parsed.port == 0) {
        err_set(err, "unix sockets are not supported (use ldap://127.0.0.1)");
        return -1;
    }
    uri_r->is_loopback = is_loopback(&parsed);
    bool bracket = strchr(parsed.host, ':') != NULL;
    snprintf(uri_r->server, sizeof uri_r->server, bracket ? "[%s]:%u" : "%s:%u", parsed.host,
             parsed.port);
    return 0;
}
