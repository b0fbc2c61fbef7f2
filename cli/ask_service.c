#include "ask_service.h"

#include <unistd.h>

#include "lookup.h"

static int
ask(const char *socket_path, const char *command, const struct fcgi_question *question,
    int budget_ms, struct fcgi_reply *reply_r)
{
    struct err err;
    int fd = fcgi_connect(socket_path, &err);
    int status = -1;
    if (fd >= 0) {
        status = fcgi_exchange(fd, question, deadline_after(budget_ms), reply_r, &err);
        if (status < 0)
            err_wrap(&err, "asking %s", socket_path);
        close(fd);
    }
    if (status < 0)
        fprintf(stderr, "mailreeve %s: %s\n", command, err.text);
    return status < 0 ? EXIT_TEMPORARY : EXIT_OK;
}

int
ask_service(const struct arguments *arguments, const char *command,
            const struct fcgi_question *question, int budget_ms, struct fcgi_reply *reply_r)
{
    *reply_r = (struct fcgi_reply){0};
    if (arguments->options.socket != NULL)
        return ask(arguments->options.socket, command, question, budget_ms, reply_r);
    struct conf *conf = lookup_load(arguments->options.config);
    if (conf == NULL)
        return EXIT_CONFIG;
    const char *socket_path = lookup_text(conf_top(conf), "socket");
    int status = EXIT_CONFIG;
    if (socket_path != NULL)
        status = ask(socket_path, command, question, budget_ms, reply_r);
    conf_free(conf);
    return status;
}
