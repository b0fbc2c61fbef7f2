#include "build.h"

void
build_delegated(struct built_site *built, struct organization *organization,
                const struct section *section, struct problems *problems)
{
    (void)built;
    const struct organization_values *values = section->values;
    if (values->delegated == NULL)
        return;
    organization->broken = true;
    organization->broken_origin = section_origin(section, "delegated");
    section_problem(
        section, "delegated", problems, PROBLEM_TENANT,
        "cannot be applied: all that concerns this organization is a temporary failure");
}
