#include "nameset.h"

/* A strmap wants a value that is not NULL. */
static char is_there;

void
nameset_init(struct nameset *set, struct origin origin)
{
    *set = (struct nameset){.origin = origin};
    strmap_init(&set->names);
}

void
nameset_fini(struct nameset *set)
{
    strmap_fini(&set->names);
}

bool
nameset_add(struct nameset *set, const char *name)
{
    return strmap_add(&set->names, name, &is_there);
}

bool
nameset_has(const struct nameset *set, const char *name)
{
    return strmap_get(&set->names, name) != NULL;
}

bool
nameset_is_empty(const struct nameset *set)
{
    return set->names.count == 0;
}
