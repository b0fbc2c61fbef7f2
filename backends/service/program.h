/*
 * program: what the command lines of both services are alike in, and what they do before they
 * serve.
 */
#ifndef MAILREEVE_PROGRAM_H
#define MAILREEVE_PROGRAM_H

#include "err.h"
#include "site.h"

struct program {
    const char *name;
    const char *version;
    const char *usage; /* the text of --help */
    /* Serves the configuration in this file; returns the exit status. */
    int (*run)(const char *config_path);
};

/* Does what the arguments say: -c FILE, -t, --help, --version. Returns the exit status: 2 for
 * arguments that are none. */
int program_main(const struct program *program, int argc, char **argv);

/* The configuration to begin with, with the log as it says; NULL if it has errors: they have been
 * printed, and err says so. */
struct site *program_load(const char *config_path, enum site_purpose purpose, struct err *err);

/* HUP, TERM and INT are blocked, here and in all threads to come, and heard by the signalfd that
 * is returned, so that no library's handler ever runs; -1 with err. PIPE is ignored. */
int program_take_signals(struct err *err);

/* A session needs a descriptor or two, and the usual limit is 1024. */
void program_raise_descriptor_limit(void);

/* The log is configured as the settings have it. */
void program_apply_log(const struct site_settings *settings);

/* Says why the service cannot start. Returns the exit status. */
int program_fail_to_start(const char *name, const struct err *err);

/* Logs that these settings (needs_restart.h) wait for a restart; NULL: none do. */
void program_warn_of_restart(const char *settings);

#endif
