/*
 * alert_run: one command under way: started, fed, heard, ended.
 *
 * Nothing here waits; its thread asks alert_run_fds what to poll(2) for and calls
 * alert_run_continue. The program is started without a shell, in a session of its own (so that all
 * that it starts can be ended with it), with no descriptor but 0 to 2, no signal blocked or
 * ignored, a small environment and / as its folder. What it writes is kept for the log, escaped
 * there: it may print what an attacker wrote.
 */
#ifndef MAILREEVE_ALERT_RUN_H
#define MAILREEVE_ALERT_RUN_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "deadline.h"
#include "err.h"

struct alert_run;

/* command: its words; input: what it gets on standard input, taken over (free). Returns NULL with
 * err. */
struct alert_run *alert_run_start(char *const *command, char *input, struct deadline deadline,
                                  struct err *err);

/* Kills what is still there. */
void alert_run_free(struct alert_run *run); /* NULL is allowed */

enum { ALERT_RUN_FDS = 3 };
void alert_run_fds(const struct alert_run *run, struct pollfd fds_r[ALERT_RUN_FDS]);
struct deadline alert_run_deadline(const struct alert_run *run);

/* Does what can be done now; after the deadline it kills. Returns whether the command has ended. */
bool alert_run_continue(struct alert_run *run);

/* Kills the command and what it has started; alert_run_continue will find its end. */
void alert_run_kill(struct alert_run *run, const char *why);

/* Of one that has ended: whether it did its work, else why not. Borrowed from the run. */
bool alert_run_succeeded(const struct alert_run *run, struct err *err);
const char *alert_run_output(const struct alert_run *run, size_t *length_r); /* NULL: none */

#endif
