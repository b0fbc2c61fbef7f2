#include "ldap_settings.h"

#include <stddef.h>
#include <string.h>

#include "ascii.h"
#include "ldap_door.h"
#include "ldap_source.h"
#include "ldap_template.h"

/* What the directories of this kind have in common. The filters find a login name by the mail
 * address and by the name that the directory's own logins use. */
struct directory {
    const char *filter;
    const char *base; /* NULL: differs from one to the other */
    struct ldap_ports ports;
};

static const struct directory directories[] = {
    [LDAP_DIRECTORY_OPENLDAP] = {"(|(mail=%u)(uid=%n))", NULL, {389, 636}},
    [LDAP_DIRECTORY_ACTIVE_DIRECTORY] = {"(&(objectCategory=person)(objectClass=user)"
                                         "(|(userPrincipalName=%u)(mail=%u)(sAMAccountName=%n)))",
                                         NULL,
                                         {389, 636}},
    [LDAP_DIRECTORY_AD_GLOBAL_CATALOG] = {"(&(objectCategory=person)(objectClass=user)"
                                          "(|(userPrincipalName=%u)(mail=%u)(sAMAccountName=%n)))",
                                          "",
                                          {3268, 3269}},
    [LDAP_DIRECTORY_EDIRECTORY] = {"(&(objectClass=inetOrgPerson)(|(mail=%u)(cn=%n)(uid=%n)))",
                                   NULL,
                                   {389, 636}},
    [LDAP_DIRECTORY_DOMINO] = {"(&(objectClass=dominoPerson)(|(mail=%u)(uid=%n)(cn=%n)))",
                               "",
                               {389, 636}},
    [LDAP_DIRECTORY_SUN] = {"(&(objectClass=inetOrgPerson)(|(mail=%u)(uid=%n)))", NULL, {389, 636}},
};

static const struct choice directory_choices[] = {
    {"openldap", LDAP_DIRECTORY_OPENLDAP},
    {"active-directory", LDAP_DIRECTORY_ACTIVE_DIRECTORY},
    {"ad-global-catalog", LDAP_DIRECTORY_AD_GLOBAL_CATALOG},
    {"edirectory", LDAP_DIRECTORY_EDIRECTORY},
    {"domino", LDAP_DIRECTORY_DOMINO},
    {"sun", LDAP_DIRECTORY_SUN},
    {NULL, 0},
};

static const struct choice scope_choices[] = {
    {"sub", LDAP_SEARCH_SUB}, {"one", LDAP_SEARCH_ONE}, {"base", LDAP_SEARCH_BASE}, {NULL, 0}};

static const struct choice password_choices[] = {{"bind", LDAP_PASSWORD_BIND}, {NULL, 0}};

enum { CONNECTIONS_MIN = 2, CONNECTIONS_MAX = 1000, TIMEOUT_MIN_MS = 100, TIMEOUT_MAX_MS = 60000 };

#define AT(member) .offset = offsetof(struct ldap_settings, member)

static const struct row rows[] = {
    {.name = "uri",
     .type = ROW_STRINGS,
     AT(uri),
     .required = true,
     .help = "the directory's servers, in the order they are asked: ldap://host or ldaps://host"},
    {.name = "starttls",
     .type = ROW_BOOL,
     AT(starttls),
     .preset = "false",
     .help = "start TLS on ldap:// connections; they are not used without"},
    {.name = "ca_file",
     .type = ROW_PATH,
     AT(ca_file),
     .help = "PEM file of the authorities that are trusted; not set: the system's"},
    {.name = "tls_verify",
     .type = ROW_BOOL,
     AT(tls_verify),
     .preset = "true",
     .help = "check the server's certificate and that it names the host of the uri"},
    {.name = "directory",
     .type = ROW_CHOICE,
     AT(directory),
     .preset = "openldap",
     .choices = directory_choices,
     .help = "the kind of directory: it decides the defaults of filter, base and ports"},
    {.name = "bind_dn",
     .type = ROW_STRING,
     AT(bind_dn),
     .help = "who we are for searches; not set: anonymous"},
    {.name = "bind_password_file",
     .type = ROW_PATH,
     AT(bind_password_file),
     .help = "file whose first line is bind_dn's password; others must not be able to read it"},
    {.name = "base", .type = ROW_STRING, AT(base), .help = "the entry below which is searched"},
    {.name = "scope",
     .type = ROW_CHOICE,
     AT(scope),
     .preset = "sub",
     .choices = scope_choices,
     .help = "how far below: sub (all levels), one (children), base (the entry itself)"},
    {.name = "filter",
     .type = ROW_STRING,
     AT(filter),
     .help = "which entry a login name is: %u the name, %n what is before its @, %d its domain"},
    {.name = "user_dn",
     .type = ROW_STRING,
     AT(user_dn),
     .help = "the user's entry, made from the login name (%u, %n, %d) instead of searched for"},
    {.name = "password",
     .type = ROW_CHOICE,
     AT(password),
     .preset = "bind",
     .choices = password_choices,
     .help = "how a password is checked: bind (log in as the user)"},
    {.name = "username_attribute",
     .type = ROW_STRING,
     AT(username_attribute),
     .help =
         "the attribute that is the account's one name, whatever alias was used to log in; with "
         "several organizations one whose values have a domain, so that no two accounts share "
         "a name"},
    {.name = "connections",
     .type = ROW_INT,
     AT(connections),
     .preset = "16",
     .low = CONNECTIONS_MIN,
     .high = CONNECTIONS_MAX,
     .help = "connections to one server at a time; a login uses two, with user_dn one"},
    {.name = "connect_timeout",
     .type = ROW_DURATION,
     AT(connect_timeout),
     .preset = "3s",
     .low = TIMEOUT_MIN_MS,
     .high = TIMEOUT_MAX_MS,
     .help = "how long a connection may take to be made, TLS included"},
    {.name = "timeout",
     .type = ROW_DURATION,
     AT(timeout),
     .preset = "5s",
     .low = TIMEOUT_MIN_MS,
     .high = TIMEOUT_MAX_MS,
     .help = "how long an answer may take"},
    {.name = NULL},
};

const struct section_type ldap_source_section = {
    .name = "source",
    .titled = true,
    .size = sizeof(struct ldap_settings),
    .rows = rows,
    .variant_word = "ldap",
    .help = "Asks an LDAP directory: finds the user's entry and logs in as it",
};

static const struct directory *
directory_of(const struct ldap_settings *settings)
{
    return &directories[settings->directory];
}

const char *
ldap_settings_filter(const struct ldap_settings *settings)
{
    return settings->filter != NULL ? settings->filter : directory_of(settings)->filter;
}

const char *
ldap_settings_base(const struct ldap_settings *settings)
{
    return settings->base != NULL ? settings->base : directory_of(settings)->base;
}

const struct ldap_ports *
ldap_settings_ports(const struct ldap_settings *settings)
{
    return &directory_of(settings)->ports;
}

bool
ldap_settings_use_tls(const struct ldap_settings *settings)
{
    for (size_t i = 0; i < settings->uri.count; i++)
        if (ascii_has_prefix(settings->uri.items[i], strlen(settings->uri.items[i]), "ldaps:"))
            return true;
    return settings->starttls;
}

/* What every check gets. */
struct check {
    const struct section *section;
    const struct ldap_settings *settings;
    struct problems *problems;
};

#define ERROR(check, setting, ...) \
    section_problem((check)->section, setting, (check)->problems, PROBLEM_ERROR, __VA_ARGS__)
#define WARNING(check, setting, ...) \
    section_problem((check)->section, setting, (check)->problems, PROBLEM_WARNING, __VA_ARGS__)

/* About one of the servers, each of which may stand on a line of its own. */
#define SERVER_PROBLEM(check, setting, i, weight, ...)                               \
    section_problem_at((check)->section, setting, (check)->settings->uri.origins[i], \
                       (check)->problems, weight, __VA_ARGS__)

static void
check_uri(const struct check *check, size_t i)
{
    const char *text = check->settings->uri.items[i];
    struct ldap_uri uri;
    struct err err;
    if (ldap_uri_parse(text, ldap_settings_ports(check->settings), &uri, &err) != 0) {
        SERVER_PROBLEM(check, "uri", i, PROBLEM_ERROR, "\"%s\": %s", text, err.text);
        return;
    }
    if (uri.has_tls && check->settings->starttls)
        ERROR(check, "starttls",
              "\"%s\" has TLS from the first byte (write ldap://, or set starttls = false)", text);
    if (!uri.has_tls && !check->settings->starttls && !uri.is_loopback)
        SERVER_PROBLEM(check, "uri", i, PROBLEM_WARNING,
                       "\"%s\": passwords go over the network in clear text (use ldaps://, or set "
                       "starttls = true)",
                       text);
}

static void
check_servers(const struct check *check)
{
    const struct ldap_settings *settings = check->settings;
    for (size_t i = 0; i < settings->uri.count; i++)
        check_uri(check, i);
    if (ldap_settings_use_tls(settings) && !settings->tls_verify)
        WARNING(check, "tls_verify",
                "whoever sits between us and the directory can read the "
                "passwords (set it to true, and ca_file)");
    if (!ldap_settings_use_tls(settings) && settings->ca_file != NULL)
        WARNING(check, "ca_file", "it has no effect without TLS");
}

static void
check_dn(const struct check *check, const char *setting, const char *dn)
{
    struct err err;
    if (dn != NULL && ldap_dn_check(dn, &err) != 0)
        ERROR(check, setting, "\"%s\" is %s", dn, err.text);
}

static void
check_service(const struct check *check)
{
    const struct ldap_settings *settings = check->settings;
    check_dn(check, "bind_dn", settings->bind_dn);
    if (settings->bind_dn != NULL && settings->bind_password_file == NULL)
        ERROR(check, "bind_dn", "its password is missing (set bind_password_file)");
    if (settings->bind_dn == NULL && settings->bind_password_file != NULL)
        ERROR(check, "bind_password_file", "it is nobody's password (set bind_dn)");
}

/* Tries a template with a name that has something to escape. */
static void
check_template(const struct check *check, const char *setting, const char *text,
               enum ldap_syntax syntax)
{
    static const struct username sample = {.text = "o(b,r\\n*@example.com", .local_length = 8};
    struct err err;
    char expanded[LDAP_TEXT_MAX];
    int result = ldap_template_check(text, syntax, &err);
    if (result == 0) {
        ldap_template_expand(text, syntax, &sample, expanded);
        switch (syntax) {
        case LDAP_SYNTAX_FILTER:
            result = ldap_filter_check(expanded, &err);
            break;
        case LDAP_SYNTAX_DN:
            result = ldap_dn_check(expanded, &err);
            break;
        }
    }
    if (result != 0)
        ERROR(check, setting, "\"%s\": %s", text, err.text);
}

/* An attribute's name or its OID, with options (RFC 4512 2.5). */
static bool
is_attribute(const char *text)
{
    if (!ascii_is_alnum(text[0]))
        return false;
    bool has_letter = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (!ascii_is_alnum(*at) && strchr("-;.", *at) == NULL)
            return false;
        has_letter = has_letter || !ascii_is_digit(*at);
    }
    return has_letter && strcmp(text, "1.1") != 0; /* 1.1: no attributes at all */
}

static void
check_search(const struct check *check)
{
    const struct ldap_settings *settings = check->settings;
    check_template(check, "filter", ldap_settings_filter(settings), LDAP_SYNTAX_FILTER);
    check_dn(check, "base", settings->base);
    if (ldap_settings_base(settings) == NULL)
        ERROR(check, "base", "it is missing (the entry below which to search, or user_dn)");
    if (settings->username_attribute != NULL && !is_attribute(settings->username_attribute))
        ERROR(check, "username_attribute", "\"%s\" is not an attribute's name",
              settings->username_attribute);
}

static void
check_user_dn(const struct check *check)
{
    const struct ldap_settings *settings = check->settings;
    check_template(check, "user_dn", settings->user_dn, LDAP_SYNTAX_DN);
    if (settings->filter != NULL)
        ERROR(check, "filter", "user_dn is set too: nothing is searched (leave one of them out)");
    if (settings->username_attribute != NULL)
        ERROR(check, "username_attribute", "it needs a search (leave out user_dn)");
    if (settings->base != NULL)
        WARNING(check, "base", "it has no effect with user_dn: nothing is searched");
    if (settings->bind_dn != NULL)
        WARNING(check, "bind_dn", "it has no effect with user_dn: nothing is searched");
}

int
ldap_settings_check(const struct section *section, struct problems *problems)
{
    size_t errors = problems->errors;
    const struct check check = {section, section->values, problems};
    check_servers(&check);
    check_service(&check);
    if (check.settings->user_dn != NULL)
        check_user_dn(&check);
    else
        check_search(&check);
    return problems->errors == errors ? 0 : -1;
}
