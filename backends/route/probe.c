#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "dial.h"

int
probe_begin(struct probe *probe, enum check check, const struct endpoint *endpoint,
            struct deadline deadline, struct err *err)
{
    *probe = (struct probe){
        .check = check, .events = POLLOUT, .deadline = deadline, .endpoint = *endpoint};
    probe->fd = dial_begin(endpoint, err);
    return probe->fd < 0 ? probe->fd : 0;
}

/* Our few bytes always fit into the buffer of a connection that carried nothing yet. */
static int
say(const struct probe *probe, const char *text, struct err *err)
{
    ssize_t sent = send(probe->fd, text, strlen(text), MSG_NOSIGNAL);
    if (sent == (ssize_t)strlen(text))
        return 0;
    err_set(err, "write: %s", sent < 0 ? strerror(errno) : "the connection is stuck");
    return -1;
}

static enum probe_state
finish_connect(struct probe *probe, struct err *err)
{
    if (dial_finish(probe->fd, &probe->endpoint, err) != 0)
        return PROBE_FAILED;
    if (probe->check != CHECK_SMTP)
        return PROBE_PASSED;
    probe->step = PROBE_GREETING;
    probe->events = POLLIN;
    return PROBE_UNDER_WAY;
}

static enum probe_state
say_ehlo(struct probe *probe, struct err *err)
{
    struct utsname host;
    char line[sizeof host.nodename + 16];
    bool named = uname(&host) == 0 && host.nodename[0] != '\0';
    snprintf(line, sizeof line, "EHLO %s\r\n", named ? host.nodename : "localhost");
    probe->step = PROBE_EHLO;
    probe->reply = (struct reply){0};
    return say(probe, line, err) == 0 ? PROBE_UNDER_WAY : PROBE_FAILED;
}

/* Judges a complete reply. */
static enum probe_state
judge(struct probe *probe, struct err *err)
{
    bool greeting = probe->step == PROBE_GREETING;
    unsigned wanted = greeting ? 220 : 250;
    if (probe->reply.code != wanted) {
        err_set(err, "%s was answered by \"%s\" (not %u)", greeting ? "the connection" : "EHLO",
                probe->reply.line, wanted);
        return PROBE_FAILED;
    }
    if (greeting)
        return say_ehlo(probe, err);
    say(probe, "QUIT\r\n", NULL); /* politeness: nobody waits for the answer */
    return PROBE_PASSED;
}

static enum probe_state
read_reply(struct probe *probe, struct err *err)
{
    char bytes[1024];
    ssize_t got = recv(probe->fd, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return PROBE_UNDER_WAY;
    if (got <= 0) {
        err_set(err, "%s: %s", probe->step == PROBE_GREETING ? "waiting for the greeting" : "EHLO",
                got == 0 ? "the server closed the connection" : strerror(errno));
        return PROBE_FAILED;
    }
    switch (reply_feed(&probe->reply, bytes, (size_t)got)) {
    case REPLY_INCOMPLETE:
        return PROBE_UNDER_WAY;
    case REPLY_COMPLETE:
        return judge(probe, err);
    case REPLY_GARBAGE:
        break;
    }
    err_set(err, "the server does not speak SMTP: \"%s\"", probe->reply.line);
    return PROBE_FAILED;
}

enum probe_state
probe_go_on(struct probe *probe, short ready, struct err *err)
{
    static const char *const steps[] = {[PROBE_CONNECT] = "connecting",
                                        [PROBE_GREETING] = "waiting for the greeting",
                                        [PROBE_EHLO] = "waiting for the answer to EHLO"};
    enum probe_state state = PROBE_UNDER_WAY;
    if (ready != 0)
        state = probe->step == PROBE_CONNECT ? finish_connect(probe, err) : read_reply(probe, err);
    if (state != PROBE_UNDER_WAY || !deadline_is_over(probe->deadline))
        return state;
    err_set(err, "%s: timed out", steps[probe->step]);
    return PROBE_FAILED;
}

void
probe_end(struct probe *probe)
{
    close(probe->fd);
    probe->fd = -1;
}
