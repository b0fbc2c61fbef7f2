/*
 * outline: the statements of a configuration file and of what it includes, as a tree in which
 * everything has its place.
 *
 * Knows the syntax only, not which settings there are. After a mistake it reports and goes on with
 * the next statement, so that one run finds all mistakes. Values are as they were written until
 * confuse.c has read them.
 */
#ifndef MAILREEVE_OUTLINE_H
#define MAILREEVE_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

/* No honest configuration comes near these; a file that includes itself in a roundabout way, or a
 * device given as a file, does. */
enum {
    OUTLINE_FILE_MAX = 16 << 20,  /* bytes of one file */
    OUTLINE_TOTAL_MAX = 32 << 20, /* bytes of all files */
    OUTLINE_FILES_MAX = 1000,
    OUTLINE_INCLUDE_DEPTH_MAX = 8,
    OUTLINE_SECTION_DEPTH_MAX = 8,
    OUTLINE_DELEGATED_NODES_MAX = 10000, /* settings and sections of a delegated file */
};

struct outline_value {
    const char *raw; /* as in the file, with its quotes; NULL: malformed and reported */
    size_t raw_length;
    struct origin origin;
    char *text; /* set by confuse_read */
};

enum { OUTLINE_TOP = (size_t)-1 };

struct outline_node {
    char *name;
    bool is_section;
    bool has_braces; /* a setting with a brace list */
    size_t parent;   /* index of a section, always less than this one's; or OUTLINE_TOP */
    struct origin origin;
    size_t first_value, value_count; /* of a section: its title, if it has one */
    size_t end;                      /* of a section: the node behind its last one */

    /* known.c's */
    bool dropped; /* unknown and reported: not looked at any more */
    bool moved;   /* stood inside another section, is read as if it stood at the top */
};

struct outline {
    struct outline_node *nodes; /* in the order of the files, included ones in their place */
    size_t node_count, node_room;
    struct outline_value *values;
    size_t value_count, value_room;
    struct outline_file *files; /* names, which origins point to, and texts */
    size_t file_count, file_room;
    /* Its author is trusted with little: no include(), no environment, and what is no setting is
     * not quoted, since the file may be one that he must not read. */
    bool delegated;
};

/* Reads path and what it includes. The caller frees the outline. */
void outline_read(struct outline *outline_r, const char *path, struct problems *problems);

/* Reads a delegated file's bytes, which are copied. The caller frees the outline. */
void outline_read_delegated(struct outline *outline_r, const char *path, const char *text,
                            size_t length, struct problems *problems);

/* Frees the files' texts once the values are read; the rest stays. */
void outline_drop_texts(struct outline *outline);

void outline_fini(struct outline *outline);

#endif
