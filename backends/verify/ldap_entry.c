#include "ldap_entry.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "ascii.h"
#include "mailbox.h"

enum { ROUTE_MAX = 255 };

/* What an account borrows. */
struct ldap_account {
    char name[USERNAME_MAX + 1];
    struct list *networks;
    char *route;
    char **addresses;
    size_t address_count;
};

/* One attribute may serve twice. */
static int
want(struct ldap_wanted *wanted, const char *attribute)
{
    if (attribute == NULL)
        return -1;
    for (size_t i = 0; i < wanted->count; i++)
        if (strcasecmp(wanted->attributes[i], attribute) == 0)
            return (int)i;
    wanted->attributes[wanted->count] = attribute;
    return (int)wanted->count++;
}

static void
want_addresses(struct ldap_wanted *wanted, const struct ldap_settings *settings)
{
    const char *names[LDAP_MAIL_ATTRIBUTES_MAX];
    size_t count = ldap_settings_mail_attributes(settings, names);
    for (size_t i = 0; i < count; i++)
        wanted->mail[i] = want(wanted, names[i]);
}

static void
want_marks(struct ldap_wanted *wanted, const struct ldap_settings *settings)
{
    const struct ldap_directory *directory = ldap_directory((enum ldap_make)settings->directory);
    for (size_t i = 0; i < LDAP_MARKS_MAX; i++)
        wanted->marks[i] = want(wanted, directory->marks[i].attribute);
}

void
ldap_wanted_init(struct ldap_wanted *wanted, const struct ldap_settings *settings, unsigned wants)
{
    bool groups = (wants & LDAP_WANT_LIMITS) != 0 && settings->require_group.count > 0;
    memset(wanted, -1, sizeof *wanted); /* every place: not wanted */
    wanted->count = 0;
    if ((wants & LDAP_WANT_NAME) != 0)
        wanted->name = want(wanted, settings->username_attribute);
    if ((wants & LDAP_WANT_LIMITS) != 0) {
        wanted->networks = want(wanted, settings->allowed_networks_attribute);
        wanted->route = want(wanted, settings->route_attribute);
    }
    if (groups) {
        wanted->member_of = want(wanted, "memberOf");
        wanted->uid = want(wanted, "uid");
    }
    if ((wants & LDAP_WANT_PASSWORD) != 0)
        wanted->password = want(wanted, ldap_settings_password_attribute(settings));
    if ((wants & LDAP_WANT_ADDRESSES) != 0)
        want_addresses(wanted, settings);
    if ((wants & LDAP_WANT_MARKS) != 0)
        want_marks(wanted, settings);
}

const struct ldap_values *
ldap_entry_values(const struct ldap_found *found, int place)
{
    static const struct ldap_values none = {0};
    return place < 0 ? &none : &found->values[place];
}

int
ldap_entry_name(const struct ldap_settings *settings, const struct ldap_wanted *wanted,
                const struct ldap_found *found, const struct username *login,
                struct username *name_r, struct err *err)
{
    *name_r = *login;
    if (wanted->name < 0)
        return 0;
    const struct ldap_values *values = ldap_entry_values(found, wanted->name);
    if (values->count == 0) {
        err_set(err, "it has no %s (username_attribute)", settings->username_attribute);
        return -1;
    }
    if (username_parse(values->items[0].bytes, values->items[0].length, USERNAME_XTEXT, NULL,
                       name_r, err) == 0)
        return 0;
    err_wrap(err, "its %s (username_attribute) cannot be a login name",
             settings->username_attribute);
    return -1;
}

static void
free_account(void *thing)
{
    struct ldap_account *account = thing;
    list_free(account->networks);
    free(account->route);
    for (size_t i = 0; i < account->address_count; i++)
        free(account->addresses[i]);
    free(account->addresses);
    free(account);
}

/* Adds the networks of one value: none of them may be wrong, for what is left would be another
 * limit than the one that was meant. */
static int
add_networks(struct list *networks, const struct ldap_value *value, struct origin origin,
             struct err *err)
{
    static const char separators[] = " ,\t\r\n";
    if (strlen(value->bytes) != value->length) {
        err_set(err, "it has a NUL byte");
        return -1;
    }
    for (const char *at = value->bytes; *at != '\0';) {
        size_t length = strcspn(at, separators);
        char text[NETPREFIX_TEXT_MAX] = "?";
        if (length < sizeof text)
            memcpy(text, at, length);
        text[length < sizeof text ? length : 1] = '\0';
        struct netprefix prefix;
        if (length > 0 && (netprefix_parse(text, &prefix, err) != 0 ||
                           list_add(networks, text, origin, err) != 0))
            return -1;
        at += length;
        at += strspn(at, separators);
    }
    return 0;
}

/* Whether the entry may have what is missing after all: a server tells an attribute by the name
 * that its schema prefers, whichever other name or OID it was asked for by. */
static int
check_missing(const struct ldap_found *found, int place, struct err *err)
{
    if (place < 0 || found->values[place].count > 0 || found->other == NULL)
        return 0;
    err_set(err, "the server tells \"%s\" instead (if that is it, set it by that name)",
            found->other);
    return -1;
}

static int
set_networks(struct ldap_account *account, const struct ldap_values *values, struct origin origin,
             struct err *err)
{
    if (values->count == 0)
        return 0;
    account->networks = list_create(account->name, LIST_IP, origin);
    for (size_t i = 0; i < values->count; i++)
        if (add_networks(account->networks, &values->items[i], origin, err) != 0)
            return -1;
    if (list_size(account->networks) == 0) {
        err_set(err, "it names none");
        return -1;
    }
    list_freeze(account->networks);
    return 0;
}

static bool
is_host(const struct ldap_value *value)
{
    if (value->length == 0 || value->length > ROUTE_MAX)
        return false;
    for (size_t i = 0; i < value->length; i++)
        if (value->bytes[i] <= ' ' || value->bytes[i] >= 0x7f)
            return false;
    return true;
}

/* Values have no order, so of several none is the right one. */
static int
set_route(struct ldap_account *account, const struct ldap_values *values, struct err *err)
{
    if (values->count == 0)
        return 0;
    if (values->count > 1) {
        err_set(err, "it has %zu values", values->count);
        return -1;
    }
    if (!is_host(&values->items[0])) {
        err_set(err, "it is no server's name");
        return -1;
    }
    account->route = xstrdup(values->items[0].bytes);
    return 0;
}

/* Exchange writes "SMTP:main@example", "smtp:other@example" and addresses of other kinds. What is
 * no mail address is nothing that mail can be sent as. */
static void
add_address(struct ldap_account *account, const struct ldap_value *value)
{
    static const char prefix[] = "smtp:";
    size_t skip = ascii_has_prefix(value->bytes, value->length, prefix) ? sizeof prefix - 1 : 0;
    struct mailbox mailbox;
    if (mailbox_parse(value->bytes + skip, value->length - skip, &mailbox, NULL) != 0)
        return;
    char text[MAILBOX_TEXT_MAX];
    mailbox_format(&mailbox, text);
    account->addresses[account->address_count++] = xstrdup(text);
}

static void
set_addresses(struct ldap_account *account, const struct ldap_wanted *wanted,
              const struct ldap_found *found)
{
    size_t most = 0;
    for (size_t i = 0; i < LDAP_MAIL_ATTRIBUTES_MAX; i++)
        most += ldap_entry_values(found, wanted->mail[i])->count;
    account->addresses = xcalloc(most, sizeof account->addresses[0]);
    for (size_t i = 0; i < LDAP_MAIL_ATTRIBUTES_MAX; i++) {
        const struct ldap_values *values = ldap_entry_values(found, wanted->mail[i]);
        for (size_t j = 0; j < values->count; j++)
            add_address(account, &values->items[j]);
    }
}

int
ldap_entry_account(const struct ldap_settings *settings, const struct ldap_wanted *wanted,
                   const struct ldap_found *found, const struct username *login,
                   struct origin origin, struct verify_result *result, struct err *err)
{
    held_drop(result->held);
    result->held = NULL;
    result->account = (struct account){0};
    struct username name;
    if (ldap_entry_name(settings, wanted, found, login, &name, err) != 0)
        return -1;

    struct ldap_account *account = xcalloc(1, sizeof *account);
    result->held = held_create(account, free_account);
    memcpy(account->name, name.text, sizeof name.text);
    if (check_missing(found, wanted->networks, err) != 0 ||
        set_networks(account, ldap_entry_values(found, wanted->networks), origin, err) != 0) {
        err_wrap(err, "its %s (allowed_networks_attribute)", settings->allowed_networks_attribute);
        return -1;
    }
    if (check_missing(found, wanted->route, err) != 0 ||
        set_route(account, ldap_entry_values(found, wanted->route), err) != 0) {
        err_wrap(err, "its %s (route_attribute)", settings->route_attribute);
        return -1;
    }
    set_addresses(account, wanted, found);
    memcpy(result->account.name, name.text, sizeof name.text);
    result->account.origin = origin;
    result->account.networks = account->networks;
    result->account.route = account->route;
    result->account.addresses = (const char *const *)account->addresses;
    result->account.address_count = account->address_count;
    return 0;
}

enum verify_outcome
ldap_entry_marks(const struct ldap_settings *settings, const struct ldap_wanted *wanted,
                 const struct ldap_found *found, long long wall_s, struct err *err)
{
    const struct ldap_directory *directory = ldap_directory((enum ldap_make)settings->directory);
    for (size_t i = 0; i < LDAP_MARKS_MAX; i++) {
        const struct ldap_values *values = ldap_entry_values(found, wanted->marks[i]);
        for (size_t j = 0; j < values->count; j++) {
            enum verify_outcome outcome =
                ldap_mark_judge(&directory->marks[i], values->items[j].bytes, wall_s);
            if (outcome == VERIFY_UNAVAILABLE)
                err_set(err, "its %s makes no sense", directory->marks[i].attribute);
            if (outcome != VERIFY_OK)
                return outcome;
        }
    }
    return VERIFY_OK;
}
