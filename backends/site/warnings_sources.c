/* What sources call their accounts, and app passwords that nothing keeps. */
#include "warnings.h"

/* Nobody's app password is anywhere. */
static void
warn_app_passwords(const struct built_site *built, struct problems *problems)
{
    const struct parts *sources = &built->sources;
    for (size_t i = 0; i < sources->count; i++)
        if (source_keeps_app_passwords(sources->items[i].item))
            return;
    for (size_t i = 0; i < sources->count; i++)
        switch (source_app_passwords(sources->items[i].item)) {
        case APP_PASSWORDS_NO:
            break;
        case APP_PASSWORDS_ALLOW:
            section_problem(sources->items[i].section, "app_passwords", problems, PROBLEM_WARNING,
                            "has no effect: they are kept by a source of type \"users\", and there "
                            "is none");
            break;
        case APP_PASSWORDS_REQUIRE:
            section_problem(sources->items[i].section, "app_passwords", problems, PROBLEM_WARNING,
                            "nobody can log in: they are kept by a source of type \"users\", and "
                            "there is none");
            break;
        }
}

/* Directories compare names by rules of their own (RFC 4518): outside of ASCII there are many
 * spellings, and each would be an account with counters and limits of its own. */
static void
warn_typed_names(const struct built_site *built, struct problems *problems)
{
    const struct parts *sources = &built->sources;
    if (built->site.settings.decide.encoding == USERNAME_PLAIN)
        return;
    for (size_t i = 0; i < sources->count; i++)
        if (source_account_names(sources->items[i].item) == ACCOUNT_NAMES_TYPED)
            section_problem(sources->items[i].section, "username_attribute", problems,
                            PROBLEM_WARNING,
                            "is not set: auth_user_encoding = \"xtext\" allows letters that a "
                            "directory finds in several spellings, and each counts as an account "
                            "(name the attribute that is the account's one name)");
}

/* An organization's source, the first whose names have no domain. */
struct bare {
    const char *organization;
    const struct part *part;
};

/* Of names without a domain nobody behind us can tell whose they are. */
static void
warn_bare_names(const struct built_site *built, struct problems *problems)
{
    struct bare first = {NULL, NULL};
    for (size_t i = 0; i < built->tenant_count; i++) {
        const struct section *section = built->tenants[i].section;
        const struct strings *names =
            &((const struct organization_values *)section->values)->sources;
        for (size_t k = 0; k < names->count; k++) {
            const struct part *part = strmap_get(&built->sources.by_name, names->items[k]);
            if (source_account_names(part->item) != ACCOUNT_NAMES_BARE || part == first.part)
                continue;
            if (first.part == NULL)
                first = (struct bare){section->name, part};
            if (first.organization == section->name)
                continue;
            section_problem(part->section, "username_attribute", problems, PROBLEM_WARNING,
                            "its values have no domain, nor have those of source \"%s\": the mail "
                            "server and the message guard cannot tell an account of organization "
                            "\"%s\" from one of \"%s\" that is called the same (name an attribute "
                            "whose values have a domain)",
                            first.part->section->name, section->name, first.organization);
            return;
        }
    }
}

void
warn_sources(const struct built_site *built, struct problems *problems)
{
    warn_app_passwords(built, problems);
    warn_typed_names(built, problems);
    warn_bare_names(built, problems);
}
