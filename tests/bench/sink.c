/*
 * sink: an SMTP server that agrees to everything at once, behind nginx while logins are measured.
 *
 *     sink PORT
 *
 * One thread for all connections, so that it takes as little of the machine as can be. A line of
 * nginx's is taken to come in one piece: it is sent in one, over loopback.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, LINE = 2048 };

#define GREETING "220 sink ESMTP\r\n"
#define FEATURES "250-sink\r\n250 XCLIENT NAME ADDR LOGIN\r\n"
#define AGREED   "250 2.0.0 OK\r\n"

/* Whoever is gone is closed when the read says so. */
static void
say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        shutdown(fd, SHUT_RDWR);
}

static void
serve(int fd)
{
    char line[LINE];
    ssize_t length = recv(fd, line, sizeof line - 1, 0);
    if (length <= 0) {
        close(fd);
        return;
    }
    line[length] = '\0';
    if (strncasecmp(line, "EHLO", 4) == 0)
        say(fd, FEATURES);
    else if (strncasecmp(line, "XCLIENT", 7) == 0)
        say(fd, GREETING);
    else
        say(fd, AGREED);
}

static void
greet(int listener, int epoll)
{
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        return;
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0)
        say(fd, GREETING);
    else
        close(fd);
}

static int
listen_on(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0) {
        perror("sink");
        exit(EXIT_FAILURE);
    }
    return fd;
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: sink PORT\n");
        return EXIT_FAILURE;
    }
    int listener = listen_on(argv[1]), epoll = epoll_create1(0);
    struct epoll_event events[EVENTS], own = {.events = EPOLLIN, .data.fd = listener};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &own) != 0)
        return EXIT_FAILURE;
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                greet(listener, epoll);
            else
                serve(events[i].data.fd);
        }
    }
}
