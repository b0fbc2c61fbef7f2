/* The guard's connection to itself, while nobody can be let in. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "deadline.h"
#include "nudge.h"

enum { PATIENCE_MS = 10000, FILLERS = 4, TURNS = 5 };

static void
pause_a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

/* A listening socket of this process without a name in the file system. */
static int
listen_somewhere(struct sockaddr_storage *address_r, socklen_t *length_r)
{
    struct sockaddr_un any = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any.sun_family), 0);
    assert_int_equal(listen(fd, 0), 0);
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000}; /* of accept and what it gives */
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    *length_r = sizeof *address_r;
    assert_int_equal(getsockname(fd, (struct sockaddr *)address_r, length_r), 0);
    return fd;
}

/* Returns how many connections its queue took. */
static size_t
fill_queue(const struct sockaddr_storage *address, socklen_t length, int fillers_r[FILLERS])
{
    for (size_t i = 0; i < FILLERS; i++) {
        fillers_r[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(fillers_r[i], (const struct sockaddr *)address, length) != 0) {
            close(fillers_r[i]);
            return i;
        }
    }
    return FILLERS;
}

/* How often the thread of that name has gone to sleep; -1: there is none. */
static long
rests_of(const char *name)
{
    DIR *tasks = opendir("/proc/self/task");
    long rests = -1;
    assert_non_null(tasks);
    for (struct dirent *task; rests < 0 && (task = readdir(tasks)) != NULL;) {
        char path[512], line[256] = "";
        bool is_meant = false;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
        FILE *status = fopen(path, "r");
        while (status != NULL && fgets(line, sizeof line, status) != NULL) {
            if (strncmp(line, "Name:\t", 6) == 0)
                is_meant = strncmp(line + 6, name, strlen(name)) == 0;
            if (is_meant && strncmp(line, "voluntary_ctxt_switches:", 24) == 0)
                rests = strtol(line + 24, NULL, 10);
        }
        if (status != NULL)
            fclose(status);
    }
    closedir(tasks);
    return rests;
}

static void
wait_for_turns(long turns)
{
    struct deadline deadline = deadline_after(PATIENCE_MS);
    long before = -1, now = -1;
    while (!deadline_is_over(deadline) && (before < 0 || now < before + turns)) {
        pause_a_moment();
        now = rests_of("nudge");
        before = before < 0 ? now : before;
    }
    assert_true(before >= 0 && now >= before + turns);
}

static void
test_a_full_queue_keeps_it_from_nothing(void **state)
{
    (void)state;
    struct sockaddr_storage address;
    socklen_t length;
    int fillers[FILLERS];
    int fd = listen_somewhere(&address, &length);
    size_t filled = fill_queue(&address, length, fillers);
    assert_in_range(filled, 1, FILLERS - 1);

    struct guard guard = {0};
    nudge_start(&address, length, connections_create(&guard));
    wait_for_turns(TURNS);

    for (size_t i = 0; i < filled; i++) {
        close(accept(fd, NULL, NULL));
        close(fillers[i]);
    }
    int nudged = accept(fd, NULL, NULL);
    char said[5];
    assert_int_equal(recv(nudged, said, sizeof said, MSG_WAITALL), (ssize_t)sizeof said);
    assert_memory_equal(said, "\0\0\0\1A", sizeof said);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_queue_keeps_it_from_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
