/* mailreeve: the operator's command; see mailreeve(8). */
#include <stdio.h>

#include "command.h"

static const struct command *const commands[] = {
    &command_check,
    &command_explain,
    &command_login,
    &command_recipient,
    &command_user,
    &command_app_password,
    &command_ban,
    &command_window,
    &command_upstream,
    &command_cache,
    &command_status,
    &command_reload,
    NULL,
};

static const struct option_row program_options[] = {
    {"version", 0, OPTION_FLAG, offsetof(struct options, version), NULL, "print the version"},
    {0},
};

static const struct command program = {
    .name = "mailreeve",
    .help = "Check, explain and operate the mind of an nginx mail front door.",
    .options = program_options,
    .commands = commands,
};

int
main(int argc, char **argv)
{
    int status = command_run(&program, argc - 1, argv + 1);
    /* A full disk or a closed pipe must not look like a complete answer. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("mailreeve: standard output");
        return status == EXIT_OK ? EXIT_PROBLEM : status;
    }
    return status;
}
