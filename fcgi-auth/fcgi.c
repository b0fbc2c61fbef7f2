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

/* Who sends more than this is cut off. */
enum { SKIPPED_BYTES_MAX = 1024 * 1024 };

struct fcgi_request {
    FCGX_Request fcgx;
    /* of the request that was read; NULL: it has none */
    char *body;
    size_t body_length;
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

static void
forget_body(struct fcgi_request *request)
{
    if (request->body == NULL)
        return;
    explicit_bzero(request->body, request->body_length);
    free(request->body);
    request->body = NULL;
    request->body_length = 0;
}

/* Frees what the request holds, but leaves the connection alone. */
static void
forget(struct fcgi_request *request)
{
    if (request->fcgx.in != NULL)
        for (char **param = request->fcgx.envp; *param != NULL; param++)
            explicit_bzero(*param, strlen(*param));
    forget_body(request);
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

/* Moves what was kept, so that none of it stays behind in a block that realloc has left. */
static void
keep(struct fcgi_request *request, const char *bytes, size_t count)
{
    char *body = xmalloc(request->body_length + count);
    size_t length = request->body_length;
    if (length > 0)
        memcpy(body, request->body, length);
    memcpy(body + length, bytes, count);
    forget_body(request);
    request->body = body;
    request->body_length = length + count;
}

/* Takes the body off the connection, all of it: closing a socket with unread bytes in it would
 * destroy the answer, and what follows on a kept connection must be the next request. Returns 0 or
 * -1. */
static int
read_body(struct fcgi_request *request, bool *is_too_long_r)
{
    char bytes[4096];
    size_t total = 0;
    int count;
    while ((count = FCGX_GetStr(bytes, sizeof bytes, request->fcgx.in)) > 0) {
        total += (size_t)count;
        if (total > SKIPPED_BYTES_MAX)
            return -1;
        if (total <= CALL_BODY_MAX)
            keep(request, bytes, (size_t)count);
        else
            forget_body(request);
    }
    *is_too_long_r = total > CALL_BODY_MAX;
    return FCGX_GetError(request->fcgx.in) == 0 ? 0 : -1;
}

int
fcgi_read(struct fcgi_request *request, int fd, struct call *call_r)
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

    *call_r = (struct call){.params = request->fcgx.envp};
    bool whole = read_body(request, &call_r->is_body_too_long) == 0;
    call_r->body = request->body;
    call_r->body_length = request->body_length;
    close(duplicate);
    request->fcgx.ipcFd = fd;
    if (!whole)
        forget(request);
    return whole ? 0 : -1;
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
