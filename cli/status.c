/*
 * mailreeve status: how the running service is.
 */
#include <stdlib.h>
#include <string.h>

#include "ask_service.h"
#include "output.h"

enum { BUDGET_MS = 10000, STATUS_OK = 200 };

static const struct option_row status_options[] = {OPTION_JSON, OPTION_SOCKET, {0}};

static bool
begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Whether all is in order, by how either form begins. */
static bool
is_ok(const char *body)
{
    return begins_with(body, "status ok\n") || begins_with(body, "{\"status\": \"ok\"");
}

static int
print(char *body)
{
    const int status = is_ok(body) ? EXIT_OK : EXIT_PROBLEM;
    char *rest = body;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
        if (*line != '\0') {
            print_safe(stdout, line);
            putchar('\n');
        }
    return status;
}

static int
run(const struct arguments *arguments)
{
    const struct fcgi_question question = {.method = "GET",
                                           .path = "/status",
                                           .query = arguments->options.json ? NULL : "format=text"};
    struct fcgi_reply reply;
    int status = ask_service(arguments, "status", &question, BUDGET_MS, &reply);
    if (status != EXIT_OK)
        return status;
    if (reply.status == STATUS_OK) {
        status = print(reply.body);
    } else {
        fprintf(stderr, "mailreeve status: the service answered %u\n", reply.status);
        status = EXIT_TEMPORARY;
    }
    fcgi_reply_fini(&reply);
    return status;
}

const struct command command_status = {
    .name = "status",
    .help = "print how the running service is; 1 if something is down",
    .options = status_options,
    .run = run,
};
