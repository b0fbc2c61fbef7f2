#include "parts.h"

#include <stdlib.h>

#include "alloc.h"

void
parts_open(struct parts *parts_r, const struct parts_kind *kind, struct conf *conf,
           enum problem_weight weight, struct problems *problems)
{
    size_t count;
    const struct section *const *sections = conf_sections(conf, NULL, kind->name, &count);
    *parts_r = (struct parts){
        .kind = kind,
        .conf = conf,
        .weight = weight,
        .items = xcalloc(count + 1, sizeof *parts_r->items),
        .count = count,
    };
    strmap_init(&parts_r->by_name);
    for (size_t i = 0; i < count; i++) {
        parts_r->items[i].section = sections[i];
        if (!sections[i]->broken)
            parts_r->items[i].item = kind->open(conf, sections[i], weight, problems);
        if (sections[i]->name != NULL)
            strmap_add(&parts_r->by_name, sections[i]->name, &parts_r->items[i]);
    }
}

void
parts_close(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        if (parts->items[i].item != NULL)
            parts->kind->close(parts->items[i].item);
    free(parts->items);
    strmap_fini(&parts->by_name);
    *parts = (struct parts){0};
}

void
parts_complain_missing(const struct conf *conf, const char *kind, const char *name,
                       const struct section *section, const char *setting, struct origin origin,
                       enum problem_weight weight, struct problems *problems)
{
    size_t section_count;
    const struct section *const *sections = conf_sections(conf, NULL, kind, &section_count);
    const char **names = xcalloc(section_count + 1, sizeof *names);
    for (size_t i = 0, count = 0; i < section_count; i++)
        if (sections[i]->name != NULL)
            names[count++] = sections[i]->name;
    char suggestion[SUGGEST_TEXT_MAX];
    suggest_text(name, names, suggestion);
    section_problem_at(section, setting, origin, problems, weight, "there is no %s \"%s\"%s", kind,
                       name, suggestion);
    free(names);
}

struct part *
parts_refer(struct parts *parts, const char *name, const struct section *section,
            const char *setting, struct origin origin, struct problems *problems)
{
    struct part *part = strmap_get(&parts->by_name, name);
    if (part == NULL)
        parts_complain_missing(parts->conf, parts->kind->name, name, section, setting, origin,
                               parts->weight, problems);
    else
        part->used = true;
    return part;
}

void
parts_warn_unused(const struct parts *parts, struct problems *problems)
{
    for (size_t i = 0; i < parts->count; i++)
        if (!parts->items[i].used)
            section_problem(parts->items[i].section, NULL, problems, PROBLEM_WARNING,
                            "is never used");
}
