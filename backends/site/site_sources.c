/* site_source, site_flush: the sources of a site, each once, whoever is asked by them. */
#include "build.h"

struct source *
site_source(const struct site *site, size_t index)
{
    const struct parts *sources = &((const struct built_site *)site)->sources;
    return index < sources->count ? sources->items[index].item : NULL;
}

struct upstream *
site_upstream(const struct site *site, size_t index)
{
    const struct parts *upstreams = &((const struct built_site *)site)->upstreams;
    return index < upstreams->count ? upstreams->items[index].item : NULL;
}

size_t
site_flush(const struct site *site, const char *name)
{
    size_t flushed = 0;
    struct source *source = NULL;
    for (size_t i = 0; (source = site_source(site, i)) != NULL; i++)
        flushed += source_flush(source, name);
    return flushed;
}
