/*
 * How libConfuse is used: every setting is a list of strings to it, so that a wrong type is found
 * by check.c, with all others, and not by libConfuse, which would stop there. A section's name is
 * handed over as its first setting: libConfuse would compare the titles of all sections with each
 * other, and throw away the first of two that are the same. It calls take_value for every value in
 * the order of the text, which is how a value finds its place again.
 */
#include "confuse_door.h"

#include <confuse.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "schema.h"

static const char title_setting[] = "section-name";

struct expected {
    const char *setting;
    struct outline_value *value;
};

struct reading {
    struct outline *outline;
    struct problems *problems;
    struct expected *expected; /* in the order of the text */
    size_t expected_count, taken;
    FILE *text;
};

static pthread_mutex_t libconfuse = PTHREAD_MUTEX_INITIALIZER;
static struct reading *under_way; /* under libconfuse */

static int
take_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    (void)cfg;
    struct reading *reading = under_way;
    if (reading->taken == reading->expected_count ||
        strcmp(reading->expected[reading->taken].setting, opt->name) != 0)
        return -1;
    reading->expected[reading->taken++].value->text = xstrdup(value);
    *(const char **)result = "";
    return 0;
}

static void __attribute__((format(printf, 2, 0)))
take_error(cfg_t *cfg, const char *format, va_list arguments)
{
    (void)cfg;
    struct reading *reading = under_way;
    char text[256];
    vsnprintf(text, sizeof text, format, arguments);
    struct origin near = {0};
    if (reading->taken < reading->expected_count)
        near = reading->expected[reading->taken].value->origin;
    problems_add(reading->problems, PROBLEM_ERROR, near, "libConfuse: %s", text);
}

static void write_statements(struct reading *reading, size_t from, size_t end);

static void
write_value(struct reading *reading, const char *setting, struct outline_value *value)
{
    if (value->raw == NULL)
        return;
    /* In single quotes a bare word is what it is: it holds no quote and no backslash. */
    const char *quote = value->raw[0] == '"' || value->raw[0] == '\'' ? "" : "'";
    fprintf(reading->text, "%s%.*s%s,", quote, (int)value->raw_length, value->raw, quote);
    reading->expected[reading->expected_count++] = (struct expected){setting, value};
}

static void
write_values(struct reading *reading, const char *setting, const struct outline_node *node)
{
    fprintf(reading->text, "%s = {", setting);
    for (size_t i = 0; i < node->value_count; i++)
        write_value(reading, setting, &reading->outline->values[node->first_value + i]);
    fputs("}\n", reading->text);
}

static void
write_section(struct reading *reading, size_t index)
{
    const struct outline *outline = reading->outline;
    const struct outline_node *section = &outline->nodes[index];
    fprintf(reading->text, "%s {\n", section->name);
    write_values(reading, title_setting, section);
    write_statements(reading, index + 1, section->end);
    fputs("}\n", reading->text);
}

static void
write_statements(struct reading *reading, size_t from, size_t end)
{
    const struct outline *outline = reading->outline;
    for (size_t i = from; i < end;) {
        const struct outline_node *node = &outline->nodes[i];
        if (!node->dropped && !node->is_section)
            write_values(reading, node->name, node);
        else if (!node->dropped && !node->moved)
            write_section(reading, i);
        i = node->is_section ? node->end : i + 1;
    }
}

static void
write_all(struct reading *reading)
{
    const struct outline *outline = reading->outline;
    write_statements(reading, 0, outline->node_count);
    for (size_t i = 0; i < outline->node_count; i++)
        if (outline->nodes[i].moved)
            write_section(reading, i);
}

static bool
has_option(const cfg_opt_t *options, const char *name)
{
    for (; options->name != NULL; options++)
        if (strcmp(options->name, name) == 0)
            return true;
    return false;
}

static cfg_opt_t *build_options(const struct section_type *type);

static void
add_options(cfg_opt_t *options, const struct section_type *type)
{
    size_t count = 0;
    while (options[count].name != NULL)
        count++;
    for (size_t i = 0; i < schema_row_count(type); i++)
        if (!has_option(options, type->rows[i].name))
            options[count++] =
                (cfg_opt_t)CFG_STR_LIST_CB(type->rows[i].name, NULL, CFGF_NODEFAULT, take_value);
    for (size_t i = 0; i < schema_child_count(type); i++)
        if (!has_option(options, type->children[i]->name))
            options[count++] = (cfg_opt_t)CFG_SEC(type->children[i]->name,
                                                  build_options(type->children[i]), CFGF_MULTI);
}

static cfg_opt_t *
build_options(const struct section_type *type)
{
    size_t room = schema_row_count(type) + schema_child_count(type) + 2;
    for (size_t i = 0; type->variants != NULL && type->variants[i] != NULL; i++)
        room += schema_row_count(type->variants[i]) + schema_child_count(type->variants[i]);

    cfg_opt_t *options = xcalloc(room, sizeof *options);
    options[0] = (cfg_opt_t)CFG_STR_LIST_CB(title_setting, NULL, CFGF_NODEFAULT, take_value);
    add_options(options, type);
    for (size_t i = 0; type->variants != NULL && type->variants[i] != NULL; i++)
        add_options(options, type->variants[i]);
    return options;
}

static void
free_options(cfg_opt_t *options)
{
    for (cfg_opt_t *option = options; option->name != NULL; option++)
        if (option->subopts != NULL)
            free_options(option->subopts);
    free(options);
}

static void
parse(struct reading *reading, const char *text, const struct section_type *top)
{
    cfg_opt_t *options = build_options(top);
    pthread_mutex_lock(&libconfuse);
    under_way = reading;
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    if (cfg == NULL)
        abort();
    cfg_set_error_function(cfg, take_error);
    int result = cfg_parse_buf(cfg, text);
    cfg_free(cfg);
    under_way = NULL;
    pthread_mutex_unlock(&libconfuse);
    free_options(options);

    if (result != CFG_SUCCESS || reading->taken != reading->expected_count)
        problems_add(reading->problems, PROBLEM_ERROR, (struct origin){0},
                     "libConfuse read %zu values where there are %zu", reading->taken,
                     reading->expected_count);
}

void
confuse_read(struct outline *outline, const struct section_type *top, struct problems *problems)
{
    char *text = NULL;
    size_t size = 0;
    struct reading reading = {
        .outline = outline,
        .problems = problems,
        .expected = xcalloc(outline->value_count + 1, sizeof *reading.expected),
        .text = open_memstream(&text, &size),
    };
    if (reading.text == NULL)
        abort();
    write_all(&reading);
    if (fclose(reading.text) != 0)
        abort();
    parse(&reading, text, top);
    free(text);
    free(reading.expected);
}
