/* `alert` sections of a configuration file of the test's own, with the machine's small programs. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert.h"
#include "alert_run.h"
#include "clock.h"

enum { PATIENCE_MS = 20000 };

static char folder[] = "/tmp/test_alert-XXXXXX";

static const struct row no_rows[] = {{0}};
static const struct section_type *const children[] = {&alert_section, NULL};
static const struct section_type top = {.size = 1, .rows = no_rows, .children = children};

struct site {
    struct problems problems;
    struct conf *conf;
    struct alerts *alerts;
};

static void
load(struct site *site, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "%s/t.conf", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    problems_init(&site->problems);
    site->conf = conf_load(path, &top, &site->problems);
    site->alerts = site->conf != NULL ? alerts_open(site->conf, &site->problems) : NULL;
}

static void
unload(struct site *site)
{
    alerts_close(site->alerts);
    conf_free(site->conf);
    problems_fini(&site->problems);
}

static void
test_problems_of_a_section_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text, *want; /* NULL: none */
    } cases[] = {
        {"all is well", "alert \"a\" { events = {\"ban\"}  command = \"/bin/cat 'a b'\" }", NULL},
        {"a program that is not there",
         "alert \"a\" { events = {\"ban\"}  command = \"/no/such\" }",
         "t.conf:1: warning: alert \"a\": command: /no/such: No such file or directory"},
        {"a file that may not be run",
         "alert \"a\" { events = {\"ban\"}  command = \"/etc/passwd\" }",
         "t.conf:1: warning: alert \"a\": command: /etc/passwd: is no program that may be run "
         "(chmod +x)"},
        {"a program without its path", "alert \"a\" { events = {\"ban\"}  command = \"cat\" }",
         "t.conf:1: alert \"a\": command: \"cat\" is no absolute path (write the program with its "
         "whole path)"},
        {"an open quote", "alert \"a\" { events = {\"ban\"}  command = \"/bin/cat 'a\" }",
         "t.conf:1: alert \"a\": command: a ' is not closed"},
        {"no command", "alert \"a\" { events = {\"ban\"} }",
         "t.conf:1: alert \"a\": command: is missing (it must be set)"},
        {"no events", "alert \"a\" { events = {}  command = \"/bin/cat\" }",
         "t.conf:1: alert \"a\": events: is empty (at least one is needed)"},
        {"an event that there is not",
         "alert \"a\" { events = {\"bans\"}  command = \"/bin/cat\" }",
         "t.conf:1: alert \"a\": events: \"bans\" "},
        {"a threshold of none",
         "alert \"a\" { events = {\"ban\"}  threshold = 0  command = \"/bin/cat\" }",
         "t.conf:1: alert \"a\": threshold: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct site site;
        load(&site, cases[i].text);
        print_message("%s\n", cases[i].sentence);
        assert_int_equal(site.problems.count, cases[i].want != NULL);
        if (cases[i].want != NULL) {
            const char *line = problems_line(&site.problems, 0) + strlen(folder) + 1;
            print_message("    %s\n", line);
            assert_memory_equal(line, cases[i].want, strlen(cases[i].want));
        }
        unload(&site);
    }
}

/* The text of a file of the folder once it has so many lines. */
static const char *
wait_for_lines(const char *name, int wanted)
{
    static char text[65536];
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (int64_t until_ms = clock_now_ms() + PATIENCE_MS; clock_now_ms() < until_ms;) {
        text[0] = '\0';
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
        if (fd >= 0)
            close(fd);
        text[length > 0 ? length : 0] = '\0';
        int lines = 0;
        for (const char *at = text; *at != '\0'; at++)
            lines += *at == '\n';
        if (lines >= wanted)
            return text;
        poll(NULL, 0, 10);
    }
    fail_msg("%s has less than %d lines: %s", path, wanted, text);
    return NULL;
}

static void
load_again(struct site *site, const char *settings)
{
    char text[1024];
    snprintf(text, sizeof text, "alert \"a\" { %s  command = \"%s/script %s\" }", settings, folder,
             folder);
    load(site, text);
    assert_int_equal(site->problems.count, 0);
}

static void
load_with_script(struct site *site, const char *settings, const char *script)
{
    char path[64];
    snprintf(path, sizeof path, "%s/script", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    assert_int_equal(chmod(path, 0700), 0);
    load_again(site, settings);
}

/* Whether a process has ended, even if nobody has taken note of that yet. */
static bool
is_gone(long pid)
{
    char path[64], text[256] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return true;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    return length <= 0 || strstr(text, ") Z ") != NULL;
}

static void
wait_for_end(long pid)
{
    for (int64_t until_ms = clock_now_ms() + PATIENCE_MS; !is_gone(pid);) {
        assert_true(clock_now_ms() < until_ms);
        poll(NULL, 0, 10);
    }
}

static void
raise_down(const char *subject)
{
    const struct log_field fields[] = {LOG_STR("error", "it's \"down\"; `touch x`\n")};
    alarm_raise(ALARM_SOURCE_DOWN, subject, fields, 1);
}

static void
test_a_command_hears_of_an_alarm(void **state)
{
    (void)state;
    struct site site;
    load_with_script(&site, "events = {\"source-down\"}", "cat >>\"$1/heard\"");
    raise_down("nobody listens yet");
    alerts_use(site.alerts);
    alarm_raise(ALARM_HIJACK, "not asked for", NULL, 0);
    raise_down("acme-ldap");
    const char *text = wait_for_lines("heard", 1);
    static const char begin[] =
        "{\"alert\": \"a\", \"event\": \"source-down\", \"subject\": \"acme-ldap\", ";
    assert_memory_equal(text, begin, sizeof begin - 1);
    assert_non_null(strstr(text, "\"count\": 1, "));
    assert_non_null(strstr(text, "\"error\": \"it's \\\"down\\\"; `touch x`\\n\"}\n"));
    alerts_use(NULL);
    raise_down("nobody listens any more");
    unload(&site);
}

static void
test_the_command_has_a_clean_start(void **state)
{
    (void)state;
    struct site site;
    load_with_script(&site, "events = {\"source-down\"}",
                     "exec >\"$1/facts.new\"\n"
                     "grep -E '^Sig(Blk|Ign)' /proc/self/status\n"
                     "ls -m /proc/$$/fd\n"
                     "pwd; [ \"$(ps -o sid= -p $$ | tr -d ' ')\" = $$ ] && echo leader\n"
                     "echo ${MAILREEVE_TEST:-unset} $LC_ALL\n"
                     "mv \"$1/facts.new\" \"$1/facts\"");
    setenv("MAILREEVE_TEST", "secret", 1);
    int ours = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    signal(SIGPIPE, SIG_IGN);
    alerts_use(site.alerts);
    raise_down("a");
    const char *text = wait_for_lines("facts", 6);
    print_message("%s", text);
    /* 32 and 33, of the bits above, are the C library's own. */
    assert_non_null(strstr(text, "SigBlk:\t0000000000000000\nSigIgn:\t00000001"));
    assert_non_null(strstr(text, "80000000\n"));
    /* 10 or 255: where a shell has its script */
    assert_true(strstr(text, "\n0, 1, 10, 2\n/\nleader\nunset C.UTF-8\n") != NULL ||
                strstr(text, "\n0, 1, 2, 255\n/\nleader\nunset C.UTF-8\n") != NULL);
    alerts_use(NULL);
    close(ours);
    unload(&site);
}

static void
test_a_reload_loses_nothing(void **state)
{
    (void)state;
    static const char settings[] =
        "events = {\"account-failures\", \"source-down\"}  threshold = 3";
    struct site before, after;
    load_with_script(&before, settings, "cat >>\"$1/reloaded\"");
    alerts_use(before.alerts);
    alarm_raise(ALARM_ACCOUNT_FAILURES, "anna", NULL, 0);
    alarm_raise(ALARM_ACCOUNT_FAILURES, "anna", NULL, 0);
    raise_down("told"); /* may still wait when its alerts are closed */
    load_again(&after, settings);
    alerts_use(after.alerts);
    unload(&before);
    raise_down("told");
    alarm_raise(ALARM_ACCOUNT_FAILURES, "anna", NULL, 0);
    const char *text = wait_for_lines("reloaded", 2);
    const char *failures = strstr(text, "\"event\": \"account-failures\"");
    assert_non_null(failures);
    assert_non_null(strstr(failures, "\"count\": 3"));
    alerts_use(NULL);
    assert_int_equal(strstr(strstr(text, "source-down") + 1, "source-down") == NULL, true);
    unload(&after);
}

static void
test_the_end_is_bounded(void **state)
{
    (void)state;
    struct site site;
    load_with_script(&site, "events = {\"source-down\"}",
                     "sleep 300 & echo $$ $! >>\"$1/started\"\nsleep 300");
    alerts_use(site.alerts);
    raise_down("a");
    raise_down("b");
    char *child;
    long pid = strtol(wait_for_lines("started", 1), &child, 10);
    int64_t began_ms = clock_now_ms();
    alerts_use(NULL);
    assert_in_range(clock_now_ms() - began_ms, 0, ALERTS_GRACE_MS + PATIENCE_MS);
    wait_for_end(pid);
    wait_for_end(strtol(child, NULL, 10));
    unload(&site);
}

static void
test_closing_those_in_force_ends_them(void **state)
{
    (void)state;
    struct site site;
    load_with_script(&site, "events = {\"source-down\"}", "cat >>\"$1/closed\"");
    alerts_use(site.alerts);
    unload(&site);
    raise_down("a");
    alerts_use(NULL);
}

static bool
run(char *const *command, const char *input, int64_t most_ms, struct err *err)
{
    struct alert_run *run = alert_run_start(command, strdup(input), deadline_after(most_ms), err);
    if (run == NULL)
        return false;
    struct pollfd fds[ALERT_RUN_FDS];
    do {
        alert_run_fds(run, fds);
        poll(fds, ALERT_RUN_FDS, deadline_left_ms(alert_run_deadline(run)));
    } while (!alert_run_continue(run));
    bool result = alert_run_succeeded(run, err);
    size_t length;
    const char *output = alert_run_output(run, &length);
    if (output != NULL)
        snprintf(err->text + strlen(err->text), sizeof err->text - strlen(err->text), "|%.*s",
                 (int)length, output);
    alert_run_free(run);
    return result;
}

static void
test_what_a_command_does_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *script;
        int64_t most_ms;
        bool want;
        const char *want_err;
    } cases[] = {
        {"it works", "cat >/dev/null", PATIENCE_MS, true, ""},
        {"it reads nothing", "exit 0", PATIENCE_MS, true, ""},
        {"it closes its input and goes on", "exec <&-; sleep 0.1", PATIENCE_MS, true, ""},
        {"it fails and says why", "echo no mail today >&2; exit 75", PATIENCE_MS, false,
         "it ended with status 75|no mail today\n"},
        {"it is killed by somebody", "kill -9 $$", PATIENCE_MS, false, "it was ended by signal 9"},
        {"it takes too long", "sleep 300", 100, false, "it was ended: it took too long"},
        {"it heeds no SIGTERM and leaves a child", "trap '' TERM; sleep 300 & sleep 300", 100,
         false, "it was ended: it took too long"},
        {"it leaves a child with its output behind", "sleep 300 & echo $! >\"$0\"", PATIENCE_MS,
         true, ""},
    };
    char *input = calloc(1, 300000); /* more than a pipe holds */
    memset(input, 'x', 299999);
    char left_behind[64];
    snprintf(left_behind, sizeof left_behind, "%s/child", folder);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *script = strdup(cases[i].script);
        char *command[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, script, left_behind, NULL};
        struct err err = {0};
        print_message("%s\n", cases[i].sentence);
        assert_int_equal(run(command, input, cases[i].most_ms, &err), cases[i].want);
        assert_string_equal(err.text, cases[i].want_err);
        free(script);
    }
    free(input);
    kill((pid_t)strtol(wait_for_lines("child", 1), NULL, 10), SIGKILL);
}

static void
test_a_program_that_is_not_there_is_told(void **state)
{
    (void)state;
    char *command[] = {(char[]){"/no/such"}, NULL};
    struct err err = {0};
    assert_false(run(command, "x", PATIENCE_MS, &err));
    assert_string_equal(err.text, "start /no/such: No such file or directory");
}

static int64_t
cpu_us(const struct rusage *usage)
{
    return (int64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 +
           usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
}

static void
test_output_without_end_is_no_trouble(void **state)
{
    (void)state;
    char *command[] = {(char[]){"/usr/bin/yes"}, NULL};
    struct err err = {0};
    struct rusage before, after;
    getrusage(RUSAGE_THREAD, &before);
    assert_false(run(command, "x", 1000, &err));
    getrusage(RUSAGE_THREAD, &after);
    assert_memory_equal(err.text, "it was ended: it took too long|y\ny\n", 34);
    /* of a second; it may sleep fifty times and read sixteen times as often */
    assert_in_range(after.ru_nvcsw - before.ru_nvcsw, 0, 200);
    assert_in_range(cpu_us(&after) - cpu_us(&before), 0, 200000);
}

/* sendmail -v, for one. */
static void
test_a_command_may_write_much(void **state)
{
    (void)state;
    char *command[] = {(char[]){"/bin/sh"}, (char[]){"-c"},
                       (char[]){"set -e; head -c 300000 /dev/zero; head -c 1 /dev/zero"}, NULL};
    struct err err = {0};
    assert_true(run(command, "x", PATIENCE_MS, &err));
}

static void
test_an_end_that_nobody_heard_of_is_no_success(void **state)
{
    (void)state;
    char *command[] = {(char[]){"/bin/true"}, NULL};
    struct err err = {0};
    signal(SIGCHLD, SIG_IGN);
    assert_false(run(command, "x", PATIENCE_MS, &err));
    signal(SIGCHLD, SIG_DFL);
    assert_string_equal(err.text, "how it ended is not known");
}

static int
make_folder(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"t.conf",   "script",  "heard", "facts",
                                        "reloaded", "started", "child", "closed"};
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems_of_a_section_are_told),
        cmocka_unit_test(test_a_command_hears_of_an_alarm),
        cmocka_unit_test(test_the_command_has_a_clean_start),
        cmocka_unit_test(test_a_reload_loses_nothing),
        cmocka_unit_test(test_the_end_is_bounded),
        cmocka_unit_test(test_closing_those_in_force_ends_them),
        cmocka_unit_test(test_what_a_command_does_is_known),
        cmocka_unit_test(test_a_program_that_is_not_there_is_told),
        cmocka_unit_test(test_output_without_end_is_no_trouble),
        cmocka_unit_test(test_a_command_may_write_much),
        cmocka_unit_test(test_an_end_that_nobody_heard_of_is_no_success),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
