#include "source.h"

#include <stdlib.h>

#include "alloc.h"

struct source *
source_open_as(const struct source_kind *kind, const struct section *section,
               struct problems *problems)
{
    void *self = kind->open(section, problems);
    if (self == NULL)
        return NULL;
    struct source *source = xcalloc(1, sizeof *source);
    source->section = section;
    source->kind = kind;
    source->self = self;
    return source;
}

void
source_close(struct source *source)
{
    if (source == NULL)
        return;
    source->kind->close(source->self);
    free(source);
}

const char *
source_name(const struct source *source)
{
    return source->section->name;
}

bool
source_is_asked_first(const struct source *source)
{
    return source->kind->asked_first;
}

void
source_verify(const struct source *source, const struct verify_request *request,
              struct verify_result *result_r)
{
    *result_r = (struct verify_result){
        .rule = {.origin = source->section->origin,
                 .section_kind = "source",
                 .section_name = source->section->name},
    };
    source->kind->verify(source->self, request, result_r);
}

void
verify_result_fini(struct verify_result *result)
{
    if (result->drop != NULL)
        result->drop(result->held);
    *result = (struct verify_result){0};
}
