#include "conf.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "confuse_door.h"
#include "known.h"
#include "loaded.h"
#include "schema.h"

static const struct loaded *
loaded_of(const struct section *section)
{
    return (const struct loaded *)section;
}

struct conf *
conf_create(const char *path)
{
    struct conf *conf = xcalloc(1, sizeof *conf);
    conf->path = xstrdup(path);
    strmap_init(&conf->by_name);
    return conf;
}

void
conf_interpret(struct conf *conf, const struct section_type *top, struct problems *problems)
{
    const struct section_type **types = known_resolve(&conf->outline, top, problems);
    confuse_read(&conf->outline, top, problems);
    conf_check(conf, top, types, problems);
    free(types);
    outline_drop_texts(&conf->outline);
}

struct conf *
conf_read(const char *path, const struct section_type *top, struct problems *problems)
{
    struct conf *conf = conf_create(path);
    size_t errors_before = problems->errors;
    outline_read(&conf->outline, conf->path, problems);
    bool is_sound = problems->errors == errors_before;
    conf_interpret(conf, top, problems);
    if (is_sound)
        return conf;
    conf_free(conf);
    return NULL;
}

struct conf *
conf_load(const char *path, const struct section_type *top, struct problems *problems)
{
    size_t errors_before = problems->errors;
    struct conf *conf = conf_read(path, top, problems);
    if (problems->errors == errors_before)
        return conf;
    conf_free(conf);
    return NULL;
}

static void
free_loaded(struct loaded *loaded)
{
    for (size_t i = 0; i < loaded->kin_count; i++)
        free(loaded->kin[i].items);
    free(loaded->kin);
    free(loaded->set_at);
    free(loaded->section.values);
    free(loaded);
}

void
conf_free(struct conf *conf)
{
    if (conf == NULL)
        return;
    for (size_t i = 0; i < conf->section_count; i++)
        free_loaded(conf->sections[i]);
    free(conf->sections);
    strmap_fini(&conf->by_name);
    for (size_t i = 0; i < conf->kept_count; i++)
        free(conf->kept[i]);
    free(conf->kept);
    outline_fini(&conf->outline);
    free(conf->path);
    free(conf);
}

void *
conf_keep(struct conf *conf, void *heap_memory)
{
    if (conf->kept_count == conf->kept_room) {
        conf->kept_room = conf->kept_room == 0 ? 64 : 2 * conf->kept_room;
        conf->kept = xrealloc(conf->kept, conf->kept_room, sizeof *conf->kept);
    }
    conf->kept[conf->kept_count++] = heap_memory;
    return heap_memory;
}

const struct section *
conf_top(const struct conf *conf)
{
    return &conf->sections[0]->section;
}

const char *
conf_path(const struct conf *conf)
{
    return conf->path;
}

const struct section *const *
conf_sections(const struct conf *conf, const struct section *parent, const char *kind,
              size_t *count_r)
{
    const struct loaded *loaded = loaded_of(parent != NULL ? parent : conf_top(conf));
    for (size_t i = 0; i < loaded->kin_count; i++)
        if (strcmp(loaded->kin[i].kind, kind) == 0) {
            *count_r = loaded->kin[i].count;
            return loaded->kin[i].items;
        }
    *count_r = 0;
    return NULL;
}

char *
loaded_key(const struct section *parent, const char *kind, const char *name)
{
    char *key;
    if (asprintf(&key, "%" PRIxPTR " %s %s", (uintptr_t)parent, kind, name) < 0)
        abort();
    return key;
}

const struct section *
conf_find(const struct conf *conf, const char *kind, const char *name)
{
    char *key = loaded_key(conf_top(conf), kind, name);
    const struct section *section = strmap_get(&conf->by_name, key);
    free(key);
    return section;
}

/* The place of the row that describes a setting. */
static const struct origin *
set_at(const struct section *section, const char *setting)
{
    const struct loaded *loaded = loaded_of(section);
    if (loaded->base->variant_setting != NULL &&
        strcmp(loaded->base->variant_setting, setting) == 0)
        return &loaded->variant_set_at;
    const struct row *row = schema_row(section->type, setting);
    assert(row != NULL);
    return &loaded->set_at[row - section->type->rows];
}

bool
section_is_set(const struct section *section, const char *setting)
{
    return set_at(section, setting)->file != NULL;
}

struct origin
section_origin(const struct section *section, const char *setting)
{
    if (setting == NULL || !section_is_set(section, setting))
        return section->origin;
    return *set_at(section, setting);
}

static const void *
value_at(const struct section *section, const struct row *row)
{
    return (const char *)section->values + row->offset;
}

const char *
section_choice(const struct section *section, const char *setting)
{
    const struct row *row = schema_row(section->type, setting);
    assert(row != NULL && row->type == ROW_CHOICE);
    int value;
    memcpy(&value, value_at(section, row), sizeof value);
    const struct choice *choice = row->choices;
    while (choice->word != NULL && choice->value != value)
        choice++;
    assert(choice->word != NULL);
    return choice->word;
}

int64_t
section_number(const struct section *section, const char *setting)
{
    const struct row *row = schema_row(section->type, setting);
    assert(row != NULL &&
           (row->type == ROW_INT || row->type == ROW_DURATION || row->type == ROW_SIZE));
    int64_t number;
    memcpy(&number, value_at(section, row), sizeof number);
    return number;
}

const char *
section_text(const struct section *section, const char *setting)
{
    const struct row *row = schema_row(section->type, setting);
    assert(row != NULL && row->type == ROW_STRING);
    const char *text;
    memcpy(&text, value_at(section, row), sizeof text);
    return text;
}

enum { LABEL_MAX = 256 };

static void
write_label(const struct section *section, char label_r[LABEL_MAX])
{
    label_r[0] = '\0';
    if (section->kind == NULL)
        return;
    write_label(section->parent, label_r);
    size_t used = strlen(label_r);
    if (section->name != NULL)
        snprintf(label_r + used, LABEL_MAX - used, "%s \"%s\": ", section->kind, section->name);
    else
        snprintf(label_r + used, LABEL_MAX - used, "%s: ", section->kind);
}

static void __attribute__((format(printf, 6, 0)))
report(const struct section *section, const char *setting, struct origin origin,
       struct problems *problems, enum problem_weight weight, const char *format, va_list arguments)
{
    char label[LABEL_MAX], *text = NULL;
    write_label(section, label);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    problems_add(problems, weight, origin, "%s%s%s%s", label, setting != NULL ? setting : "",
                 setting != NULL ? ": " : "", text);
    free(text);
}

void
section_problem(const struct section *section, const char *setting, struct problems *problems,
                enum problem_weight weight, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(section, setting, section_origin(section, setting), problems, weight, format, arguments);
    va_end(arguments);
}

void
section_problem_at(const struct section *section, const char *setting, struct origin origin,
                   struct problems *problems, enum problem_weight weight, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(section, setting, origin, problems, weight, format, arguments);
    va_end(arguments);
}
