/* mailreeve-auth: answers nginx's auth_http over FastCGI. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "harden.h"
#include "service.h"
#include "site.h"

static const char usage[] =
    "usage: mailreeve-auth [-c FILE] [-t]\n"
    "Answers nginx mail's auth_http questions over FastCGI, in the foreground; logs to standard "
    "error.\n"
    "\n"
    "  -c, --config FILE  the configuration (default /etc/mailreeve/mailreeve.conf)\n"
    "  -t, --test         check the configuration and exit: 0 if it is fine, 1 if not\n"
    "      --help         show this text\n"
    "      --version      show the version\n"
    "\n"
    "Signals: HUP loads the configuration again; TERM and INT answer what has been asked and end.\n"
    "With LISTEN_FDS (systemd socket activation) the socket of the service manager is used.\n";

enum { EXIT_USAGE = 2 };

enum option_value { OPTION_HELP = 256, OPTION_VERSION };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"test", no_argument, NULL, 't'},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {0},
};

static int
check(const char *config_path)
{
    struct problems problems;
    problems_init(&problems);
    struct site *site = site_load(config_path, SITE_CHECK, NULL, &problems);
    problems_print(&problems, stderr);
    const char *but = problems.tenant_errors > 0 ? ", but not these delegated files" : "";
    problems_fini(&problems);
    if (site == NULL)
        return EXIT_FAILURE;
    site_drop(site);
    fprintf(stderr, "%s: the configuration is fine%s\n", config_path, but);
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    harden_process();
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
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case OPTION_VERSION:
            puts("mailreeve-auth " MAILREEVE_VERSION);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return only_check ? check(config_path) : service_run(config_path);
}
