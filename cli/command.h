/*
 * command: what `mailreeve` can be told to do, as tables.
 *
 * A command is a row: its name, its options, its help and the function that does it, or the
 * commands below it. Parsing, `--help`, "did you mean" and the usage errors come from the rows. To
 * add a command: write its function in a file of its own, declare its row below and name it in
 * main.c's table; its manual goes to docs/man.
 *
 * One thread. Strings of struct arguments are argv's.
 */
#ifndef MAILREEVE_COMMAND_H
#define MAILREEVE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define DEFAULT_CONFIG "/etc/mailreeve/mailreeve.conf"

/* How the program ends; scripts depend on these. 64, 75 and 78 are those of sysexits(3). */
enum exit_code {
    EXIT_OK = 0,         /* done, or the verdict is accept */
    EXIT_PROBLEM = 1,    /* not done, or the verdict is refuse */
    EXIT_USAGE = 64,     /* the command line is wrong */
    EXIT_TEMPORARY = 75, /* the verdict is defer, or who should answer does not */
    EXIT_CONFIG = 78,    /* the configuration does not load, so there is no answer */
};

/* The values of all options of all commands; a command looks at those that its rows name. */
struct options {
    const char *config;
    const char *listener, *ip, *protocol, *tls; /* login */
    const char *file, *source;                  /* user */
    const char *method, *protocols, *networks, *smtp_auth, *comment;
    const char *expires;           /* app-password add */
    const char *socket;            /* reload, cache */
    const char *duration, *reason; /* ban add, upstream drain */
    bool help, version, json;
    bool print, manual;     /* check */
    bool all;               /* explain, app-password revoke */
    bool disabled, enabled; /* user add, user set */
    bool forever, force;    /* ban add */
    bool nginx;             /* ban list */
};

struct arguments {
    struct options options;
    const char **operands; /* what is not an option */
    size_t operand_count;
};

enum option_type { OPTION_FLAG, OPTION_TEXT }; /* bool and const char * in struct options */

struct option_row {
    const char *name; /* without its dashes */
    char letter;      /* 0: none */
    enum option_type type;
    size_t offset;    /* in struct options */
    const char *word; /* how the help calls the value; NULL for a flag */
    const char *help;
};

struct command {
    const char *name;
    const char *help;                      /* one line */
    const char *operands;                  /* how the usage line calls them; NULL: takes none */
    size_t operands_least;                 /* fewer is a usage error */
    size_t operands_most;                  /* and so is more */
    const struct option_row *options;      /* beyond those of every command; ends with name NULL */
    void (*print_more)(FILE *to);          /* more for the help; NULL: nothing */
    const struct command *const *commands; /* below this one, ends with NULL; NULL: run it */
    int (*run)(const struct arguments *arguments); /* returns an exit code */
};

/* Rows that several commands share. */
#define OPTION_JSON                                                                             \
    {                                                                                           \
        "json", 0, OPTION_FLAG, offsetof(struct options, json), NULL, "print JSON for programs" \
    }

/* Parses the rest of the command line (argv after the program's name) and does what it says.
 * Returns the program's exit code. */
int command_run(const struct command *program, int argc, char **argv);

/* Says what is wrong with the command line of a running command. Returns EXIT_USAGE. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

extern const struct command command_app_password, command_ban, command_cache, command_check,
    command_explain, command_login, command_recipient, command_reload, command_status,
    command_upstream, command_user, command_window;

#endif
