#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "alloc.h"

_Static_assert(sizeof((struct listen_socket *)0)->path == sizeof((struct sockaddr_un *)0)->sun_path,
               "a socket's path fits");

enum { FIRST_INHERITED_FD = 3 }; /* sd_listen_fds(3) */

/* Whether the environment hands sockets to this very process, and how many. */
static int
inherited_count(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    int result = 0;
    if (pid != NULL && count != NULL && strtol(pid, NULL, 10) == (long)getpid())
        result = (int)strtol(count, NULL, 10);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return result;
}

static int
take_inherited(int count, struct listen_socket *socket_r, struct err *err)
{
    if (count != 1) {
        err_set(err,
                "take the socket from the service manager: there are %d (pass exactly one, "
                "Accept=no)",
                count);
        return -1;
    }
    int fd = FIRST_INHERITED_FD;
    int domain = 0, listening = 0;
    socklen_t length = sizeof domain, listening_length = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_length) != 0 ||
        domain != AF_UNIX || listening == 0) {
        err_set(err,
                "take the socket from the service manager: descriptor %d is not a listening unix "
                "stream socket (ListenStream=/path)",
                fd);
        return -1;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    *socket_r = (struct listen_socket){.fd = fd, .inherited = true};
    return 0;
}

static int
set_address(const char *path, struct sockaddr_un *address_r, struct err *err)
{
    *address_r = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address_r->sun_path) {
        err_set(err, "make the socket %s: the path is too long (at most %zu bytes)", path,
                sizeof address_r->sun_path - 1);
        return -1;
    }
    memcpy(address_r->sun_path, path, length + 1);
    return 0;
}

/* Refuses what may not be replaced: something that is not a socket, or one that is answered on. */
static int
check_replaceable(const struct sockaddr_un *address, const char *program, struct err *err)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return 0;
    if (!S_ISSOCK(status.st_mode)) {
        err_set(err, "make the socket %s: there is a file of another kind (remove it)",
                address->sun_path);
        return -1;
    }

    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = 0;
    if (probe < 0 || connect(probe, (const struct sockaddr *)address, sizeof *address) != 0)
        error = errno;
    if (probe >= 0)
        close(probe);
    if (error == ECONNREFUSED)
        return 0;
    if (error == 0 || error == EAGAIN)
        err_set(err, "make the socket %s: another process answers on it (is %s running already?)",
                address->sun_path, program);
    else
        err_set(err, "make the socket %s: find out whether somebody answers on it: %s",
                address->sun_path, strerror(error));
    return -1;
}

static int
find_group(const char *name, gid_t *group_r, struct err *err)
{
    *group_r = (gid_t)-1;
    if (name == NULL)
        return 0;
    errno = 0;
    const struct group *group = getgrnam(name);
    if (group == NULL) {
        err_set(err, "find the group \"%s\" of the socket: %s", name,
                errno != 0 ? strerror(errno) : "there is no such group");
        return -1;
    }
    *group_r = group->gr_gid;
    return 0;
}

/* A name beside the socket's that no other process uses. */
static int
make_address_beside(const char *path, struct sockaddr_un *address_r, struct err *err)
{
    char *folder_of = xstrdup(path);
    char *beside;
    if (asprintf(&beside, "%s/.mr%d", dirname(folder_of), (int)getpid()) < 0)
        abort();
    int result = set_address(beside, address_r, err);
    free(beside);
    free(folder_of);
    return result;
}

/* fchmod before bind decides the mode with which the file appears (Linux), whatever the umask and
 * whatever other threads create at this moment. */
static int
bind_at(int fd, const struct sockaddr_un *address, const struct listen_settings *settings,
        gid_t group)
{
    unlink(address->sun_path);
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
        bind(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        return -1;
    if (group != (gid_t)-1 && lchown(address->sun_path, (uid_t)-1, group) != 0)
        return -1;
    return chmod(address->sun_path, settings->mode) != 0 || listen(fd, LISTEN_BACKLOG) != 0 ? -1
                                                                                            : 0;
}

static int
make_socket(const struct listen_settings *settings, struct listen_socket *socket_r, struct err *err)
{
    struct sockaddr_un address, beside;
    gid_t group;
    if (set_address(settings->path, &address, err) != 0 ||
        check_replaceable(&address, settings->program, err) != 0 ||
        find_group(settings->group, &group, err) != 0 ||
        make_address_beside(settings->path, &beside, err) != 0)
        return -1;

    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat status;
    if (fd < 0 || bind_at(fd, &beside, settings, group) != 0 ||
        lstat(beside.sun_path, &status) != 0 || rename(beside.sun_path, address.sun_path) != 0) {
        err_set(err, "make the socket %s: %s", address.sun_path, strerror(errno));
        unlink(beside.sun_path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *socket_r = (struct listen_socket){.fd = fd, .device = status.st_dev, .inode = status.st_ino};
    memcpy(socket_r->path, address.sun_path, sizeof address.sun_path);
    return 0;
}

int
listen_inherit(struct listen_socket *socket_r, struct err *err)
{
    int count = inherited_count();
    if (count <= 0)
        return 0;
    return take_inherited(count, socket_r, err) == 0 ? 1 : -1;
}

int
listen_open(const struct listen_settings *settings, struct listen_socket *socket_r, struct err *err)
{
    int inherited = listen_inherit(socket_r, err);
    if (inherited != 0)
        return inherited > 0 ? 0 : -1;
    return make_socket(settings, socket_r, err);
}

int
listen_accept(const struct listen_socket *socket)
{
    return accept4(socket->fd, NULL, NULL, SOCK_CLOEXEC);
}

void
listen_remove(const struct listen_socket *socket)
{
    struct stat status;
    if (!socket->inherited && lstat(socket->path, &status) == 0 &&
        status.st_dev == socket->device && status.st_ino == socket->inode)
        unlink(socket->path);
}

void
listen_close(struct listen_socket *socket)
{
    close(socket->fd);
    socket->fd = -1;
}
