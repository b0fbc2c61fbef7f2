#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "manager.h"

static void
test_journal(void **state)
{
    struct stat status;
    char here[64], other[64];
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(here, sizeof here, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    snprintf(other, sizeof other, "%ju:%ju", (uintmax_t)status.st_dev,
             (uintmax_t)status.st_ino + 1);
    const struct {
        const char *name, *stream;
        bool want;
    } cases[] = {
        {"no service manager", NULL, false},
        {"standard error is the stream that it names", here, true},
        {"it has been turned elsewhere, into a file", other, false},
        {"nonsense", "journal", false},
        {"nothing", "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        if (cases[i].stream != NULL)
            setenv("JOURNAL_STREAM", cases[i].stream, 1);
        else
            unsetenv("JOURNAL_STREAM");
        assert_int_equal(manager_keeps_log(), cases[i].want);
    }
}

/* What a manager with this address hears; "" for nothing. */
static const char *
hear(const char *address, char *text_r, size_t size)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t length = strlen(address);
    memcpy(name.sun_path, address, length);
    if (address[0] == '@')
        name.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (struct sockaddr *)&name,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                     0);
    setenv("NOTIFY_SOCKET", address, 1);
    manager_tell_ready();
    ssize_t heard = recv(fd, text_r, size - 1, MSG_DONTWAIT);
    text_r[heard > 0 ? heard : 0] = '\0';
    close(fd);
    return text_r;
}

static void
test_ready(void **state)
{
    char folder[] = "/tmp/mailreeve-manager-XXXXXX", path[64], hidden[64], text[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/notify", folder);
    snprintf(hidden, sizeof hidden, "@%s", folder);
    assert_string_equal(hear(path, text, sizeof text), "READY=1");
    unlink(path);
    rmdir(folder);
    assert_string_equal(hear(hidden, text, sizeof text), "READY=1");
    /* other threads may be reading it */
    assert_non_null(getenv("NOTIFY_SOCKET"));
}

static void
test_nobody_to_tell(void **state)
{
    static const char *const addresses[] = {"", "/nowhere/notify", "nonsense", "vsock:2:1"};
    char too_long[300];
    (void)state;
    memset(too_long, '/', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        setenv("NOTIFY_SOCKET", addresses[i], 1);
        manager_tell_ready();
    }
    setenv("NOTIFY_SOCKET", too_long, 1);
    manager_tell_ready();
    unsetenv("NOTIFY_SOCKET");
    manager_tell_ready();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_journal), cmocka_unit_test(test_ready),
                                       cmocka_unit_test(test_nobody_to_tell)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
