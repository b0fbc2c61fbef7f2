/* What `check` asks of a source to warn of. */
#include "source.h"

const char *
source_warns_shared(const struct source *source)
{
    const struct source_kind *kind = source->kind;
    return kind->warns_shared != NULL ? kind->warns_shared(source->self) : NULL;
}

enum account_names
source_account_names(const struct source *source)
{
    const struct source_kind *kind = source->kind;
    return kind->account_names != NULL ? kind->account_names(source->self) : ACCOUNT_NAMES_WHOLE;
}
