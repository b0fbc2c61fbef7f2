/*
 * A file that an organization's own administrator writes. The steps are those of every file; what
 * they do otherwise for this one hangs on outline.delegated: statements.c and lexer.c leave the
 * world around the file alone, known.c asks for the rows' delegable.
 */
#include "alloc.h"
#include "file.h"
#include "loaded.h"

char *
conf_delegated_read_file(const char *path, size_t *length_r, struct problems *problems)
{
    struct err err;
    char *text = file_read_no_link(path, CONF_DELEGATED_MAX, length_r, &err);
    if (text == NULL)
        problems_add(problems, PROBLEM_TENANT, (struct origin){0}, "%s", err.text);
    return text;
}

/* Whether all of it can be looked at in a short time. */
static bool
is_too_large(const struct conf *conf, size_t length, struct problems *problems)
{
    struct origin origin = {conf->path, 1};
    if (length > CONF_DELEGATED_MAX)
        problems_add(problems, PROBLEM_ERROR, origin, "is longer than %d bytes",
                     CONF_DELEGATED_MAX);
    else if (conf->outline.node_count > OUTLINE_DELEGATED_NODES_MAX)
        problems_add(problems, PROBLEM_ERROR, origin, "holds more than %d settings and sections",
                     OUTLINE_DELEGATED_NODES_MAX);
    else
        return false;
    return true;
}

struct conf *
conf_delegated_load(const char *path, const char *text, size_t length,
                    const struct section_type *top, struct problems *problems)
{
    struct conf *conf = conf_create(path);
    struct problems own;
    problems_init(&own);
    if (length <= CONF_DELEGATED_MAX)
        outline_read_delegated(&conf->outline, conf->path, text, length, &own);
    if (!is_too_large(conf, length, &own))
        conf_interpret(conf, top, &own);
    bool is_good = own.errors == 0;
    problems_take_tenants(problems, &own);
    if (is_good)
        return conf;
    conf_free(conf);
    return NULL;
}
