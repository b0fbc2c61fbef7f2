/*
 * conf: one configuration file, read whole, checked whole, as typed values.
 *
 * A struct conf is immutable once loaded and owns every string and struct it hands out. Rows
 * (row.h) say what is allowed. All problems of all files are collected in one run, each with
 * file:line; a conf with an error is never used. Loads may run in any thread; they wait for each
 * other.
 *
 * The syntax is libConfuse's: `name = value`, `name = {value, value}`, `section "name" { ... }`,
 * include("file") (relative to the file that includes), comments #, // and C-style. A value
 * with blanks or any of # " ' = { } ( ) , * + $ \ in it stands in quotes. In double quotes \n \t \"
 * \\ \xHH and the like are escapes and ${NAME} or ${NAME:-default} is the environment's; in single
 * quotes all is literal but \' and \\ (write regexes there).
 *
 * How a file is read: lexer.c finds the tokens and outline.c the statements, because libConfuse
 * stops at its first error, accepts a file that ends too soon, drops bytes it does not expect and
 * loses count of lines at comments (all measured with 3.3). What they understood and the section
 * types know goes to libConfuse (confuse.c), which is the one that turns it into values; check.c
 * gives these their types.
 */
#ifndef MAILREEVE_CONF_H
#define MAILREEVE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"
#include "origin.h"
#include "row.h"

enum problem_weight {
    PROBLEM_ERROR,
    PROBLEM_WARNING,
    PROBLEM_TENANT, /* an error that concerns one organization alone: the others are served */
};

/* A growing list of `file:line: section "name": setting: what is wrong (what would be right)`. The
 * file names are copied, so problems outlive a conf that did not load. */
struct problems {
    struct problem *items;
    size_t count, errors;
    size_t tenant_errors; /* not among errors */
    size_t room;
    size_t kept[PROBLEM_TENANT + 1]; /* of each weight, so that none crowds out another */
};

void problems_init(struct problems *problems);
void problems_fini(struct problems *problems);
void problems_add(struct problems *problems, enum problem_weight weight, struct origin origin,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The i-th line, as it is shown to a person, sorted by file and line. Borrowed. */
const char *problems_line(struct problems *problems, size_t i);
/* The weight of the line that problems_line gives for i. */
enum problem_weight problems_weight(struct problems *problems, size_t i);
/* Moves what was found out about one organization's own file to the others, as problems of that
 * organization alone (warnings stay warnings); at most so many lines that they crowd out nobody
 * else's. Leaves from empty. */
void problems_take_tenants(struct problems *problems, struct problems *from);
/* Prints all lines, warnings marked with "warning: " behind the place. */
void problems_print(struct problems *problems, FILE *to);

struct conf;

/* One section of the file. values points to the struct its type describes. */
struct section {
    const struct section_type *type; /* the variant, where there are variants */
    const char *kind;                /* "source" for all its variants; NULL: the top level */
    const char *name;                /* NULL if not titled */
    struct origin origin;
    void *values;
    const struct section *parent;
    bool
        broken; /* only with conf_read: it or a section in it has problems, values may be missing */
};

/* Loads path and what it includes. Returns NULL if there were errors; problems tells. Warnings
 * alone do not fail. */
struct conf *conf_load(const char *path, const struct section_type *top, struct problems *problems);

/* Like conf_load, but with errors it still returns what could be understood, so that checks of what
 * sections say about each other find their problems in the same run. NULL if the syntax is wrong.
 */
struct conf *conf_read(const char *path, const struct section_type *top, struct problems *problems);

/* A file that an organization's own administrator writes, who is trusted with that organization and
 * with nothing else: only settings whose row is marked delegable, no include(), no ${NAME}, no
 * names of files (ROW_PATH), at most CONF_DELEGATED_MAX bytes. A symbolic link is refused, and no
 * problem quotes what is not a setting: the author could have put another's file there. What a row
 * requires is required in sections only, since the file adds to the main file's settings. All
 * problems are PROBLEM_TENANT. The first form reads the file's bytes (free them), the second makes
 * a conf of bytes (which are copied), so that the bytes that were good last time can be kept by the
 * caller. Return NULL if anything is wrong. top describes the whole language: what of it may stand
 * in such a file is marked delegable. */
enum { CONF_DELEGATED_MAX = 1 << 20 };
char *conf_delegated_read_file(const char *path, size_t *length_r, struct problems *problems);
struct conf *conf_delegated_load(const char *path, const char *text, size_t length,
                                 const struct section_type *top, struct problems *problems);

void conf_free(struct conf *conf); /* NULL is allowed */

const struct section *conf_top(const struct conf *conf);
const char *conf_path(const struct conf *conf);

/* The sections of a kind below a parent, in the order of the file; *count_r of them. */
const struct section *const *conf_sections(const struct conf *conf, const struct section *parent,
                                           const char *kind, size_t *count_r);

/* The section of a kind with a name (top level), or NULL. */
const struct section *conf_find(const struct conf *conf, const char *kind, const char *name);

/* The line of a setting, or that of the section if the setting has its default. */
struct origin section_origin(const struct section *section, const char *setting);
bool section_is_set(const struct section *section, const char *setting);

/* What is in effect for a setting whose struct is another part's: the word of a ROW_CHOICE, the
 * number of a ROW_INT, ROW_DURATION or ROW_SIZE, the text of a ROW_STRING (NULL: none). */
const char *section_choice(const struct section *section, const char *setting);
int64_t section_number(const struct section *section, const char *setting);
const char *section_text(const struct section *section, const char *setting);

/* Reports a problem with a setting (NULL: the section as a whole) in the one form that problems
 * have. The second form is for an item of a brace list, whose place is its own. */
void section_problem(const struct section *section, const char *setting, struct problems *problems,
                     enum problem_weight weight, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void section_problem_at(const struct section *section, const char *setting, struct origin origin,
                        struct problems *problems, enum problem_weight weight, const char *format,
                        ...) __attribute__((format(printf, 6, 7)));

/* The nearest word of a list for a mistyped one, or NULL if none is near: did you mean. words ends
 * with NULL. suggest_text writes ` (did you mean "WORD"?)` instead, or nothing. */
const char *suggest(const char *word, const char *const *words);
enum { SUGGEST_TEXT_MAX = 128 };
void suggest_text(const char *word, const char *const *words, char text_r[SUGGEST_TEXT_MAX]);

/* Keeps heap memory until the conf is freed; for parsers that hang their results on a conf. */
void *conf_keep(struct conf *conf, void *heap_memory);

/* Prints every setting in effect, sections included, what equals a default marked with a comment:
 * `mailreeve check --print`. The output is a configuration that loads to the same: included files
 * are part of it, names of files are absolute if the configuration's was. */
void conf_print(const struct conf *conf, FILE *to);

/* Prints the settings of all section types as the body of mailreeve.conf(5): `mailreeve check
 * --manual`. */
void conf_print_manual(const struct section_type *top, FILE *to);

#endif
