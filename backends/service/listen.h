/*
 * listen: the unix socket that a service answers on.
 *
 * It is either handed over by the service manager (sd_listen_fds(3): LISTEN_FDS, LISTEN_PID) or
 * made here: under another name first and then renamed into place, so that nobody can connect
 * before mode and group are right and there is no moment without a socket. A socket file that
 * nobody answers on is replaced; one that somebody answers on is not.
 */
#ifndef MAILREEVE_LISTEN_H
#define MAILREEVE_LISTEN_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "err.h"

struct listen_settings {
    const char *program; /* whose socket it is, for err */
    const char *path;    /* borrowed for the call */
    mode_t mode;         /* of the socket file */
    const char *group;   /* NULL: the process's own */
};

struct listen_socket {
    int fd;
    bool inherited; /* from the service manager, with the connections that wait in it */
    char path[108]; /* as long as a unix socket's path can be; empty if inherited */
    dev_t device;   /* of the file we made, with inode */
    ino_t inode;
};

/* The backlog of a listening socket: whoever finds the queue full fails; the kernel caps it at
 * net.core.somaxconn. */
enum { LISTEN_BACKLOG = 65535 };

/* Takes the socket of the service manager, or makes one. Returns 0, or -1 with err. */
int listen_open(const struct listen_settings *settings, struct listen_socket *socket_r,
                struct err *err);

/* Takes the socket of the service manager, if it hands one over: then 1, else 0; -1 with err if it
 * cannot be served. The environment's LISTEN_* variables are unset afterwards. */
int listen_inherit(struct listen_socket *socket_r, struct err *err);

/* Takes a connection that waits: its descriptor (close-on-exec), or -1 with errno. */
int listen_accept(const struct listen_socket *socket);

/* Ends listening. The file of a socket that was made here goes, unless another process has put its
 * own there since. Call listen_remove first and accept what is waiting: a connection in the queue
 * dies with the socket. */
void listen_remove(const struct listen_socket *socket);
void listen_close(struct listen_socket *socket);

#endif
