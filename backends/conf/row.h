/*
 * row: the tables that describe every setting: one row a setting, one section type a kind of
 * section.
 *
 * Constant data. The parser, the checks, `mailreeve check --print` and the manual page all come
 * from the rows; nothing else knows a setting's name. A part that brings settings (a source kind,
 * the upstreams) brings its section type.
 */
#ifndef MAILREEVE_ROW_H
#define MAILREEVE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "origin.h"

/* What stands in the struct at a row's offset. */
enum row_type {
    ROW_BOOL,     /* bool: true false yes no on off */
    ROW_INT,      /* int64_t within low to high */
    ROW_DURATION, /* int64_t milliseconds: "250ms" "30s" "15min" "2h" "1d", bare 0; low and high in
                     ms */
    ROW_SIZE,     /* int64_t bytes: "10k" "4M" "1G", bare number */
    ROW_STRING,   /* const char *, NULL if not set and without default */
    ROW_PATH,     /* const char *, a file's name made absolute: relative ones are beside the
                     configuration file */
    ROW_CHOICE,   /* int: the value of one of the row's choices */
    ROW_CHOICES,  /* unsigned: mask of (1u << value) over a brace list of choices */
    ROW_STRINGS,  /* struct strings: a brace list */
};

/* A brace list with the place of each item. */
struct strings {
    const char *const *items;
    const struct origin *origins;
    size_t count;
};

struct choice {
    const char *word;
    int value;
};

struct row {
    const char *name;
    enum row_type type;
    bool required;
    bool may_be_empty; /* ROW_STRING: "" is allowed and means that it is not set */
    bool delegable; /* the tenant's own administrator may set it (conf_delegated_load); never of a
                       ROW_PATH */
    size_t offset;  /* of the value in the section's struct */
    const char *preset; /* the default as it would be written; NULL: none */
    int64_t low, high;  /* ROW_INT, ROW_DURATION, ROW_SIZE; both 0: anything that is not negative */
    const struct choice *choices; /* ROW_CHOICE(S): ends with word NULL */
    const char *help;             /* one line for the manual page */
};

/* A kind of section. The top level of the file is a section type too, without a name of its own. */
struct section_type {
    const char *name;       /* "listener"; NULL: the top level */
    bool titled;            /* has a name in quotes behind it, unique among its kind */
    bool single;            /* may stand once only */
    bool delegable;         /* may stand in a delegated file, with its delegable rows */
    size_t size;            /* of the struct that the rows fill, zeroed first */
    const struct row *rows; /* ends with name NULL */
    const struct section_type *const *children; /* ends with NULL; NULL: no sections inside */
    /* Kinds that differ by a setting (source: type = "ldap"): that setting's name and the types,
     * found by their variant word, or by that row's preset where it is not set. The variant's rows,
     * size and children then hold instead of this type's; rows are only `type`. */
    const char *variant_setting;
    const struct section_type *const *variants; /* ends with NULL */
    const char *variant_word;                   /* in a variant: its word */
    const char *help;
};

#endif
