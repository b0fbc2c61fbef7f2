#include "prompt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "decide.h"

/* Signals that end or stop the program while the terminal does not echo. */
static const int caught_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { CAUGHT_COUNT = sizeof caught_signals / sizeof caught_signals[0] };

static volatile sig_atomic_t caught;

static void
note_signal(int number)
{
    caught = number;
}

/* What must be put back after the question. */
struct silence {
    struct termios terminal;
    struct sigaction actions[CAUGHT_COUNT];
    sigset_t mask;
};

static void
silence_end(const struct silence *silence)
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silence->terminal);
    fputc('\n', stderr);
    for (size_t i = 0; i < CAUGHT_COUNT; i++)
        sigaction(caught_signals[i], &silence->actions[i], NULL);
    sigprocmask(SIG_SETMASK, &silence->mask, NULL);
    if (caught != 0)
        raise(caught);
}

static int
silence_begin(struct silence *silence)
{
    if (tcgetattr(STDIN_FILENO, &silence->terminal) < 0)
        return -1;
    caught = 0;
    /* Blocked but for the wait for a key: a signal just before that wait would not end it. */
    sigset_t blocked;
    sigemptyset(&blocked);
    for (size_t i = 0; i < CAUGHT_COUNT; i++)
        sigaddset(&blocked, caught_signals[i]);
    sigprocmask(SIG_BLOCK, &blocked, &silence->mask);
    struct sigaction action = {.sa_handler = note_signal};
    for (size_t i = 0; i < CAUGHT_COUNT; i++)
        sigaction(caught_signals[i], &action, &silence->actions[i]);
    struct termios silent = silence->terminal;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0)
        return 0;
    silence_end(silence);
    return -1;
}

/* Returns -1 after a signal, which only comes in while this waits. silence: NULL without a
 * terminal, where reading may wait as well. */
static int
wait_for_key(const struct silence *silence)
{
    struct pollfd key = {.fd = STDIN_FILENO, .events = POLLIN};
    return silence == NULL || ppoll(&key, 1, NULL, &silence->mask) > 0 ? 0 : -1;
}

/* Byte by byte: what follows the line belongs to whoever reads standard input next, and no buffer
 * but the secret's sees the password. */
static int
read_line(const struct silence *silence, struct secret *password_r, struct err *err)
{
    char *bytes = secret_reserve(password_r, PASSWORD_MAX);
    size_t length = 0;
    for (;;) {
        ssize_t got = wait_for_key(silence) < 0 ? -1 : read(STDIN_FILENO, bytes + length, 1);
        if (got < 0) {
            err_set(err, "reading the password: %s", strerror(errno));
            return -1;
        }
        if (got == 0 || bytes[length] == '\n')
            break;
        if (length == PASSWORD_MAX) {
            err_set(err, "the password is longer than %d bytes", PASSWORD_MAX);
            return -1;
        }
        length++;
    }
    bytes[length] = '\0';
    password_r->length = length;
    return 0;
}

static int
check(const struct secret *password, struct err *err)
{
    if (password->length == 0) {
        err_set(err, "the password is empty");
        return -1;
    }
    for (size_t i = 0; i < password->length; i++) {
        unsigned char byte = (unsigned char)password->bytes[i];
        if (byte < 0x20 || byte == 0x7f) {
            err_set(err, "the password holds a control character");
            return -1;
        }
    }
    return 0;
}

int
prompt_password(const char *question, struct secret *password_r, struct err *err)
{
    secret_init(password_r);
    if (!isatty(STDIN_FILENO))
        return read_line(NULL, password_r, err) < 0 ? -1 : check(password_r, err);

    struct silence silence = {0};
    if (silence_begin(&silence) < 0) {
        err_set(err, "switching the terminal's echo off: %s", strerror(errno));
        return -1;
    }
    fprintf(stderr, "%s: ", question);
    int status = read_line(&silence, password_r, err);
    silence_end(&silence);
    return status < 0 ? -1 : check(password_r, err);
}

int
prompt_new_password(struct secret *password_r, struct err *err)
{
    if (prompt_password("New password", password_r, err) < 0)
        return -1;
    if (!isatty(STDIN_FILENO))
        return 0;
    struct secret again;
    int status = prompt_password("Once more", &again, err);
    if (status == 0 && !secret_equal(password_r, &again)) {
        err_set(err, "the two passwords differ");
        status = -1;
    }
    secret_fini(&again);
    return status;
}
