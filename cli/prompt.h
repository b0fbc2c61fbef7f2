/*
 * prompt: a password asked for, without showing it.
 *
 * From the terminal with echo off, which every way out switches on again; from standard input's
 * first line where that is no terminal, for scripts. It never comes from the command line, where
 * every user of the machine could read it.
 */
#ifndef MAILREEVE_PROMPT_H
#define MAILREEVE_PROMPT_H

#include "err.h"
#include "secret.h"

/* Asks once. Returns 0, or -1 with err: nothing there, too long, a control character. Wipe it with
 * secret_fini in both cases. */
int prompt_password(const char *question, struct secret *password_r, struct err *err);

/* Asks, at a terminal twice, since a typing error in a new password shows too late. */
int prompt_new_password(struct secret *password_r, struct err *err);

#endif
