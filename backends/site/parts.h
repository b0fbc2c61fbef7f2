/*
 * parts: the named things that settings refer to: lists, sources and upstreams of one
 * configuration.
 *
 * One struct parts a kind. It borrows sections; the items are opened and closed by the two
 * functions of the kind.
 */
#ifndef MAILREEVE_PARTS_H
#define MAILREEVE_PARTS_H

#include "conf.h"
#include "strmap.h"

struct part {
    const struct section *section;
    void *item; /* NULL: it is broken or did not open, problems tells */
    bool used;  /* some setting refers to it */
};

struct parts_kind {
    const char *name; /* of the sections */
    void *(*open)(struct conf *conf, const struct section *section, enum problem_weight weight,
                  struct problems *problems);
    void (*close)(void *item);
};

struct parts {
    const struct parts_kind *kind;
    const struct conf *conf;
    enum problem_weight weight; /* of mistakes in them and in what refers to them */
    struct part *items;         /* in the order of the file */
    size_t count;
    struct strmap by_name;
};

void parts_open(struct parts *parts_r, const struct parts_kind *kind, struct conf *conf,
                enum problem_weight weight, struct problems *problems);
void parts_close(struct parts *parts); /* zeroed ones are allowed */

/* The part that a setting names, noted as used; or NULL, and problems tells. origin is where the
 * name stands. */
struct part *parts_refer(struct parts *parts, const char *name, const struct section *section,
                         const char *setting, struct origin origin, struct problems *problems);

/* Reports that there is no section of a kind with that name, with the nearest one that there is. */
void parts_complain_missing(const struct conf *conf, const char *kind, const char *name,
                            const struct section *section, const char *setting,
                            struct origin origin, enum problem_weight weight,
                            struct problems *problems);

/* Warns about parts that no setting refers to. */
void parts_warn_unused(const struct parts *parts, struct problems *problems);

#endif
