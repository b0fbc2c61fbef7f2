/*
 * A probe connects, says the steps of its dialogue one after the other, each when the one before
 * was answered, and shakes hands for TLS where the plan or a step wants it. What TLS has decrypted
 * is not seen by poll(2), so reading goes on until there is nothing left; an answer has an end, and
 * a dialogue few steps, so this does, too.
 */
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
probe_begin(struct probe *probe, const struct probe_plan *plan, const char *host,
            const struct endpoint *endpoint, struct deadline deadline, struct err *err)
{
    *probe = (struct probe){
        .plan = plan, .host = host, .endpoint = *endpoint, .deadline = deadline, .events = POLLOUT};
    probe->fd = dial_begin(endpoint, err);
    return probe->fd < 0 ? probe->fd : 0;
}

/* What is being waited for, for errors. */
static void
name_step(const struct probe *probe, char *text_r, size_t size)
{
    const char *name = probe->step != NULL ? probe->step->name : "";
    switch (probe->phase) {
    case PROBE_CONNECT:
        snprintf(text_r, size, "connecting");
        return;
    case PROBE_HANDSHAKE:
        snprintf(text_r, size, "TLS handshake");
        return;
    case PROBE_TALK:
        snprintf(text_r, size, "waiting for the %s%s", name[0] == '\0' ? "greeting" : "answer to ",
                 name);
        return;
    }
}

static enum probe_state
fail(const struct probe *probe, const char *why, struct err *err)
{
    char step[64];
    name_step(probe, step, sizeof step);
    err_set(err, "%s: %s", step, why);
    return PROBE_FAILED;
}

/* Our few bytes always fit into the buffer of a connection that carried next to nothing yet. */
static int
say(const struct probe *probe, const char *text, struct err *err)
{
    int length = (int)strlen(text);
    if (probe->tls != NULL) {
        int sent = tls_write(probe->tls, text, length, err);
        if (sent >= 0 && sent < length)
            err_set(err, "write: the connection is stuck");
        return sent == length ? 0 : -1;
    }
    ssize_t sent = send(probe->fd, text, (size_t)length, MSG_NOSIGNAL);
    if (sent == length)
        return 0;
    err_set(err, "write: %s", sent < 0 ? strerror(errno) : "the connection is stuck");
    return -1;
}

/* Returns how many bytes; 0: there are none yet, -1 with err: and there will be none. */
static int
hear(struct probe *probe, char *bytes_r, size_t size, struct err *err)
{
    if (probe->tls == NULL) {
        ssize_t got = recv(probe->fd, bytes_r, size, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        if (got <= 0)
            fail(probe, got == 0 ? "the server closed the connection" : strerror(errno), err);
        return got > 0 ? (int)got : -1;
    }
    int got = tls_read(probe->tls, bytes_r, (int)size, err);
    if (got == TLS_WANT_READ || got == TLS_WANT_WRITE)
        return 0;
    if (got == 0)
        fail(probe, "the server closed the connection", err);
    return got > 0 ? got : -1;
}

static enum probe_state
take_leave(const struct probe *probe, const struct dialogue *dialogue)
{
    char line[32];
    snprintf(line, sizeof line, "%s\r\n", dialogue->goodbye);
    say(probe, line, NULL); /* politeness: nobody waits for the answer */
    return PROBE_PASSED;
}

static int
say_step(const struct probe *probe, struct err *err)
{
    struct utsname host;
    char line[sizeof host.nodename + 32];
    if (probe->step->text == NULL)
        return 0;
    bool named = uname(&host) == 0 && host.nodename[0] != '\0';
    const char *us = named ? host.nodename : "localhost";
    snprintf(line, sizeof line, "%s%s\r\n", probe->step->text, probe->step->names_us ? us : "");
    return say(probe, line, err);
}

/* Goes to that step or, if it is none of this check's, the next that is. */
static enum probe_state
begin_step(struct probe *probe, const struct dialogue_step *step, struct err *err)
{
    while (step->name != NULL && step->only_starttls && probe->plan->tls != CHECK_TLS_STARTTLS)
        step++;
    if (step->name == NULL)
        return take_leave(probe, dialogue_of(probe->plan->check));
    probe->step = step;
    probe->reply = step->expected;
    probe->phase = PROBE_TALK;
    probe->events = POLLIN;
    return say_step(probe, err) == 0 ? PROBE_UNDER_WAY : PROBE_FAILED;
}

/* The dialogue begins, or goes on behind the step that began TLS. */
static enum probe_state
go_on_talking(struct probe *probe, struct err *err)
{
    const struct dialogue *dialogue = dialogue_of(probe->plan->check);
    if (dialogue == NULL)
        return PROBE_PASSED;
    return begin_step(probe, probe->step != NULL ? probe->step + 1 : dialogue->steps, err);
}

/* Judges a complete reply. */
static enum probe_state
judge(struct probe *probe, struct err *err)
{
    const struct dialogue_step *step = probe->step;
    if (!probe->reply.is_ok && !step->may_be_refused) {
        err_set(err, "%s was answered by \"%s\" (not %s)",
                step->name[0] == '\0' ? "the connection" : step->name, probe->reply.line,
                step->wanted);
        return PROBE_FAILED;
    }
    if (!step->begins_tls)
        return begin_step(probe, step + 1, err);
    probe->phase = PROBE_HANDSHAKE;
    return PROBE_UNDER_WAY;
}

static enum probe_state
refuse_garbage(const struct probe *probe, struct err *err)
{
    if (probe->reply.bytes > REPLY_BYTES_MAX)
        return fail(probe, "the answer has no end", err);
    err_set(err, "the server does not speak %s: \"%s\"", dialogue_of(probe->plan->check)->protocol,
            probe->reply.line);
    return PROBE_FAILED;
}

static enum probe_state
listen_to_server(struct probe *probe, struct err *err)
{
    enum probe_state state = PROBE_UNDER_WAY;
    while (state == PROBE_UNDER_WAY && probe->phase == PROBE_TALK) {
        char bytes[1024];
        int got = hear(probe, bytes, sizeof bytes, err);
        if (got <= 0)
            return got == 0 ? PROBE_UNDER_WAY : PROBE_FAILED;
        switch (reply_feed(&probe->reply, bytes, (size_t)got)) {
        case REPLY_INCOMPLETE:
            break;
        case REPLY_COMPLETE:
            state = judge(probe, err);
            break;
        case REPLY_GARBAGE:
            return refuse_garbage(probe, err);
        }
    }
    return state;
}

/* Begins TLS, or goes on with it. */
static enum probe_state
shake_hands(struct probe *probe, struct err *err)
{
    if (probe->tls == NULL)
        probe->tls = tls_session_create(probe->plan->context, probe->fd, probe->host, err);
    if (probe->tls == NULL)
        return PROBE_FAILED;
    int result = tls_handshake(probe->tls, err);
    if (result == TLS_WANT_READ || result == TLS_WANT_WRITE) {
        probe->events = result == TLS_WANT_READ ? POLLIN : POLLOUT;
        return PROBE_UNDER_WAY;
    }
    return result == 1 ? go_on_talking(probe, err) : PROBE_FAILED;
}

static enum probe_state
finish_connect(struct probe *probe, struct err *err)
{
    if (dial_finish(probe->fd, &probe->endpoint, err) != 0)
        return PROBE_FAILED;
    if (probe->plan->tls != CHECK_TLS_IMPLICIT)
        return go_on_talking(probe, err);
    probe->phase = PROBE_HANDSHAKE;
    return PROBE_UNDER_WAY;
}

/* Each phase may find the next one's work ready. */
static enum probe_state
work(struct probe *probe, struct err *err)
{
    enum probe_state state = PROBE_UNDER_WAY;
    if (probe->phase == PROBE_CONNECT)
        state = finish_connect(probe, err);
    if (state == PROBE_UNDER_WAY && probe->phase == PROBE_HANDSHAKE)
        state = shake_hands(probe, err);
    if (state == PROBE_UNDER_WAY && probe->phase == PROBE_TALK)
        state = listen_to_server(probe, err);
    if (state == PROBE_UNDER_WAY && probe->phase == PROBE_HANDSHAKE && probe->tls == NULL)
        state = shake_hands(probe, err);
    return state;
}

enum probe_state
probe_go_on(struct probe *probe, short ready, struct err *err)
{
    enum probe_state state = ready != 0 ? work(probe, err) : PROBE_UNDER_WAY;
    if (state != PROBE_UNDER_WAY || !deadline_is_over(probe->deadline))
        return state;
    return fail(probe, "timed out", err);
}

void
probe_end(struct probe *probe)
{
    tls_session_free(probe->tls);
    probe->tls = NULL;
    close(probe->fd);
    probe->fd = -1;
}
