/*
 * mailreeve cache: what the running service remembers of its sources' answers.
 */
#include <stdlib.h>
#include <string.h>

#include "ask_service.h"
#include "output.h"

enum { BUDGET_MS = 10000, STATUS_OK = 200 };

static const struct option_row flush_options[] = {OPTION_SOCKET, {0}};
static const struct option_row show_options[] = {OPTION_JSON, OPTION_SOCKET, {0}};

/* Asks; an answer other than 200 is told and is none. */
static int
ask(const struct arguments *arguments, const char *command, const struct fcgi_question *question,
    struct fcgi_reply *reply_r)
{
    int status = ask_service(arguments, command, question, BUDGET_MS, reply_r);
    if (status != EXIT_OK || reply_r->status == STATUS_OK)
        return status;
    fprintf(stderr, "mailreeve %s: the service answered %u\n", command, reply_r->status);
    fcgi_reply_fini(reply_r);
    return EXIT_TEMPORARY;
}

/* Writes "user=NAME", each byte as %XX. Returns -1 if it does not fit. */
static int
format_query(const char *user, char query_r[FCGI_QUERY_MAX + 1])
{
    static const char digits[] = "0123456789ABCDEF";
    size_t length = (size_t)sprintf(query_r, "user=");
    for (; *user != '\0'; user++) {
        unsigned char byte = (unsigned char)*user;
        if (length + 3 > FCGI_QUERY_MAX)
            return -1;
        query_r[length++] = '%';
        query_r[length++] = digits[byte >> 4];
        query_r[length++] = digits[byte & 15];
    }
    query_r[length] = '\0';
    return 0;
}

static int
run_flush(const struct arguments *arguments)
{
    char query[FCGI_QUERY_MAX + 1];
    struct fcgi_question question = {.method = "POST", .path = "/api/v1/cache/flush"};
    if (arguments->operand_count > 0) {
        const char *user = arguments->operands[0];
        if (user[0] == '\0' || format_query(user, query) != 0)
            return usage_error("\"%s\" is no user's name", user);
        question.query = query;
    }
    struct fcgi_reply reply;
    int status = ask(arguments, "cache flush", &question, &reply);
    if (status != EXIT_OK)
        return status;
    static const char before[] = "{\"flushed\": ";
    if (strncmp(reply.body, before, strlen(before)) == 0) {
        unsigned long flushed = strtoul(reply.body + strlen(before), NULL, 10);
        printf("%lu %s forgotten\n", flushed, flushed == 1 ? "answer" : "answers");
    } else {
        fprintf(stderr, "mailreeve cache flush: the service's answer makes no sense\n");
        status = EXIT_TEMPORARY;
    }
    fcgi_reply_fini(&reply);
    return status;
}

static int
run_show(const struct arguments *arguments)
{
    const struct fcgi_question question = {.method = "GET",
                                           .path = "/api/v1/sources",
                                           .query = arguments->options.json ? NULL : "format=text"};
    struct fcgi_reply reply;
    int status = ask(arguments, "cache show", &question, &reply);
    if (status != EXIT_OK)
        return status;
    char *rest = reply.body;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
        if (*line != '\0') {
            print_safe(stdout, line);
            putchar('\n');
        }
    fcgi_reply_fini(&reply);
    return EXIT_OK;
}

static const struct command flush = {
    .name = "flush",
    .help = "forget the answers about USER, or all: the next login asks the source",
    .operands = "[USER]",
    .operands_most = 1,
    .options = flush_options,
    .run = run_flush,
};

static const struct command show = {
    .name = "show",
    .help = "print what the sources were asked and how many of their answers are kept",
    .options = show_options,
    .run = run_show,
};

static const struct command *const below[] = {&flush, &show, NULL};

const struct command command_cache = {
    .name = "cache",
    .help = "show or forget what the running service remembers of its sources",
    .commands = below,
};
