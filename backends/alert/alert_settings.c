#include "alert_settings.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert.h"
#include "command_words.h"

struct alert_values {
    unsigned events;
    int64_t threshold, within_ms, at_most_every_ms;
    const char *command;
};

enum { DAY_MS = 24 * 60 * 60 * 1000, TOLD_EVENTS_MAX = 10000 };

static const struct choice events[] = {
    {"account-failures", ALARM_ACCOUNT_FAILURES},
    {"ban", ALARM_BAN},
    {"source-down", ALARM_SOURCE_DOWN},
    {"upstream-down", ALARM_UPSTREAM_DOWN},
    {"store-down", ALARM_STORE_DOWN},
    {"hijack", ALARM_HIJACK},
    {0},
};

static const struct row rows[] = {
    {.name = "events",
     .type = ROW_CHOICES,
     .required = true,
     .offset = offsetof(struct alert_values, events),
     .choices = events,
     .help =
         "What is told: account-failures, failed logins of one account (as screen counts them, so "
         "not with mode = \"off\" or account_failures = 0); ban, clients that screen has banned; "
         "source-down, upstream-down, store-down, which do not answer; hijack, an account that "
         "is used from more addresses than addresses_per_user allows."},
    {.name = "threshold",
     .type = ROW_INT,
     .offset = offsetof(struct alert_values, threshold),
     .preset = "10",
     .low = 1,
     .high = TOLD_EVENTS_MAX,
     .help = "account-failures and ban are told once there were so many (of one account; of all "
             "clients together); the other events are told at once."},
    {.name = "within",
     .type = ROW_DURATION,
     .offset = offsetof(struct alert_values, within_ms),
     .preset = "10min",
     .low = 1000,
     .high = 30 * (int64_t)DAY_MS,
     .help = "The time in which so many must come."},
    {.name = "at_most_every",
     .type = ROW_DURATION,
     .offset = offsetof(struct alert_values, at_most_every_ms),
     .preset = "15min",
     .low = 0,
     .high = 30 * (int64_t)DAY_MS,
     .help = "The least time between two messages of one event about the same account, source or "
             "upstream, and between two about bans. What comes meanwhile is counted and said in "
             "the next one. Of account-failures and hijack twenty messages at most in that time, "
             "whoever they are about; what is held back is counted and said as well. 0: no such "
             "bounds, for commands that act on every single event."},
    {.name = "command",
     .type = ROW_STRING,
     .required = true,
     .offset = offsetof(struct alert_values, command),
     .help = "The program that tells, with its whole path, and its arguments; quotes keep blanks "
             "in one argument. No shell reads it. It gets one line of JSON on standard input and "
             "has 30 seconds."},
    {0}};

const struct section_type alert_section = {
    .name = "alert",
    .titled = true,
    .size = sizeof(struct alert_values),
    .rows = rows,
    .help = "A command that is started when something happens that a person may want to know at "
            "once.",
};

/* Not an error: the service is worth more than its alerts, and the program may come later. */
static void
warn_of_program(const struct section *section, const char *program, struct problems *problems)
{
    struct stat status;
    const char *trouble = NULL;
    if (stat(program, &status) != 0)
        trouble = strerror(errno);
    else if (!S_ISREG(status.st_mode) || access(program, X_OK) != 0)
        trouble = "is no program that may be run (chmod +x)";
    if (trouble != NULL)
        section_problem(section, "command", problems, PROBLEM_WARNING, "%s: %s", program, trouble);
}

int
alert_settings_read(const struct section *section, struct alert_settings *settings_r,
                    struct problems *problems)
{
    const struct alert_values *values = section->values;
    *settings_r = (struct alert_settings){
        .name = section->name,
        .events = values->events,
        .threshold = values->threshold,
        .within_ms = values->within_ms,
        .at_most_every_ms = values->at_most_every_ms,
    };
    if (section->broken)
        return -1;
    struct err err;
    settings_r->command = command_words_parse(values->command, &err);
    if (settings_r->command == NULL) {
        section_problem(section, "command", problems, PROBLEM_ERROR, "%s", err.text);
        return -1;
    }
    warn_of_program(section, settings_r->command[0], problems);
    return 0;
}

void
alert_settings_fini(struct alert_settings *settings)
{
    command_words_free(settings->command);
    settings->command = NULL;
}

bool
alert_settings_has(const struct alert_settings *settings, enum alarm_kind kind)
{
    return (settings->events & (1U << (unsigned)kind)) != 0;
}
