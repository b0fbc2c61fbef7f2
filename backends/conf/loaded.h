/*
 * loaded: what a struct conf is made of; for the files of this folder.
 */
#ifndef MAILREEVE_LOADED_H
#define MAILREEVE_LOADED_H

#include "conf.h"
#include "outline.h"
#include "strmap.h"

/* The sections of one kind in a section. */
struct kin {
    const char *kind;
    const struct section **items;
    size_t count, room;
};

struct loaded {
    struct section section; /* first, so that a section is a loaded; type is NULL if its variant is
                               unknown */
    struct loaded *parent;  /* NULL: this is the top level */
    const struct section_type *base;
    struct origin *set_at;        /* by row of section.type; file is NULL where the default holds */
    struct origin variant_set_at; /* the line of the variant setting */
    struct kin *kin;
    size_t kin_count;
};

struct conf {
    char *path;
    struct outline outline;   /* owns the texts of values and the names of files */
    struct loaded **sections; /* the first is the top level */
    size_t section_count;
    struct strmap by_name; /* see loaded_key */
    void **kept;
    size_t kept_count, kept_room;
};

/* An empty conf to read a file into. */
struct conf *conf_create(const char *path);

/* Makes sections and values of an outline that has been read. */
void conf_interpret(struct conf *conf, const struct section_type *top, struct problems *problems);

/* The key of a section in by_name: its parent, kind and name. Free it. */
char *loaded_key(const struct section *parent, const char *kind, const char *name);

/* Turns the outline into sections with typed values; types are those of its nodes. */
void conf_check(struct conf *conf, const struct section_type *top,
                const struct section_type *const *types, struct problems *problems);

#endif
