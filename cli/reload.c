/*
 * mailreeve reload: asks the running service to load its configuration again.
 *
 * Unlike SIGHUP it hears the answer: the problems for which the service kept what it had.
 */
#include <string.h>

#include "ask_service.h"
#include "output.h"

/* Loading a list of a million entries takes seconds. */
enum { RELOAD_BUDGET_MS = 60000, STATUS_OK = 200, STATUS_CONFLICT = 409 };

static const struct option_row reload_options[] = {
    OPTION_SOCKET,
    {0},
};

/* Prints the service's problems, a line each. */
static void
print_lines(char *text)
{
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (*line == '\0')
            continue;
        print_safe(stderr, line);
        fputc('\n', stderr);
    }
}

static int
run(const struct arguments *arguments)
{
    static const struct fcgi_question question = {.method = "POST", .path = "/api/v1/reload"};
    struct fcgi_reply reply;
    int status = ask_service(arguments, "reload", &question, RELOAD_BUDGET_MS, &reply);
    if (status == EXIT_CONFIG) {
        fprintf(stderr, "mailreeve reload: not asked, the service keeps its configuration\n");
        return EXIT_PROBLEM;
    }
    if (status != EXIT_OK)
        return status;
    status = EXIT_PROBLEM;
    print_lines(reply.body);
    if (reply.status == STATUS_OK) {
        printf("reloaded\n");
        status = EXIT_OK;
    } else if (reply.status == STATUS_CONFLICT) {
        fprintf(stderr, "mailreeve reload: refused, the service keeps its configuration\n");
    } else {
        fprintf(stderr, "mailreeve reload: the service answered %u\n", reply.status);
        status = EXIT_TEMPORARY;
    }
    fcgi_reply_fini(&reply);
    return status;
}

const struct command command_reload = {
    .name = "reload",
    .help = "let the running service load its configuration again",
    .options = reload_options,
    .run = run,
};
