/* A tenant's file of any bytes: a conf or problems of that tenant alone; nothing that is not
 * delegable is ever set, and neither the environment nor another file comes in. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample_types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char secret[] = "what-the-environment-keeps";

static void
check_section(const struct section *section)
{
    if (section->kind != NULL && !section->type->delegable)
        abort();
    for (const struct row *row = section->type->rows; row->name != NULL; row++)
        if (section_is_set(section, row->name) && (!row->delegable || row->type == ROW_PATH))
            abort();
}

static void
check_sections(const struct conf *conf, const struct section *section)
{
    check_section(section);
    const struct section_type *const *child = section->type->children;
    for (; child != NULL && *child != NULL; child++) {
        size_t count;
        const struct section *const *sections =
            conf_sections(conf, section, (*child)->name, &count);
        for (size_t i = 0; i < count; i++)
            check_sections(conf, sections[i]);
    }
}

static void
check_text(const struct conf *conf)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    if (memory == NULL)
        abort();
    conf_print(conf, memory);
    fclose(memory);
    if (strstr(text, secret) != NULL)
        abort();
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (memmem(data, size, secret, strlen(secret)) != NULL)
        return 0;
    setenv("SECRET", secret, 1);
    struct problems problems;
    problems_init(&problems);
    struct conf *conf =
        conf_delegated_load("d.conf", (const char *)data, size, &sample_type, &problems);
    if ((conf == NULL) != (problems.tenant_errors > 0) || problems.errors > 0)
        abort();
    for (size_t i = 0; i < problems.count; i++) {
        const char *line = problems_line(&problems, i);
        if (strncmp(line, "d.conf:", strlen("d.conf:")) != 0 || strstr(line, secret) != NULL)
            abort();
    }
    if (conf != NULL) {
        check_sections(conf, conf_top(conf));
        check_text(conf);
    }
    conf_free(conf);
    problems_fini(&problems);
    return 0;
}
