/* How clients of a listener log in. */
#include "build.h"

const struct choice method_choices[] = {{"plain", METHOD_PLAIN},
                                        {"cram-md5", METHOD_CRAM_MD5},
                                        {"apop", METHOD_APOP},
                                        {"external", METHOD_EXTERNAL},
                                        {0}};

bool
method_needs_clear(enum auth_method method)
{
    return method == METHOD_CRAM_MD5 || method == METHOD_APOP;
}

/* Whether a source that could be asked here knows passwords in clear; true as long as one did not
 * open. */
static bool
somebody_knows_clear(const struct built_site *built)
{
    for (size_t i = 0; i < built->sources.count; i++)
        if (built->sources.items[i].item == NULL)
            return true;
    for (size_t i = 0; i < built->chain_count; i++)
        if (source_chain_knows_clear(built->chains[i]))
            return true;
    return false;
}

static void
check_challenges(const struct built_site *built, const struct section *section, unsigned mask,
                 struct problems *problems)
{
    if (somebody_knows_clear(built))
        return;
    for (const struct choice *choice = method_choices; choice->word != NULL; choice++)
        if (method_needs_clear((enum auth_method)choice->value) &&
            (mask & METHOD_BIT(choice->value)) != 0)
            section_problem(section, "methods", problems, PROBLEM_ERROR,
                            "%s is not possible: no source knows a password in clear, which it "
                            "needs (a users file with {PLAIN}, or ldap with password = \"fetch\"; "
                            "or use plain, with TLS)",
                            choice->word);
}

static void
check_certificates(const struct section *section, unsigned mask, struct problems *problems)
{
    bool takes = (mask & METHOD_BIT(METHOD_EXTERNAL)) != 0;
    bool has = section_is_set(section, "certificates");
    if (takes && !has)
        section_problem(section, "methods", problems, PROBLEM_ERROR,
                        "external is not possible without certificates (a list of kind "
                        "\"certificate\" that says whose they are)");
    if (has && !takes)
        section_problem(section, "certificates", problems, PROBLEM_ERROR,
                        "needs external in methods (methods = {\"plain\", \"external\"})");
}

void
build_methods(struct built_site *built, const struct section *section, struct listener *listener,
              struct problems *problems)
{
    const struct listener_values *values = section->values;
    if (values->methods == 0)
        section_problem(section, "methods", problems, PROBLEM_ERROR,
                        "is empty (to let nobody log in, write auth = \"off\")");
    check_challenges(built, section, values->methods, problems);
    check_certificates(section, values->methods, problems);
    listener->methods = values->methods;
    listener->methods_origin = section_origin(section, "methods");
    listener->certificates =
        build_certificates(&built->lists, section, "certificates", values->certificates,
                           "nobody can log in by external", problems);
    listener->certificates_origin = section_origin(section, "certificates");
    listener->proxy_smtp_auth = values->proxy_smtp_auth;
}
