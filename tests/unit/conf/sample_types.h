/*
 * sample_types: a small language with one of everything that rows can describe; for the tests and
 * the fuzz target.
 */
#ifndef MAILREEVE_SAMPLE_TYPES_H
#define MAILREEVE_SAMPLE_TYPES_H

#include "conf.h"

enum sample_color { SAMPLE_RED = 1, SAMPLE_GREEN, SAMPLE_BLUE };

struct sample_top {
    const char *name;
    int64_t count, anything, wait_ms, room;
    const char *file;
};

struct sample_box {
    bool open;
    int color;
    unsigned colors;
    struct strings items;
};

struct sample_shelf {
    int64_t weight;
};

struct sample_pet {
    const char *sound;
    int64_t lives;
};

static const struct choice sample_colors[] = {
    {"red", SAMPLE_RED}, {"green", SAMPLE_GREEN}, {"blue", SAMPLE_BLUE}, {0}};

static const struct row sample_shelf_rows[] = {{.name = "weight",
                                                .type = ROW_INT,
                                                .offset = offsetof(struct sample_shelf, weight),
                                                .delegable = true,
                                                .required = true,
                                                .help = "How heavy it is."},
                                               {0}};

static const struct section_type sample_shelf_type = {
    .name = "shelf",
    .titled = true,
    .delegable = true,
    .size = sizeof(struct sample_shelf),
    .rows = sample_shelf_rows,
};

static const struct row sample_box_rows[] = {
    {.name = "open", .type = ROW_BOOL, .offset = offsetof(struct sample_box, open), .preset = "no"},
    {.name = "color",
     .type = ROW_CHOICE,
     .offset = offsetof(struct sample_box, color),
     .delegable = true,
     .preset = "green",
     .choices = sample_colors},
    {.name = "colors",
     .type = ROW_CHOICES,
     .offset = offsetof(struct sample_box, colors),
     .delegable = true,
     .preset = "{\"red\", \"blue\"}",
     .choices = sample_colors},
    {.name = "items",
     .type = ROW_STRINGS,
     .offset = offsetof(struct sample_box, items),
     .delegable = true},
    {0}};

static const struct section_type *const sample_box_children[] = {&sample_shelf_type, NULL};

static const struct section_type sample_box_type = {
    .name = "box",
    .titled = true,
    .delegable = true,
    .size = sizeof(struct sample_box),
    .rows = sample_box_rows,
    .children = sample_box_children,
    .help = "A box with 'shelves'",
};

static const struct row sample_cat_rows[] = {{.name = "lives",
                                              .type = ROW_INT,
                                              .offset = offsetof(struct sample_pet, lives),
                                              .preset = "9",
                                              .low = 1,
                                              .high = 9},
                                             {0}};

static const struct row sample_dog_rows[] = {{.name = "sound",
                                              .type = ROW_STRING,
                                              .offset = offsetof(struct sample_pet, sound),
                                              .required = true},
                                             {0}};

static const struct section_type sample_cat_type = {.name = "pet",
                                                    .titled = true,
                                                    .size = sizeof(struct sample_pet),
                                                    .rows = sample_cat_rows,
                                                    .variant_word = "cat"};
static const struct section_type sample_dog_type = {.name = "pet",
                                                    .titled = true,
                                                    .size = sizeof(struct sample_pet),
                                                    .rows = sample_dog_rows,
                                                    .variant_word = "dog"};

static const struct section_type *const sample_pet_variants[] = {&sample_cat_type, &sample_dog_type,
                                                                 NULL};

static const struct row sample_pet_rows[] = {{.name = "type", .type = ROW_STRING, .required = true},
                                             {0}};

static const struct section_type sample_pet_type = {
    .name = "pet",
    .titled = true,
    .rows = sample_pet_rows,
    .variant_setting = "type",
    .variants = sample_pet_variants,
};

/* Variants, one of which is meant where none is named. */
static const struct row sample_oak_rows[] = {{0}};

static const struct section_type sample_oak_type = {
    .name = "door", .single = true, .rows = sample_oak_rows, .variant_word = "oak"};
static const struct section_type sample_iron_type = {.name = "door",
                                                     .single = true,
                                                     .size = sizeof(struct sample_shelf),
                                                     .rows = sample_shelf_rows,
                                                     .variant_word = "iron"};

static const struct section_type *const sample_door_variants[] = {&sample_oak_type,
                                                                  &sample_iron_type, NULL};

static const struct row sample_door_rows[] = {
    {.name = "made_of", .type = ROW_STRING, .preset = "oak"}, {0}};

static const struct section_type sample_door_type = {
    .name = "door",
    .single = true,
    .rows = sample_door_rows,
    .variant_setting = "made_of",
    .variants = sample_door_variants,
};

static const struct section_type *const sample_children[] = {&sample_box_type, &sample_pet_type,
                                                             &sample_door_type, NULL};

static const struct row sample_rows[] = {
    {.name = "name",
     .type = ROW_STRING,
     .offset = offsetof(struct sample_top, name),
     .delegable = true},
    {.name = "count",
     .type = ROW_INT,
     .offset = offsetof(struct sample_top, count),
     .delegable = true,
     .preset = "5",
     .low = 1,
     .high = 10},
    {.name = "anything", .type = ROW_INT, .offset = offsetof(struct sample_top, anything)},
    {.name = "wait",
     .type = ROW_DURATION,
     .offset = offsetof(struct sample_top, wait_ms),
     .preset = "30s",
     .low = 100,
     .high = 86400000,
     .help = "How long - at most."},
    {.name = "room",
     .type = ROW_SIZE,
     .offset = offsetof(struct sample_top, room),
     .preset = "10k"},
    {.name = "file",
     .type = ROW_PATH,
     .offset = offsetof(struct sample_top, file),
     .delegable = true /* in vain */},
    {0}};

static const struct section_type sample_type = {
    .size = sizeof(struct sample_top),
    .rows = sample_rows,
    .children = sample_children,
};

#endif
