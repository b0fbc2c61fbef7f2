/* source_warns_shared: of sources that several organizations have. */
#include "source.h"

const char *
source_warns_shared(const struct source *source)
{
    const struct source_kind *kind = source->kind;
    return kind->warns_shared != NULL ? kind->warns_shared(source->self) : NULL;
}
