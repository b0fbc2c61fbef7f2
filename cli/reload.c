/*
 * mailreeve reload: asks the running service to load its configuration again.
 *
 * Unlike SIGHUP it hears the answer: the problems for which the service kept what it had.
 */
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "fcgi_client.h"
#include "lookup.h"
#include "output.h"

/* Loading a list of a million entries takes seconds. */
enum { RELOAD_BUDGET_MS = 60000, STATUS_OK = 200, STATUS_CONFLICT = 409 };

static const struct option_row reload_options[] = {
    {"socket", 0, OPTION_TEXT, offsetof(struct options, socket), "PATH",
     "ask the service there, without reading a configuration"},
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
ask(const char *socket_path, struct fcgi_reply *reply_r, struct err *err)
{
    int fd = fcgi_connect(socket_path, err);
    if (fd < 0)
        return -1;
    int status =
        fcgi_exchange(fd, "POST", "/api/v1/reload", deadline_after(RELOAD_BUDGET_MS), reply_r, err);
    if (status < 0)
        err_wrap(err, "asking %s", socket_path);
    close(fd);
    return status;
}

static int
reload(const char *socket_path)
{
    struct err err;
    struct fcgi_reply reply;
    if (ask(socket_path, &reply, &err) < 0) {
        fprintf(stderr, "mailreeve reload: %s\n", err.text);
        return EXIT_TEMPORARY;
    }
    int status = EXIT_PROBLEM;
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

static int
run(const struct arguments *arguments)
{
    if (arguments->options.socket != NULL)
        return reload(arguments->options.socket);
    struct conf *conf = lookup_load(arguments->options.config);
    if (conf == NULL) {
        fprintf(stderr, "mailreeve reload: not asked, the service keeps its configuration\n");
        return EXIT_PROBLEM;
    }
    const char *socket_path = lookup_text(conf_top(conf), "socket");
    int status = socket_path != NULL ? reload(socket_path) : EXIT_PROBLEM;
    conf_free(conf);
    return status;
}

const struct command command_reload = {
    .name = "reload",
    .help = "let the running service load its configuration again",
    .options = reload_options,
    .run = run,
};
