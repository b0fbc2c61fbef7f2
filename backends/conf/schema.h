/*
 * schema: looking things up in the rows and section types.
 *
 * Pure. "base" is a section type as its parent names it: where there are variants, its rows are the
 * variant setting only, and what its variants have may stand in it too until the variant is known.
 */
#ifndef MAILREEVE_SCHEMA_H
#define MAILREEVE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "row.h"

/* The row of a type itself, or NULL. */
const struct row *schema_row(const struct section_type *type, const char *name);

/* Whether the type or one of its variants has such a setting. */
bool schema_has_setting(const struct section_type *base, const char *name);

/* The kind of section that may stand in a type or in one of its variants, or NULL. */
const struct section_type *schema_child(const struct section_type *base, const char *name);

/* Whether the type itself, not another variant of its kind, may hold such sections. */
bool schema_is_child(const struct section_type *type, const struct section_type *child);

/* Whether it may stand in a delegated file; NULL may not. */
bool schema_row_is_delegable(const struct row *row);
bool schema_section_is_delegable(const struct section_type *type);

/* A child of the type that has such a setting, or NULL. */
const struct section_type *schema_child_with_setting(const struct section_type *type,
                                                     const char *name);

/* The variant with a word, or NULL; the first one that has such a setting, or NULL. */
const struct section_type *schema_variant(const struct section_type *base, const char *word);
const struct section_type *schema_variant_with_setting(const struct section_type *base,
                                                       const char *name);

/* Words to suggest from: the names of all settings and sections, of those that may stand in a
 * delegated file, or of all variants. Ends with NULL; free the array. */
const char **schema_names(const struct section_type *base);
const char **schema_delegable_names(const struct section_type *type);
const char **schema_variant_words(const struct section_type *base);

size_t schema_row_count(const struct section_type *type);
size_t schema_child_count(const struct section_type *type);

#endif
