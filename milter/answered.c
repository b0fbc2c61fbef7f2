#include "answered.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "linger.h"

/* Whose answer this thread has to say; between a callback and its answer libmilter does not change
 * threads. */
static _Thread_local struct connection *awaited;

void
answered_await(struct connection *connection)
{
    awaited = connection;
}

void
answered_settle(void)
{
    struct connection *connection = awaited;
    if (connection == NULL)
        return;
    awaited = NULL;
    connection_end_message(connection);
    connections_leave(connection->all);
}

/* The program's own, which the dynamic linker gives to libmilter. */
ssize_t
writev(int fd, const struct iovec *parts, int count)
{
    ssize_t written = syscall(SYS_writev, fd, parts, count);
    int error = errno;
    answered_settle();
    linger_on(fd);
    errno = error;
    return written;
}
