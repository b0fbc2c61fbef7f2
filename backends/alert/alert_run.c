#include "alert_run.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"

enum {
    OUTPUT_KEPT = 400,
    PAUSE_AFTER_KILL_MS = 100,
    PAUSE_OF_OUTPUT_MS = 50, /* between looks at what nobody wants any more */
    ROUNDS_OF_OUTPUT = 16,   /* a pipe full */
};

struct alert_run {
    pid_t pid;
    int pid_fd;
    int input_fd, output_fd; /* our ends; -1: closed */
    char *input;
    size_t input_length, input_given;
    char output[OUTPUT_KEPT];
    size_t output_length;
    struct deadline deadline;
    const char *killed_why;  /* NULL: it was not killed */
    bool has_ended, is_lost; /* is_lost: somebody else heard how */
    int status;              /* as waitpid(2) has it, if it has ended */
};

/* Our own environment is not for others: there may be anything in it. */
static char path_variable[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static char locale_variable[] = "LC_ALL=C.UTF-8";
static char *const environment[] = {path_variable, locale_variable, NULL};

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Returns 0 or an error number. */
static int
describe_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &all);
    if (error == 0)
        error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                         POSIX_SPAWN_SETSIGDEF);
    return error;
}

static int
describe_files(posix_spawn_file_actions_t *actions, int input, int output)
{
    int error = posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, output, STDERR_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    if (error == 0)
        error = posix_spawn_file_actions_addchdir_np(actions, "/");
    return error;
}

static int
spawn(pid_t *pid_r, char *const *command, int input, int output)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    int error = describe_signals(&attributes);
    if (error == 0)
        error = describe_files(&actions, input, output);
    if (error == 0)
        error = posix_spawn(pid_r, command[0], &actions, &attributes, command, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* A pipe whose ends are none of the descriptors that the command gets anew, so that giving it one
 * does not close the other. */
static int
open_pipe(int ends_r[2])
{
    if (pipe2(ends_r, O_CLOEXEC) != 0)
        return -1;
    for (size_t i = 0; i < 2; i++) {
        if (ends_r[i] > STDERR_FILENO)
            continue;
        int higher = fcntl(ends_r[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        close(ends_r[i]);
        ends_r[i] = higher;
    }
    return ends_r[0] >= 0 && ends_r[1] >= 0 ? 0 : -1;
}

static int
start(struct alert_run *run, char *const *command)
{
    int input[2] = {-1, -1}, output[2] = {-1, -1};
    int error = open_pipe(input) != 0 || open_pipe(output) != 0 ? errno : 0;
    if (error == 0)
        error = spawn(&run->pid, command, input[0], output[1]);
    close_fd(&input[0]);
    close_fd(&output[1]);
    run->input_fd = input[1];
    run->output_fd = output[0];
    if (error != 0)
        return error;
    fcntl(run->input_fd, F_SETFL, O_NONBLOCK);
    fcntl(run->output_fd, F_SETFL, O_NONBLOCK);
    run->pid_fd = pidfd_open(run->pid, 0); /* -1: then we look every now and then */
    return 0;
}

struct alert_run *
alert_run_start(char *const *command, char *input, struct deadline deadline, struct err *err)
{
    struct alert_run *run = xcalloc(1, sizeof *run);
    run->pid_fd = run->input_fd = run->output_fd = -1;
    run->input = input;
    run->input_length = strlen(input);
    run->deadline = deadline;
    int error = start(run, command);
    if (error == 0)
        return run;
    err_set(err, "start %s: %s", command[0], strerror(error));
    alert_run_free(run);
    return NULL;
}

static void
kill_all(const struct alert_run *run)
{
    kill(-run->pid, SIGKILL);
}

void
alert_run_kill(struct alert_run *run, const char *why)
{
    if (run->has_ended || run->killed_why != NULL)
        return;
    run->killed_why = why;
    kill_all(run);
}

void
alert_run_free(struct alert_run *run)
{
    if (run == NULL)
        return;
    if (run->pid > 0 && !run->has_ended)
        kill_all(run);
    close_fd(&run->pid_fd);
    close_fd(&run->input_fd);
    close_fd(&run->output_fd);
    free(run->input);
    free(run);
}

/* The rest of its output is thrown away, now and then: a command that writes much must not fail for
 * it, and one that writes without end must not keep us busy. */
static bool
is_full(const struct alert_run *run)
{
    return run->output_length == sizeof run->output;
}

void
alert_run_fds(const struct alert_run *run, struct pollfd fds_r[ALERT_RUN_FDS])
{
    fds_r[0] = (struct pollfd){.fd = run->pid_fd, .events = POLLIN};
    fds_r[1] = (struct pollfd){.fd = run->input_fd, .events = POLLOUT};
    fds_r[2] = (struct pollfd){.fd = is_full(run) ? -1 : run->output_fd, .events = POLLIN};
}

/* Once killed, or without a pidfd, its end is looked for every now and then. */
struct deadline
alert_run_deadline(const struct alert_run *run)
{
    if (run->killed_why != NULL)
        return deadline_after(PAUSE_AFTER_KILL_MS);
    if (is_full(run) && run->output_fd >= 0)
        return deadline_sooner(run->deadline, PAUSE_OF_OUTPUT_MS);
    return run->pid_fd < 0 ? deadline_sooner(run->deadline, PAUSE_AFTER_KILL_MS) : run->deadline;
}

/* One that has closed its standard input, or ended, wants no more: that is no failure of it.
 * SIGPIPE is blocked in our thread, as all signals are. */
static void
give_input(struct alert_run *run)
{
    while (run->input_fd >= 0) {
        ssize_t given = write(run->input_fd, run->input + run->input_given,
                              run->input_length - run->input_given);
        if (given < 0 && errno == EINTR)
            continue;
        if (given < 0 && errno == EAGAIN)
            return;
        if (given > 0)
            run->input_given += (size_t)given;
        if (given < 0 || run->input_given == run->input_length)
            close_fd(&run->input_fd);
    }
}

/* Returns whether there may be more. */
static bool
take_some_output(struct alert_run *run)
{
    char bytes[PIPE_BUF];
    if (run->output_fd < 0)
        return false;
    ssize_t taken = read(run->output_fd, bytes, sizeof bytes);
    if (taken == 0 || (taken < 0 && errno != EAGAIN && errno != EINTR))
        close_fd(&run->output_fd);
    if (taken <= 0)
        return false;
    size_t kept = sizeof run->output - run->output_length;
    if (kept > (size_t)taken)
        kept = (size_t)taken;
    memcpy(run->output + run->output_length, bytes, kept);
    run->output_length += kept;
    return true;
}

static void
take_output(struct alert_run *run)
{
    for (int i = 0; i < ROUNDS_OF_OUTPUT && take_some_output(run); i++)
        continue;
}

bool
alert_run_continue(struct alert_run *run)
{
    give_input(run);
    take_output(run);
    pid_t ended = waitpid(run->pid, &run->status, WNOHANG);
    if (ended == run->pid || (ended < 0 && errno == ECHILD)) {
        run->has_ended = true;
        run->is_lost = ended < 0;
        take_output(run);
        return true;
    }
    if (deadline_is_over(run->deadline))
        alert_run_kill(run, "it took too long");
    return false;
}

bool
alert_run_succeeded(const struct alert_run *run, struct err *err)
{
    assert(run->has_ended);
    if (run->killed_why != NULL)
        err_set(err, "it was ended: %s", run->killed_why);
    else if (run->is_lost)
        err_set(err, "how it ended is not known");
    else if (WIFSIGNALED(run->status))
        err_set(err, "it was ended by signal %d", WTERMSIG(run->status));
    else if (WEXITSTATUS(run->status) != 0)
        err_set(err, "it ended with status %d", WEXITSTATUS(run->status));
    else
        return true;
    return false;
}

const char *
alert_run_output(const struct alert_run *run, size_t *length_r)
{
    *length_r = run->output_length;
    return run->output_length > 0 ? run->output : NULL;
}
