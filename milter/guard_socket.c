#include "guard_socket.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNIX "unix:"

struct port_kind {
    const char *prefix;
    int family;
};

static const struct port_kind port_kinds[] = {{"inet:", AF_INET}, {"inet6:", AF_INET6}};

static int
make_unix(const struct guard_settings *settings, struct listen_socket *socket_r, struct err *err)
{
    return listen_open(&(struct listen_settings){.program = "mailreeve-milter",
                                                 .path = settings->socket + strlen(UNIX),
                                                 .mode = (mode_t)settings->socket_mode,
                                                 .group = settings->socket_group},
                       socket_r, err);
}

static int
listen_at(const struct addrinfo *address)
{
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* "8891@127.0.0.1", "8891@[::1]" or "8891@mail.example" */
static int
make_port(const char *text, int family, struct listen_socket *socket_r, struct err *err)
{
    char port[sizeof "65535"], host[256];
    if (sscanf(text, "%5[0-9]@%255s", port, host) != 2) {
        err_set(err, "listen on %s: no port and host (write PORT@HOST)", text);
        return -1;
    }
    size_t length = strlen(host);
    bool has_brackets = host[0] == '[' && host[length - 1] == ']';
    if (has_brackets)
        host[length - 1] = '\0';

    const struct addrinfo hints = {
        .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    int result = getaddrinfo(has_brackets ? host + 1 : host, port, &hints, &found);
    if (result != 0) {
        err_set(err, "listen on %s: find the host: %s", text, gai_strerror(result));
        return -1;
    }
    *socket_r = (struct listen_socket){.fd = listen_at(found)};
    int error = errno;
    freeaddrinfo(found);
    if (socket_r->fd < 0) {
        err_set(err, "listen on %s: %s%s", text, strerror(error),
                error == EADDRINUSE ? " (is mailreeve-milter running already?)" : "");
        return -1;
    }
    return 0;
}

int
guard_socket_open(const struct guard_settings *settings, struct listen_socket *socket_r,
                  struct err *err)
{
    int inherited = listen_inherit(socket_r, err);
    if (inherited != 0)
        return inherited > 0 ? 0 : -1;
    if (strncmp(settings->socket, UNIX, strlen(UNIX)) == 0)
        return make_unix(settings, socket_r, err);
    for (size_t i = 0; i < sizeof port_kinds / sizeof port_kinds[0]; i++) {
        size_t length = strlen(port_kinds[i].prefix);
        if (strncmp(settings->socket, port_kinds[i].prefix, length) == 0)
            return make_port(settings->socket + length, port_kinds[i].family, socket_r, err);
    }
    err_set(err, "listen on %s: write unix:/PATH, inet:PORT@HOST or inet6:PORT@HOST",
            settings->socket);
    return -1;
}
