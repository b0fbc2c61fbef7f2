/* What is checked about an ldap source beyond the rows. */
#include <string.h>

#include "ascii.h"
#include "ldap_door.h"
#include "ldap_settings.h"
#include "ldap_template.h"
#include "verify.h"

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
    if (!ldap_settings_use_tls(settings) && settings->cert_file != NULL)
        WARNING(check, "cert_file", "it has no effect without TLS");
    if (settings->key_file != NULL && settings->cert_file == NULL)
        ERROR(check, "key_file", "it is the key of no certificate (set cert_file)");
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
               enum ldap_syntax syntax, const char *what)
{
    static const struct username name = {.text = "o(b,r\\n*@example.com", .local_length = 8};
    const struct ldap_subject sample = ldap_subject_of(&name);
    struct err err;
    char expanded[LDAP_TEXT_MAX];
    int result = ldap_template_check(text, syntax, what, &err);
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
check_attribute(const struct check *check, const char *setting, const char *attribute)
{
    if (attribute != NULL && !is_attribute(attribute))
        ERROR(check, setting, "\"%s\" is not an attribute's name", attribute);
}

/* How a password is checked. */
static void
check_password(const struct check *check)
{
    const struct ldap_settings *settings = check->settings;
    const struct ldap_directory *directory = ldap_directory((enum ldap_make)settings->directory);
    check_attribute(check, "password_attribute", settings->password_attribute);
    switch ((enum ldap_password)settings->password) {
    case LDAP_PASSWORD_BIND:
        if (settings->password_attribute != NULL)
            WARNING(check, "password_attribute", "it has no effect with password = \"bind\"");
        break;
    case LDAP_PASSWORD_COMPARE:
        if (directory->no_compare != NULL)
            ERROR(check, "password", "%s (use bind)", directory->no_compare);
        break;
    case LDAP_PASSWORD_FETCH:
        if (directory->no_fetch != NULL)
            ERROR(check, "password", "%s (use bind)", directory->no_fetch);
        else if (settings->bind_dn == NULL)
            ERROR(check, "password",
                  "no directory shows passwords to everybody (set bind_dn, or use bind)");
        break;
    }
}

/* What else is asked about an account. */
static void
check_account(const struct check *check)
{
    const struct ldap_settings *settings = check->settings;
    const struct strings *mails = &settings->mail_attribute, *groups = &settings->require_group;
    check_attribute(check, "username_attribute", settings->username_attribute);
    check_attribute(check, "route_attribute", settings->route_attribute);
    check_attribute(check, "allowed_networks_attribute", settings->allowed_networks_attribute);
    for (size_t i = 0; i < mails->count; i++)
        check_attribute(check, "mail_attribute", mails->items[i]);
    if (mails->count > LDAP_MAIL_ATTRIBUTES_MAX)
        ERROR(check, "mail_attribute", "more than %d attributes", LDAP_MAIL_ATTRIBUTES_MAX);
    for (size_t i = 0; i < groups->count; i++)
        check_dn(check, "require_group", groups->items[i]);
    if (groups->count > LDAP_GROUPS_MAX)
        ERROR(check, "require_group",
              "more than %d groups, each of which may cost a question (make them members of one)",
              LDAP_GROUPS_MAX);
    if (settings->cache_when_down && settings->cache == 0)
        WARNING(check, "cache_when_down",
                "right passwords are remembered for a day all the same, for outages (cache = 0)");
    if (settings->app_passwords != APP_PASSWORDS_NO && !ldap_settings_can_lookup(settings))
        ERROR(check, "app_passwords",
              "with user_dn alone nobody's entry is read without his password (set bind_dn, or "
              "leave out user_dn)");
}

/* What searches for recipients need. */
static void
check_recipients(const struct check *check)
{
    const struct ldap_settings *settings = check->settings;
    if (!ldap_settings_find_recipients(settings))
        return;
    check_template(check, "recipient_filter", ldap_settings_recipient_filter(settings),
                   LDAP_SYNTAX_FILTER, "address");
    if (settings->user_dn != NULL && ldap_settings_base(settings) == NULL)
        ERROR(check, "base", "it is missing (the entry below which to search for recipients)");
}

static void
check_login_by_search(const struct check *check)
{
    const struct ldap_settings *settings = check->settings;
    check_template(check, "filter", ldap_settings_filter(settings), LDAP_SYNTAX_FILTER,
                   "login name");
    if (ldap_settings_base(settings) == NULL)
        ERROR(check, "base", "it is missing (the entry below which to search, or user_dn)");
}

static void
check_login_by_user_dn(const struct check *check)
{
    const struct ldap_settings *settings = check->settings;
    check_template(check, "user_dn", settings->user_dn, LDAP_SYNTAX_DN, "login name");
    if (settings->filter != NULL)
        ERROR(check, "filter",
              "user_dn is set too: no login is searched for (leave one of them out)");
    if (settings->base != NULL && !ldap_settings_find_recipients(settings))
        WARNING(check, "base", "it has no effect with user_dn: nothing is searched");
    if (settings->scope != LDAP_SEARCH_SUB && !ldap_settings_find_recipients(settings))
        WARNING(check, "scope", "it has no effect with user_dn: nothing is searched");
}

int
ldap_settings_check(const struct section *section, struct problems *problems)
{
    size_t errors = problems->errors;
    const struct check check = {section, section->values, problems};
    check_servers(&check);
    check_service(&check);
    check_dn(&check, "base", check.settings->base);
    check_recipients(&check);
    if (check.settings->user_dn != NULL)
        check_login_by_user_dn(&check);
    else
        check_login_by_search(&check);
    check_password(&check);
    check_account(&check);
    return problems->errors == errors ? 0 : -1;
}
