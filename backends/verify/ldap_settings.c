#include "ldap_settings.h"

#include <stddef.h>
#include <string.h>

#include "ascii.h"
#include "ldap_door.h"
#include "verify.h"

static const struct choice directory_choices[] = {
    {"openldap", LDAP_MAKE_OPENLDAP},
    {"active-directory", LDAP_MAKE_ACTIVE_DIRECTORY},
    {"ad-global-catalog", LDAP_MAKE_AD_GLOBAL_CATALOG},
    {"edirectory", LDAP_MAKE_EDIRECTORY},
    {"domino", LDAP_MAKE_DOMINO},
    {"sun", LDAP_MAKE_SUN},
    {NULL, 0},
};

static const struct choice scope_choices[] = {
    {"sub", LDAP_SEARCH_SUB}, {"one", LDAP_SEARCH_ONE}, {"base", LDAP_SEARCH_BASE}, {NULL, 0}};

static const struct choice password_choices[] = {{"bind", LDAP_PASSWORD_BIND},
                                                 {"compare", LDAP_PASSWORD_COMPARE},
                                                 {"fetch", LDAP_PASSWORD_FETCH},
                                                 {NULL, 0}};

static const struct choice app_password_choices[] = {{"no", APP_PASSWORDS_NO},
                                                     {"allow", APP_PASSWORDS_ALLOW},
                                                     {"require", APP_PASSWORDS_REQUIRE},
                                                     {NULL, 0}};

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
    {.name = "cert_file",
     .type = ROW_PATH,
     AT(cert_file),
     .help = "PEM file of the certificate that we show to the servers; not set: none"},
    {.name = "key_file",
     .type = ROW_PATH,
     AT(key_file),
     .help =
         "PEM file of its key, without a passphrase, which others must not be able to read; not "
         "set: it is in cert_file"},
    {.name = "directory",
     .type = ROW_CHOICE,
     AT(directory),
     .preset = "openldap",
     .choices = directory_choices,
     .help = "the kind of directory: it decides the defaults of filter, recipient_filter, base, "
             "password_attribute, mail_attribute and ports, and how an entry says that it is "
             "disabled"},
    {.name = "bind_dn",
     .type = ROW_STRING,
     AT(bind_dn),
     .help = "who we are for searches, and for all that is read of an entry; not set: anonymous"},
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
     .help =
         "how a password is checked: bind (log in as the user), compare (the server compares it "
         "with password_attribute), fetch (the attribute is read and compared here, which also "
         "makes CRAM-MD5 and APOP work where it holds clear passwords)"},
    {.name = "password_attribute",
     .type = ROW_STRING,
     AT(password_attribute),
     .help = "the attribute that compare and fetch look at; not set: userPassword"},
    {.name = "username_attribute",
     .type = ROW_STRING,
     AT(username_attribute),
     .help =
         "the attribute that is the account's one name, whatever alias was used to log in or is "
         "written to; with several organizations one whose values have a domain, so that no two "
         "accounts share a name"},
    {.name = "mail_attribute",
     .type = ROW_STRINGS,
     AT(mail_attribute),
     .help =
         "the attributes whose values are the account's own addresses, as which it may send; not "
         "set: mail and what else the directory has for that; {}: none"},
    {.name = "route_attribute",
     .type = ROW_STRING,
     AT(route_attribute),
     .help = "the attribute that names the account's own server among those of the upstream, by "
             "the server's name or the host of its address. An entry without it: any server. One "
             "that names none of them, or one that is down: a temporary failure for POP3 and "
             "IMAP, any server for SMTP"},
    {.name = "require_group",
     .type = ROW_STRINGS,
     AT(require_group),
     .help = "DNs of groups: who is in none of them may not log in. Active Directory: groups in "
             "groups count, the primary group does not"},
    {.name = "allowed_networks_attribute",
     .type = ROW_STRING,
     AT(allowed_networks_attribute),
     .help = "the attribute that holds the networks that the account may log in from, separated by "
             "spaces or commas; an entry without it: from anywhere"},
    {.name = "app_passwords",
     .type = ROW_CHOICE,
     AT(app_passwords),
     .preset = "no",
     .choices = app_password_choices,
     .help = "whether the app passwords of the users file are taken for the users found here: no, "
             "allow (beside the directory's own), require (the directory's own are not)"},
    {.name = "cache",
     .type = ROW_DURATION,
     AT(cache),
     .preset = "5min",
     .low = 0,
     .high = LIFETIME_MAX_MS,
     .help = "how long it is remembered that a password is right; 0: not at all"},
    {.name = "negative_cache",
     .type = ROW_DURATION,
     AT(negative_cache),
     .preset = "30s",
     .low = 0,
     .high = LIFETIME_MAX_MS,
     .help = "how long it is remembered that a password is wrong or a name unknown; 0: not at all"},
    {.name = "cache_when_down",
     .type = ROW_BOOL,
     AT(cache_when_down),
     .preset = "false",
     .help =
         "while the directory cannot be asked, a password that was right within a day still is"},
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
     .help = "connections to one server at a time; a login by bind uses two, with user_dn one if "
             "nothing but the password is asked for"},
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
     .help = "how long one answer of a server may take"},
    {.name = NULL},
};

const struct section_type ldap_source_section = {
    .name = "source",
    .titled = true,
    .size = sizeof(struct ldap_settings),
    .rows = rows,
    .variant_word = "ldap",
    .help = "Asks an LDAP directory: finds the user's entry and logs in as it, or compares its "
            "password",
};

static const struct ldap_directory *
directory_of(const struct ldap_settings *settings)
{
    return ldap_directory((enum ldap_make)settings->directory);
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

const char *
ldap_settings_password_attribute(const struct ldap_settings *settings)
{
    return settings->password_attribute != NULL ? settings->password_attribute
                                                : directory_of(settings)->password_attribute;
}

size_t
ldap_settings_mail_attributes(const struct ldap_settings *settings,
                              const char *names_r[LDAP_MAIL_ATTRIBUTES_MAX])
{
    const struct strings *own = &settings->mail_attribute;
    const char *const *names =
        own->items != NULL ? own->items : directory_of(settings)->mail_attributes;
    size_t most = own->items != NULL ? own->count : LDAP_DEFAULT_MAILS_MAX;
    size_t count = 0;
    for (; count < most && count < LDAP_MAIL_ATTRIBUTES_MAX && names[count] != NULL; count++)
        names_r[count] = names[count];
    return count;
}

bool
ldap_settings_read_user_dn(const struct ldap_settings *settings)
{
    return settings->user_dn != NULL &&
           (settings->password != LDAP_PASSWORD_BIND || settings->username_attribute != NULL ||
            settings->route_attribute != NULL || settings->require_group.count > 0 ||
            settings->allowed_networks_attribute != NULL);
}

bool
ldap_settings_can_lookup(const struct ldap_settings *settings)
{
    return settings->user_dn == NULL || settings->bind_dn != NULL ||
           ldap_settings_read_user_dn(settings);
}

bool
ldap_settings_find_recipients(const struct ldap_settings *settings)
{
    return ldap_settings_recipient_filter(settings) != NULL;
}

unsigned
ldap_settings_links(const struct ldap_settings *settings)
{
    bool by_service = ldap_settings_can_lookup(settings) || ldap_settings_find_recipients(settings);
    bool by_user = settings->password == LDAP_PASSWORD_BIND;
    return by_service && by_user ? 2 : 1;
}

bool
ldap_settings_use_tls(const struct ldap_settings *settings)
{
    for (size_t i = 0; i < settings->uri.count; i++)
        if (ascii_has_prefix(settings->uri.items[i], strlen(settings->uri.items[i]), "ldaps:"))
            return true;
    return settings->starttls;
}
