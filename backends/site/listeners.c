#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "build.h"
#include "domain.h"

static const struct choice auths[] = {
    {"off", AUTH_OFF}, {"encrypted", AUTH_ENCRYPTED}, {"on", AUTH_ON}, {0}};

static const struct choice methods[] = {{"plain", METHOD_PLAIN},
                                        {"cram-md5", METHOD_CRAM_MD5},
                                        {"apop", METHOD_APOP},
                                        {"external", METHOD_EXTERNAL},
                                        {0}};

static const struct row rows[] = {
    {.name = "auth",
     .type = ROW_CHOICE,
     .offset = offsetof(struct listener_values, auth),
     .preset = "encrypted",
     .choices = auths,
     .help = "Whether clients may log in: never, only with TLS, or always."},
    {.name = "methods",
     .type = ROW_CHOICES,
     .offset = offsetof(struct listener_values, methods),
     .preset = "plain",
     .choices = methods,
     .help = "Login methods that are accepted. plain stands for PLAIN and LOGIN, which nginx does "
             "not tell apart; the others are refused for now, since no source can answer them."},
    {.name = "require_auth",
     .type = ROW_BOOL,
     .offset = offsetof(struct listener_values, require_auth),
     .preset = "false",
     .help = "Refuse mail from clients that have not logged in."},
    {.name = "require_tls",
     .type = ROW_BOOL,
     .offset = offsetof(struct listener_values, require_tls),
     .preset = "false",
     .help = "Refuse mail without TLS, from those who have not logged in too."},
    {.name = "auth_ips",
     .type = ROW_STRING,
     .offset = offsetof(struct listener_values, auth_ips),
     .preset = "any",
     .help = "Clients that may log in: any, allow LIST or deny LIST, with a list of kind ip."},
    {.name = "auth_users",
     .type = ROW_STRING,
     .offset = offsetof(struct listener_values, auth_users),
     .preset = "any",
     .help = "Names that may log in: any, allow LIST or deny LIST, with a list of kind user."},
    {.name = "upstream",
     .type = ROW_STRING,
     .offset = offsetof(struct listener_values, upstream),
     .help = "Where sessions go that have logged in, unless their organization says otherwise."},
    {.name = "upstream_inbound",
     .type = ROW_STRING,
     .offset = offsetof(struct listener_values, upstream_inbound),
     .help = "Where sessions go that have not logged in and bring mail for one of our domains."},
    {.name = "default_domain",
     .type = ROW_STRING,
     .offset = offsetof(struct listener_values, default_domain),
     .help = "The domain of login names without one, and of mail to <postmaster>."},
    {0}};

const struct section_type listener_section = {
    .name = "listener",
    .titled = true,
    .size = sizeof(struct listener_values),
    .rows = rows,
    .help = "A port of the front door; its name is what nginx sends as X-Listener.",
};

/* Why a method cannot be had, or NULL. */
static const char *
why_not(enum auth_method method)
{
    switch (method) {
    case METHOD_CRAM_MD5:
    case METHOD_APOP:
        return "no source can tell a user's password in clear, which it needs (use plain, with "
               "TLS)";
    case METHOD_EXTERNAL:
        return "no client certificate can be mapped to a user (use plain, with TLS)";
    case METHOD_UNKNOWN:
    case METHOD_NONE:
    case METHOD_PLAIN:
        break;
    }
    return NULL;
}

static void
check_methods(const struct section *section, unsigned mask, struct problems *problems)
{
    for (const struct choice *choice = methods; choice->word != NULL; choice++) {
        const char *why = why_not((enum auth_method)choice->value);
        if (why != NULL && (mask & METHOD_BIT(choice->value)) != 0)
            section_problem(section, "methods", problems, PROBLEM_ERROR, "%s is not possible: %s",
                            choice->word, why);
    }
    if (mask == 0)
        section_problem(section, "methods", problems, PROBLEM_ERROR,
                        "is empty (to let nobody log in, write auth = \"off\")");
}

/* The domain in lower case, kept by the configuration; or NULL. */
static const char *
read_default_domain(struct conf *conf, const struct section *section, const char *domain,
                    struct problems *problems)
{
    struct err err;
    if (domain == NULL)
        return NULL;
    if (domain_check(domain, strlen(domain), &err) != 0) {
        section_problem(section, "default_domain", problems, PROBLEM_ERROR, "%s", err.text);
        return NULL;
    }
    char *lower = conf_keep(conf, xstrdup(domain));
    ascii_lower_copy(lower, lower, strlen(lower));
    return lower;
}

static void
build_listener(struct built_site *built, const struct section *section, struct problems *problems)
{
    struct site *site = &built->site;
    if (section->name == NULL)
        return; /* conf has said so */
    struct listener *listener =
        tenancy_add_listener(site->tenancy, section->name, section->origin, NULL);
    if (listener == NULL)
        return; /* the name is taken: conf has said so */
    const struct listener_values *values = section->values;
    check_methods(section, values->methods, problems);
    listener->auth = (enum auth_availability)values->auth;
    listener->auth_origin = section_origin(section, "auth");
    listener->methods = values->methods;
    listener->methods_origin = section_origin(section, "methods");
    listener->require_tls = values->require_tls;
    listener->require_tls_origin = section_origin(section, "require_tls");
    listener->require_auth = values->require_auth;
    listener->require_auth_origin = section_origin(section, "require_auth");
    listener->auth_ips =
        build_access(built, section, "auth_ips", values->auth_ips, LIST_IP, problems);
    listener->auth_users =
        build_access(built, section, "auth_users", values->auth_users, LIST_USER, problems);
    listener->default_domain =
        read_default_domain(site->conf, section, values->default_domain, problems);
    listener->upstream = build_upstream(built, section, "upstream", values->upstream, problems);
    listener->upstream_inbound =
        build_upstream(built, section, "upstream_inbound", values->upstream_inbound, problems);
}

void
build_listeners(struct built_site *built, struct problems *problems)
{
    size_t count;
    const struct section *const *sections =
        conf_sections(built->site.conf, NULL, "listener", &count);
    for (size_t i = 0; i < count; i++)
        build_listener(built, sections[i], problems);
    if (count == 0)
        problems_add(problems, PROBLEM_ERROR, conf_top(built->site.conf)->origin,
                     "there is no listener (write listener \"NAME\" { ... } for each port of the "
                     "front door)");
}
