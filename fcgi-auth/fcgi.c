/*
 * libfcgi's own loop accepts connections, and in threads that cannot be woken. Here it only ever
 * sees a descriptor that was accepted already: ipcFd is set before FCGX_Accept_r, and listen_sock
 * is none, so that its accept() fails at once where it would try for the next connection.
 *
 * Where the request is broken, FCGX_Accept_r closes ipcFd. Another thread may have our number for
 * that descriptor in its hands (to shut a stalled connection down), and the number may be somebody
 * else's a moment later; so libfcgi reads from a duplicate, and ours is closed by its owner alone.
 */
#include "fcgi.h"

#include <fcgiapp.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"

/* nginx mail sends no body and the interface needs none; more than this is not for us. */
enum { BODY_BYTES_MAX = 64 * 1024 };

struct fcgi_request {
    FCGX_Request fcgx;
};

int
fcgi_init(struct err *err)
{
    if (FCGX_Init() == 0)
        return 0;
    err_set(err, "start libfcgi: it does not say why it failed");
    return -1;
}

struct fcgi_request *
fcgi_request_create(void)
{
    struct fcgi_request *request = xcalloc(1, sizeof *request);
    if (FCGX_InitRequest(&request->fcgx, -1, 0) != 0)
        abort();
    return request;
}

/* The C library copies through vector registers that little else uses, so that the end of a long
 * password stays in them and gets into a core file (measured). Copying zeros of that size class
 * overwrites them. */
static void
wipe_registers(void)
{
    static const char zeros[1024];
    char copy[sizeof zeros];
    volatile size_t length = sizeof zeros; /* not known here: it is to be a call */
    memcpy(copy, zeros, length);
    __asm__ volatile("" : : "r"(copy) : "memory");
}

/* Frees what libfcgi holds for the request, but leaves the connection alone. */
static void
forget(struct fcgi_request *request)
{
    if (request->fcgx.in != NULL)
        for (char **param = request->fcgx.envp; *param != NULL; param++)
            explicit_bzero(*param, strlen(*param));
    FCGX_Free(&request->fcgx, 0);
    request->fcgx.ipcFd = -1;
    wipe_registers();
}

void
fcgi_request_free(struct fcgi_request *request)
{
    if (request == NULL)
        return;
    forget(request);
    free(request);
}

/* Takes the body off the connection: closing a socket with unread bytes in it would destroy the
 * answer, and what follows on a kept connection must be the next request. Returns 0 or -1. */
static int
skip_body(struct fcgi_request *request)
{
    char bytes[1024];
    size_t skipped = 0;
    int count;
    while ((count = FCGX_GetStr(bytes, sizeof bytes, request->fcgx.in)) > 0) {
        skipped += (size_t)count;
        if (skipped > BODY_BYTES_MAX)
            return -1;
    }
    return FCGX_GetError(request->fcgx.in) == 0 ? 0 : -1;
}

int
fcgi_read(struct fcgi_request *request, int fd)
{
    int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0)
        return -1;

    /* Keeps the FCGX_Finish_r inside FCGX_Accept_r from closing what it has not read yet. */
    request->fcgx.keepConnection = 1;
    request->fcgx.ipcFd = duplicate;
    if (FCGX_Accept_r(&request->fcgx) != 0) {
        wipe_registers();
        return -1;
    }

    bool whole = skip_body(request) == 0;
    close(duplicate);
    request->fcgx.ipcFd = fd;
    if (!whole)
        forget(request);
    return whole ? 0 : -1;
}

char **
fcgi_params(const struct fcgi_request *request)
{
    return request->fcgx.envp;
}

bool
fcgi_reply(struct fcgi_request *request, const struct answer *answer)
{
    FCGX_Stream *out = request->fcgx.out;
    bool sent = FCGX_PutStr(answer->header, (int)answer->header_length, out) >= 0;
    if (sent && answer->body != NULL)
        sent = FCGX_PutS(answer->body, out) >= 0;

    bool failed = FCGX_FClose(request->fcgx.err) != 0;
    failed |= FCGX_FClose(out) != 0;
    bool kept = sent && !failed && request->fcgx.keepConnection != 0;
    forget(request);
    return kept;
}
