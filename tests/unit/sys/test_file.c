#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "file.h"

static char folder[] = "/tmp/test_file.XXXXXX";

static int
make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int
remove_folder(void **state)
{
    static const char *const names[] = {"secret", "file", "file.lock", "link", "fifo"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(names[i]);
    return chdir("/") == 0 ? rmdir(folder) : -1; /* fails if something was left behind */
}

static void
write_file(const char *name, const char *bytes, size_t length, mode_t mode)
{
    unlink(name);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void
test_read(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t length, max;
        const char *want_err;
    } cases[] = {
        {"an empty file", "", 0, 10, NULL},
        {"a file with a NUL", "a\0b\n", 4, 10, NULL},
        {"a file of just the limit", "0123456789", 10, 10, NULL},
        {"a file beyond the limit", "0123456789a", 11, 10,
         "cannot read file: it is longer than 10 bytes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        write_file("file", cases[i].bytes, cases[i].length, 0600);
        struct err err = {0};
        size_t length = 0;
        char *text = file_read("file", cases[i].max, &length, &err);
        if (cases[i].want_err != NULL) {
            assert_null(text);
            assert_string_equal(err.text, cases[i].want_err);
            continue;
        }
        assert_non_null(text);
        assert_int_equal(length, cases[i].length);
        assert_memory_equal(text, cases[i].bytes, length);
        assert_int_equal(text[length], 0);
        free(text);
    }
}

static void
test_read_refuses(void **state)
{
    (void)state;
    struct err err;
    size_t length;
    assert_null(file_read("none", 10, &length, &err));
    assert_string_equal(err.text, "cannot open none: No such file or directory");
    assert_null(file_read(".", 10, &length, &err));
    assert_string_equal(err.text, "cannot read .: it is not a regular file");
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_null(file_read("fifo", 10, &length, &err)); /* and does not wait for a writer */
    assert_string_equal(err.text, "cannot read fifo: it is not a regular file");
}

static void
test_read_secret(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t length;
        mode_t mode;
        const char *want, *want_err;
    } cases[] = {
        {"the line break is not part of it", "hunter2\n", 8, 0600, "hunter2", NULL},
        {"nor is one from Windows", "hunter2\r\n", 9, 0400, "hunter2", NULL},
        {"a missing line break is fine", "hunter2", 7, 0600, "hunter2", NULL},
        {"spaces are part of it", " hunter 2 \n", 11, 0600, " hunter 2 ", NULL},
        {"lines behind the first do not count", "hunter2\nuser: x\n", 16, 0600, "hunter2", NULL},
        {"the group may read", "hunter2\n", 8, 0640, "hunter2", NULL},
        {"others may not read", "hunter2\n", 8, 0644, NULL,
         "refused to read the secret in secret: others than its owner and group may use it (chmod "
         "0640 secret)"},
        {"the group may not write", "hunter2\n", 8, 0660, NULL,
         "refused to read the secret in secret: others than its owner may write to it (chmod 0640 "
         "secret)"},
        {"others may not write", "hunter2\n", 8, 0602, NULL,
         "refused to read the secret in secret: others than its owner may write to it (chmod 0600 "
         "secret)"},
        {"an empty file has no secret", "", 0, 0600, NULL,
         "cannot use the secret in secret: its first line is empty"},
        {"an empty first line has no secret", "\nhunter2\n", 9, 0600, NULL,
         "cannot use the secret in secret: its first line is empty"},
        {"a NUL would cut it short", "hun\0ter2\n", 9, 0600, NULL,
         "cannot use the secret in secret: its first line holds a NUL"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        write_file("secret", cases[i].bytes, cases[i].length, cases[i].mode);
        struct secret secret = {0};
        struct err err = {0};
        int result = file_read_secret("secret", &secret, &err);
        assert_int_equal(result, cases[i].want != NULL ? 0 : -1);
        if (cases[i].want != NULL) {
            assert_string_equal(secret.bytes, cases[i].want);
            assert_int_equal(secret.length, strlen(cases[i].want));
        } else {
            assert_string_equal(err.text, cases[i].want_err);
            assert_null(secret.bytes);
        }
        secret_fini(&secret);
    }
}

static void
test_long_secrets(void **state)
{
    static char bytes[5000];
    (void)state;
    memset(bytes, 'x', sizeof bytes);
    struct secret secret = {0};
    struct err err;
    write_file("secret", bytes, 4096, 0600);
    assert_int_equal(file_read_secret("secret", &secret, &err), 0);
    assert_int_equal(secret.length, 4096);
    secret_fini(&secret);
    write_file("secret", bytes, 4097, 0600);
    assert_int_equal(file_read_secret("secret", &secret, &err), -1);
    assert_string_equal(err.text, "cannot use the secret in secret: it is longer than 4096 bytes");
}

static void
test_secrets_that_are_whole_files(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t length;
        mode_t mode;
        const char *want_err; /* NULL: all bytes are read */
    } cases[] = {
        {"every line and byte belongs to it", "a\nb\r\n\0c\n", 8, 0640, NULL},
        {"as much as may be", "0123456789", 10, 0600, NULL},
        {"more than may be", "0123456789\n", 11, 0600,
         "cannot read secret: it is longer than 10 bytes"},
        {"nothing", "", 0, 0600, NULL},
        {"others may read", "key\n", 4, 0644,
         "refused to read the secret in secret: others than its owner and group may use it (chmod "
         "0640 secret)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        write_file("secret", cases[i].bytes, cases[i].length, cases[i].mode);
        struct secret secret = {0};
        struct err err = {0};
        int result = file_read_whole_secret("secret", 10, &secret, &err);
        assert_int_equal(result, cases[i].want_err == NULL ? 0 : -1);
        assert_string_equal(err.text, cases[i].want_err != NULL ? cases[i].want_err : "");
        if (result == 0) {
            assert_int_equal(secret.length, cases[i].length);
            assert_memory_equal(secret.bytes, cases[i].bytes, cases[i].length);
        }
        secret_fini(&secret);
        assert_null(secret.bytes);
    }
}

static void
assert_file(const char *name, const char *want, mode_t want_mode)
{
    struct err err;
    size_t length;
    char *text = file_read(name, 1000, &length, &err);
    assert_non_null(text);
    assert_string_equal(text, want);
    free(text);
    struct stat status;
    assert_int_equal(stat(name, &status), 0);
    assert_int_equal(status.st_mode & 07777, want_mode);
}

static void
test_replace(void **state)
{
    (void)state;
    struct err err;
    unlink("file");
    assert_int_equal(file_replace("file", "one\n", 4, 0640, &err), 0);
    assert_file("file", "one\n", 0640);

    assert_int_equal(chmod("file", 0604), 0);
    assert_int_equal(file_replace("file", "two\n", 4, 0640, &err), 0);
    assert_file("file", "two\n", 0604);

    assert_int_equal(symlink("file", "link"), 0);
    assert_int_equal(file_replace("link", "three\n", 6, 0640, &err), 0);
    assert_file("file", "three\n", 0604);
    struct stat status;
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));

    assert_int_equal(file_replace("none/file", "", 0, 0640, &err), -1);
    assert_string_equal(err.text, "cannot replace none/file: No such file or directory");
}

static void
test_replace_keeps_the_owner(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct err err;
    struct stat status;
    write_file("file", "one\n", 4, 0640);
    assert_int_equal(chown("file", 12345, 54321), 0);
    assert_int_equal(file_replace("file", "two\n", 4, 0600, &err), 0);
    assert_int_equal(stat("file", &status), 0);
    assert_int_equal(status.st_uid, 12345);
    assert_int_equal(status.st_gid, 54321);
    assert_file("file", "two\n", 0640);
}

static void
test_lock(void **state)
{
    (void)state;
    struct err err;
    int first = file_lock("file", 0, &err);
    assert_true(first >= 0);
    assert_int_equal(file_lock("file", 30, &err), -1);
    assert_string_equal(err.text, "cannot lock file.lock: somebody else is editing the file");
    close(first);
    int second = file_lock("file", 0, &err);
    assert_true(second >= 0);
    close(second);
    assert_int_equal(file_lock("none/file", 0, &err), -1);
    assert_string_equal(err.text, "cannot lock none/file.lock: No such file or directory");
}

static void
test_beside(void **state)
{
    static const struct {
        const char *name, *base, *file, *want;
    } cases[] = {
        {"beside the base", "/etc/mailreeve/mailreeve.conf", "users", "/etc/mailreeve/users"},
        {"in a folder beside it", "/etc/m.conf", "lists/a", "/etc/lists/a"},
        {"an absolute one stays", "/etc/m.conf", "/srv/users", "/srv/users"},
        {"a base without a folder", "m.conf", "users", "users"},
        {"a base in the root", "/m.conf", "users", "/users"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        char *path = file_beside(cases[i].base, cases[i].file);
        assert_string_equal(path, cases[i].want);
        free(path);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_refuses),
        cmocka_unit_test(test_read_secret),
        cmocka_unit_test(test_long_secrets),
        cmocka_unit_test(test_secrets_that_are_whole_files),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_replace_keeps_the_owner),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_beside),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
