#include "program.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "log.h"
#include "manager.h"
#include "reload.h"

enum { EXIT_USAGE = 2 };

enum option_value { OPTION_HELP = 256, OPTION_VERSION };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"test", no_argument, NULL, 't'},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {0},
};

static void
print_problems(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        bool warns = problems_weight(problems, i) == PROBLEM_WARNING;
        fprintf(stderr, "%s%s\n", log_mark(warns ? LOG_WARN : LOG_ERROR),
                problems_line(problems, i));
    }
}

static int
check(const char *config_path)
{
    struct problems problems;
    problems_init(&problems);
    struct site *site = site_load(config_path, SITE_CHECK, NULL, &problems);
    print_problems(&problems);
    const char *but = problems.tenant_errors > 0 ? ", but not these delegated files" : "";
    problems_fini(&problems);
    if (site == NULL)
        return EXIT_FAILURE;
    site_drop(site);
    fprintf(stderr, "%s: the configuration is fine%s\n", config_path, but);
    return EXIT_SUCCESS;
}

int
program_main(const struct program *program, int argc, char **argv)
{
    const char *config_path = "/etc/mailreeve/mailreeve.conf";
    bool only_check = false;
    for (int option; (option = getopt_long(argc, argv, "c:t", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            config_path = optarg;
            break;
        case 't':
            only_check = true;
            break;
        case OPTION_HELP:
            fputs(program->usage, stdout);
            return EXIT_SUCCESS;
        case OPTION_VERSION:
            printf("%s %s\n", program->name, program->version);
            return EXIT_SUCCESS;
        default:
            fputs(program->usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fputs(program->usage, stderr);
        return EXIT_USAGE;
    }
    log_mark_levels(manager_keeps_log());
    return only_check ? check(config_path) : program->run(config_path);
}

struct site *
program_load(const char *config_path, enum site_purpose purpose, struct err *err)
{
    struct problems problems;
    problems_init(&problems);
    struct site *site = site_load(config_path, purpose, NULL, &problems);
    if (site != NULL) {
        program_apply_log(&site->settings);
        reload_log_problems(&problems);
    } else {
        print_problems(&problems);
        err_set(err, "load %s: it has errors (see above)", config_path);
    }
    problems_fini(&problems);
    return site;
}

int
program_take_signals(struct err *err)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, standard = {.sa_handler = SIG_DFL};
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGUSR1, &ignore, NULL);
    sigaction(SIGTERM, &standard, NULL);
    sigaction(SIGCHLD, &standard, NULL); /* else nobody hears how an alert's command ended */

    sigset_t waited;
    sigemptyset(&waited);
    sigaddset(&waited, SIGTERM);
    sigaddset(&waited, SIGINT);
    sigaddset(&waited, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &waited, NULL);
    int fd = signalfd(-1, &waited, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        err_set(err, "wait for signals: %s", strerror(errno));
    return fd;
}

void
program_raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void
program_apply_log(const struct site_settings *settings)
{
    log_configure(settings->log_format, settings->log_level);
}

int
program_fail_to_start(const char *name, const struct err *err)
{
    fprintf(stderr, "%s%s: %s\n", log_mark(LOG_ERROR), name, err->text);
    return EXIT_FAILURE;
}

void
program_warn_of_restart(const char *settings)
{
    if (settings != NULL)
        log_event(LOG_WARN, "config.needs-restart", LOG_STR("settings", settings));
}
