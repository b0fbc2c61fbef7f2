#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ascii.h"
#include "build.h"
#include "domain.h"

static const struct choice auths[] = {
    {"off", AUTH_OFF}, {"encrypted", AUTH_ENCRYPTED}, {"on", AUTH_ON}, {0}};

static const struct choice when_off[] = {{"refuse", false}, {"ban", true}, {0}};

static const struct choice relays[] = {
    {"all", RELAY_ALL}, {"organizations", RELAY_ORGANIZATIONS}, {"none", RELAY_NONE}, {0}};

enum { DAY_MS = 24 * 60 * 60 * 1000 };

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
     .choices = method_choices,
     .help = "Login methods that are accepted. plain stands for PLAIN and LOGIN, which nginx does "
             "not tell apart. cram-md5, and apop with POP3, need a source that knows passwords in "
             "clear; external is a certificate of the client's, see certificates."},
    {.name = "certificates",
     .type = ROW_STRING,
     .offset = offsetof(struct listener_values, certificates),
     .help = "With external in methods: a list of kind certificate that says whose the clients' "
             "certificates are. nginx must have verified them (ssl_verify_client). The user's "
             "sources are asked about his account; over POP3 and IMAP one of them must tell his "
             "password in clear, since nginx logs in at the server behind it."},
    {.name = "proxy_smtp_auth",
     .type = ROW_BOOL,
     .offset = offsetof(struct listener_values, proxy_smtp_auth),
     .preset = "false",
     .help = "nginx's setting of that name is on: it logs in at the SMTP server behind it, and is "
             "told the user's password in clear for that where the client did not send it "
             "(cram-md5, external)."},
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
     .help = "Clients that may log in: any, allow LIST or deny LIST, with a list of kind ip. An "
             "empty list allows nobody or denies nobody."},
    {.name = "auth_users",
     .type = ROW_STRING,
     .offset = offsetof(struct listener_values, auth_users),
     .preset = "any",
     .help = "Names that may log in: any, allow LIST or deny LIST, with a list of kind user. An "
             "empty list allows nobody or denies nobody."},
    {.name = "on_auth_when_off",
     .type = ROW_CHOICE,
     .offset = offsetof(struct listener_values, on_auth_when_off),
     .preset = "refuse",
     .choices = when_off,
     .help = "What happens to a client that tries to log in while auth is off: the login is "
             "refused, or the client is banned as well (see screen), because nobody honest logs in "
             "at this port."},
    {.name = "relay",
     .type = ROW_CHOICE,
     .offset = offsetof(struct listener_values, relay),
     .preset = "all",
     .choices = relays,
     .help = "Who of those who have logged in may send to domains of no organization: all, the "
             "users of relay_organizations, or nobody. The others are handed to upstream_inbound, "
             "which must deliver to our own domains only."},
    {.name = "relay_organizations",
     .type = ROW_STRINGS,
     .offset = offsetof(struct listener_values, relay_organizations),
     .help = "With relay = organizations: the organizations whose users may. Not set: nobody."},
    {.name = "relay_ips",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct listener_values, relay_ips),
     .help = "A list of kind ip: clients that may send to any domain without a login, as printers "
             "or an application server do. The mail server must let them relay too, by the address "
             "that XCLIENT tells it. Not set or an empty list: nobody. A list that holds everybody "
             "is refused: that is an open relay. See i_know_this_is_an_open_relay."},
    {.name = "local_ips",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct listener_values, local_ips),
     .help = "A list of kind ip: our own networks. Mail from there is refused without a login, "
             "whoever its sender says to be; so a machine that was broken into sends nothing. Not "
             "set or an empty list: nobody must."},
    {.name = "trusted_ips",
     .type = ROW_STRING,
     .may_be_empty = true,
     .offset = offsetof(struct listener_values, trusted_ips),
     .help = "A list of kind ip: clients in local_ips that need no login all the same. Not set or "
             "an empty list: none."},
    {.name = "roles_must_auth",
     .type = ROW_STRINGS,
     .offset = offsetof(struct listener_values, roles_must_auth),
     .help = "Names before the @ that nobody may use as a sender in our domains without a login: "
             "postmaster, abuse and webmaster are often forged. No exemption holds for them. Not "
             "set: none."},
    {.name = "relay_window",
     .type = ROW_DURATION,
     .offset = offsetof(struct listener_values, relay_window_ms),
     .preset = "0",
     .low = 0,
     .high = 7 * (int64_t)DAY_MS,
     .help = "SMTP after POP: a client counts as logged in for so long after a POP3 or IMAP login "
             "from its address. 0: never. Everybody behind that address can use it; give it only "
             "to those whose mail programs cannot log in. Kept in the store (see state)."},
    {.name = "upstream",
     .type = ROW_STRING,
     .offset = offsetof(struct listener_values, upstream),
     .help = "Where sessions go that may send to any domain: those that have logged in, unless "
             "their organization says otherwise, and clients in relay_ips. Not set: they hear that "
             "there is no server for now."},
    {.name = "upstream_imap",
     .type = ROW_STRING,
     .offset = offsetof(struct listener_values, upstream_imap),
     .help = "Where IMAP sessions go, instead of to upstream. What an organization says of its "
             "users' upstreams, upstream too, comes first."},
    {.name = "upstream_pop3",
     .type = ROW_STRING,
     .offset = offsetof(struct listener_values, upstream_pop3),
     .help = "Where POP3 sessions go, likewise."},
    {.name = "upstream_inbound",
     .type = ROW_STRING,
     .offset = offsetof(struct listener_values, upstream_inbound),
     .help = "Where the other sessions go, which bring mail for one of our domains: strangers, and "
             "those that have logged in without the right to relay. It must not relay. Not set: as "
             "with upstream."},
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

/* The local parts in lower case, kept by the configuration. */
static void
read_roles(struct conf *conf, const struct section *section, struct nameset *roles_r,
           struct problems *problems)
{
    static const char setting[] = "roles_must_auth";
    const struct strings *names =
        &((const struct listener_values *)section->values)->roles_must_auth;
    nameset_init(roles_r, section_origin(section, setting));
    for (size_t i = 0; i < names->count; i++) {
        char *lower = conf_keep(conf, xstrdup(names->items[i]));
        ascii_lower_copy(lower, lower, strlen(lower));
        if (strchr(lower, '@') != NULL)
            section_problem_at(section, setting, names->origins[i], problems, PROBLEM_ERROR,
                               "\"%s\" has a domain (write what stands before the @: it holds for "
                               "all of our domains)",
                               names->items[i]);
        else if (!nameset_add(roles_r, lower))
            section_problem_at(section, setting, names->origins[i], problems, PROBLEM_ERROR,
                               "\"%s\" is named twice", names->items[i]);
    }
}

/* Who may log in, and how. */
static void
read_login(struct built_site *built, const struct section *section, struct listener *listener,
           struct problems *problems)
{
    const struct listener_values *values = section->values;
    build_methods(built, section, listener, problems);
    listener->auth = (enum auth_availability)values->auth;
    listener->auth_origin = section_origin(section, "auth");
    listener->require_tls = values->require_tls;
    listener->require_tls_origin = section_origin(section, "require_tls");
    listener->require_auth = values->require_auth;
    listener->require_auth_origin = section_origin(section, "require_auth");
    listener->auth_ips =
        build_access(&built->lists, section, "auth_ips", values->auth_ips, LIST_IP, problems);
    listener->auth_users =
        build_access(&built->lists, section, "auth_users", values->auth_users, LIST_USER, problems);
    listener->ban_when_off = values->on_auth_when_off;
    listener->on_auth_when_off_origin = section_origin(section, "on_auth_when_off");
}

/* Who may send what without a login. */
static void
read_relay(struct built_site *built, const struct section *section, struct listener *listener,
           struct problems *problems)
{
    const struct listener_values *values = section->values;
    struct parts *lists = &built->lists;
    listener->relay = (enum relay)values->relay;
    listener->relay_origin = section_origin(section, "relay");
    build_references(built->site.conf, "organization", section, "relay_organizations",
                     &values->relay_organizations, &listener->relay_organizations, problems);
    listener->relay_ips = build_list_setting(lists, section, "relay_ips", values->relay_ips,
                                             LIST_IP, "nobody may send without a login", problems);
    listener->local_ips = build_list_setting(lists, section, "local_ips", values->local_ips,
                                             LIST_IP, "nobody must log in", problems);
    listener->trusted_ips = build_list_setting(lists, section, "trusted_ips", values->trusted_ips,
                                               LIST_IP, "nobody is exempt", problems);
    read_roles(built->site.conf, section, &listener->roles_must_auth, problems);
    listener->relay_window_ms = values->relay_window_ms;
    if (values->relay_window_ms > built->site.longest_window_ms)
        built->site.longest_window_ms = values->relay_window_ms;
    listener->relay_window_origin = section_origin(section, "relay_window");
}

static void
read_upstreams(struct built_site *built, const struct section *section, struct listener *listener,
               struct problems *problems)
{
    const struct listener_values *values = section->values;
    listener->upstream = build_upstream(built, section, "upstream", values->upstream, problems);
    listener->upstream_imap =
        build_upstream(built, section, "upstream_imap", values->upstream_imap, problems);
    listener->upstream_pop3 =
        build_upstream(built, section, "upstream_pop3", values->upstream_pop3, problems);
    listener->upstream_inbound =
        build_upstream(built, section, "upstream_inbound", values->upstream_inbound, problems);
}

static void
build_listener(struct built_site *built, const struct section *section, struct problems *problems)
{
    if (section->name == NULL)
        return; /* conf has said so */
    struct listener *listener =
        tenancy_add_listener(built->site.tenancy, section->name, section->origin, NULL);
    if (listener == NULL)
        return; /* the name is taken: conf has said so */
    read_login(built, section, listener, problems);
    read_relay(built, section, listener, problems);
    read_upstreams(built, section, listener, problems);
    const struct listener_values *values = section->values;
    listener->default_domain =
        read_default_domain(built->site.conf, section, values->default_domain, problems);
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
