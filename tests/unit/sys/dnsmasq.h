/*
 * A real dnsmasq for a test, on a loopback port of its own, that knows what its command line says
 * and asks nobody else. Started and ended here, by its process id.
 */
#ifndef TEST_DNSMASQ_H
#define TEST_DNSMASQ_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct dnsmasq {
    pid_t pid;
    unsigned port;
};

/* Below the kernel's ephemeral range, so that no connection takes a port between our look and the
 * server's bind; nor does an integration test, as harness/process.py claims ports by these names,
 * too. */
enum { DNSMASQ_FIRST_PORT = 12000, DNSMASQ_PORTS = 20000 };

/* Whether the port is now this process' until it ends. */
static inline bool
dnsmasq_claim_port(unsigned port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    /* a name in the abstract namespace, behind a byte 0 */
    int length =
        snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "mailreeve-test-port-%u", port);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) + (socklen_t)length;
    int claim = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(claim, (struct sockaddr *)&name, size) == 0)
        return true; /* it is held to the end */
    close(claim);
    return false;
}

/* A loopback port on which nobody listens, over UDP nor TCP; *udp_r, if it is wanted, is a socket
 * that holds it. */
static inline unsigned
dnsmasq_free_port(int *udp_r)
{
    for (unsigned tries = 0; tries < 1000; tries++) {
        unsigned port =
            DNSMASQ_FIRST_PORT + ((unsigned)getpid() * 31 + tries * 7919) % DNSMASQ_PORTS;
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (!dnsmasq_claim_port(port))
            continue;
        int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool is_free = bind(udp, (struct sockaddr *)&address, sizeof address) == 0 &&
                       bind(tcp, (struct sockaddr *)&address, sizeof address) == 0;
        close(tcp);
        if (is_free && udp_r != NULL)
            *udp_r = udp;
        else
            close(udp);
        if (is_free)
            return port;
    }
    return 0;
}

static inline bool
dnsmasq_answers(const struct dnsmasq *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)server->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_there = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_there;
}

static inline void
dnsmasq_stop(struct dnsmasq *server)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGCONT);
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

/* In the child. */
static inline void
dnsmasq_run(unsigned port, int configuration)
{
    char port_word[32], path[1024];
    const char *usual = getenv("PATH");
    snprintf(port_word, sizeof port_word, "--port=%u", port);
    snprintf(path, sizeof path, "%s:/usr/local/sbin:/usr/sbin:/sbin", usual == NULL ? "" : usual);
    setenv("PATH", path, 1);
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
    dup2(configuration, STDIN_FILENO);
    execlp("dnsmasq", "dnsmasq", "--no-daemon", "--conf-file=-", "--no-resolv", "--no-hosts",
           "--bind-interfaces", "--listen-address=127.0.0.1", "--pid-file=", port_word,
           (char *)NULL);
    _exit(127);
}

/* configuration: lines of its file ("host-record=..."), at most what a pipe holds. Returns false if
 * dnsmasq is not installed or does not start within ten seconds. */
static inline bool
dnsmasq_start(struct dnsmasq *server, unsigned port, const char *configuration)
{
    int ends[2];
    *server = (struct dnsmasq){.port = port};
    if (pipe(ends) != 0)
        return false;
    bool is_written =
        write(ends[1], configuration, strlen(configuration)) == (ssize_t)strlen(configuration);
    close(ends[1]);
    server->pid = is_written ? fork() : -1;
    if (server->pid == 0)
        dnsmasq_run(server->port, ends[0]);
    close(ends[0]);
    for (int tries = 0; server->pid > 0 && tries < 1000; tries++) {
        if (dnsmasq_answers(server))
            return true;
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            server->pid = 0;
            break;
        }
        poll(NULL, 0, 10);
    }
    dnsmasq_stop(server);
    return false;
}

#endif
