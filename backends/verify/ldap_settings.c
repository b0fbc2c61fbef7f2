#include "ldap_settings.h"

#include <stddef.h>
#include <string.h>

#include "ascii.h"
#include "ldap_door.h"

/* What the directories of this kind have in common. The filters find a login name by the mail
 * address and by the name that the directory's own logins use; those for recipients find an address
 * by all attributes that may hold one, in entries of any kind: groups and contacts get mail, too.
 */
struct directory {
    const char *filter;
    const char *recipient_filter;
    const char *base; /* NULL: differs from one to the other */
    struct ldap_ports ports;
};

#define AD_FILTER                                 \
    "(&(objectCategory=person)(objectClass=user)" \
    "(|(userPrincipalName=%u)(mail=%u)(sAMAccountName=%n)))"
#define AD_RECIPIENT_FILTER "(|(proxyAddresses=smtp:%u)(mail=%u)(userPrincipalName=%u))"

static const struct directory directories[] = {
    [LDAP_DIRECTORY_OPENLDAP] = {"(|(mail=%u)(uid=%n))", "(mail=%u)", NULL, {389, 636}},
    [LDAP_DIRECTORY_ACTIVE_DIRECTORY] = {AD_FILTER, AD_RECIPIENT_FILTER, NULL, {389, 636}},
    [LDAP_DIRECTORY_AD_GLOBAL_CATALOG] = {AD_FILTER, AD_RECIPIENT_FILTER, "", {3268, 3269}},
    [LDAP_DIRECTORY_EDIRECTORY] = {"(&(objectClass=inetOrgPerson)(|(mail=%u)(cn=%n)(uid=%n)))",
                                   "(mail=%u)",
                                   NULL,
                                   {389, 636}},
    /* Domino's short names are aliases, written with or without a domain. */
    [LDAP_DIRECTORY_DOMINO] = {"(&(objectClass=dominoPerson)(|(mail=%u)(uid=%n)(cn=%n)))",
                               "(|(mail=%u)(uid=%u))",
                               "",
                               {389, 636}},
    [LDAP_DIRECTORY_SUN] = {"(&(objectClass=inetOrgPerson)(|(mail=%u)(uid=%n)))",
                            "(|(mail=%u)(mailAlternateAddress=%u)(mailEquivalentAddress=%u))",
                            NULL,
                            {389, 636}},
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
enum { LIFETIME_MAX_MS = 86400000 };

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
     .help = "the kind of directory: it decides the defaults of filter, recipient_filter, base and "
             "ports"},
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
         "the attribute that is the account's one name, whatever alias was used to log in or is "
         "written to; with several organizations one whose values have a domain, so that no two "
         "accounts share a name"},
    {.name = "recipient_filter",
     .type = ROW_STRING,
     AT(recipient_filter),
     .help = "which entry a recipient's address is: %u the address, %n its local part, %d its "
             "domain; needed with user_dn, else the directory's default"},
    {.name = "recipient_cache",
     .type = ROW_DURATION,
     AT(recipient_cache),
     .preset = "5min",
     .low = 0,
     .high = LIFETIME_MAX_MS,
     .help = "how long it is remembered that a recipient exists; 0: not at all"},
    {.name = "recipient_negative_cache",
     .type = ROW_DURATION,
     AT(recipient_negative_cache),
     .preset = "30s",
     .low = 0,
     .high = LIFETIME_MAX_MS,
     .help = "how long it is remembered that a recipient does not exist; 0: not at all"},
    {.name = "connections",
     .type = ROW_INT,
     AT(connections),
     .preset = "16",
     .low = CONNECTIONS_MIN,
     .high = CONNECTIONS_MAX,
     .help = "connections to one server at a time; a login uses two, with user_dn and without "
             "recipient_filter one"},
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
ldap_settings_recipient_filter(const struct ldap_settings *settings)
{
    if (settings->recipient_filter != NULL || settings->user_dn != NULL)
        return settings->recipient_filter;
    return directory_of(settings)->recipient_filter;
}

bool
ldap_settings_search(const struct ldap_settings *settings)
{
    return ldap_settings_recipient_filter(settings) != NULL;
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
