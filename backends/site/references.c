/* Settings that name sections by a brace list: organizations = {"acme", "branch"}. */
#include "build.h"

void
build_references(const struct conf *conf, const char *kind, const struct section *section,
                 const char *setting, const struct strings *names, struct nameset *set_r,
                 struct problems *problems)
{
    nameset_init(set_r, section_origin(section, setting));
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->items[i];
        if (conf_find(conf, kind, name) == NULL)
            parts_complain_missing(conf, kind, name, section, setting, names->origins[i],
                                   PROBLEM_ERROR, problems);
        else if (!nameset_add(set_r, name))
            section_problem_at(section, setting, names->origins[i], problems, PROBLEM_ERROR,
                               "%s \"%s\" is named twice", kind, name);
    }
}
