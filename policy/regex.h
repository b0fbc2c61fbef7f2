/*
 * regex: regular expressions that cannot hold up a session; the door to PCRE2.
 *
 * Thread-safe once compiled. Patterns come from administrators, subjects from strangers, so every
 * match has a limit of steps and of memory and says so when it ran into it: "cannot tell" is
 * neither yes nor no. Compiled to machine code where the system allows that. Neither compiling nor
 * matching needs more than 64 KiB of stack.
 */
#ifndef MAILREEVE_REGEX_H
#define MAILREEVE_REGEX_H

#include <stddef.h>

#include "err.h"

enum { REGEX_PATTERN_MAX = 1024 }; /* bytes */

enum regex_answer { REGEX_CANNOT_TELL = 0, REGEX_NO_MATCH, REGEX_MATCH };

struct regex;

/* Compiles length bytes: PCRE2 syntax, UTF-8, unanchored, without case, '$' is the very end.
 * Returns NULL with err. */
struct regex *regex_create(const char *pattern, size_t length, struct err *err);
void regex_free(struct regex *regex); /* NULL is allowed */

/* The subject may hold any bytes; what is not UTF-8 matches nothing. */
enum regex_answer regex_match(const struct regex *regex, const char *subject, size_t length);

#endif
