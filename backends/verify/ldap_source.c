#include "ldap_source.h"

#include <stdlib.h>

#include "alloc.h"
#include "ldap_login.h"
#include "ldap_pretend.h"
#include "ldap_recipient.h"
#include "ldap_shared.h"

static const struct ldap_settings *
settings_of(const void *self)
{
    const struct ldap_parts *parts = self;
    return ldap_servers_settings(parts->servers);
}

static void *
open_ldap(const struct section *section, struct problems *problems)
{
    struct ldap_servers *servers = ldap_servers_open(section, problems);
    if (servers == NULL)
        return NULL;
    struct ldap_parts *parts = xcalloc(1, sizeof *parts);
    parts->servers = servers;
    parts->fetch = ldap_fetch_create();
    parts->pace = ldap_pace_create();
    return parts;
}

static void
close_ldap(void *self)
{
    struct ldap_parts *parts = self;
    ldap_servers_close(parts->servers);
    ldap_fetch_free(parts->fetch);
    ldap_pace_free(parts->pace);
    free(parts);
}

static void
verify(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    ldap_login_verify(self, request, result_r);
}

static void
lookup(void *self, const struct verify_request *request, struct verify_result *result_r)
{
    ldap_login_lookup(self, request, result_r);
}

static bool
can_lookup(const void *self)
{
    return ldap_settings_can_lookup(settings_of(self));
}

static enum knowledge
knows(void *self, const struct username *user, struct deadline deadline)
{
    return ldap_login_knows(self, user, deadline);
}

static bool
knows_clear(const void *self)
{
    return settings_of(self)->password == LDAP_PASSWORD_FETCH;
}

static struct login_lifetimes
login_lifetimes(const void *self)
{
    const struct ldap_settings *settings = settings_of(self);
    return (struct login_lifetimes){
        .right_ms = settings->cache,
        .wrong_ms = settings->negative_cache,
        .when_down = settings->cache_when_down,
    };
}

static enum app_passwords
app_passwords(const void *self)
{
    return (enum app_passwords)settings_of(self)->app_passwords;
}

static void
load(void *self, struct source_load *load_r)
{
    const struct ldap_parts *parts = self;
    ldap_servers_load(parts->servers, load_r);
}

static void
recipient(void *self, const struct mailbox *mailbox, const char *address, struct deadline deadline,
          struct recipient_result *result_r)
{
    const struct ldap_parts *parts = self;
    ldap_recipient(parts->servers, mailbox, address, deadline, result_r);
}

static int
check_recipients(const void *self, struct err *err)
{
    const struct ldap_parts *parts = self;
    return ldap_check_recipients(parts->servers, err);
}

static const char *
warns_shared(const void *self)
{
    return ldap_warns_shared(settings_of(self));
}

static enum account_names
account_names(const void *self)
{
    return ldap_account_names(settings_of(self));
}

static struct recipient_lifetimes
recipient_lifetimes(const void *self)
{
    const struct ldap_parts *parts = self;
    return ldap_recipient_lifetimes(parts->servers);
}

static void
pretend(void *self, const struct verify_request *request)
{
    ldap_pretend(self, request);
}

const struct source_kind source_kind_ldap = {
    .section = &ldap_source_section,
    .open = open_ldap,
    .verify = verify,
    .lookup = lookup,
    .can_lookup = can_lookup,
    .knows = knows,
    .knows_clear = knows_clear,
    .login_lifetimes = login_lifetimes,
    .app_passwords = app_passwords,
    .load = load,
    .recipient = recipient,
    .check_recipients = check_recipients,
    .warns_shared = warns_shared,
    .account_names = account_names,
    .recipient_lifetimes = recipient_lifetimes,
    .pretend = pretend,
    .close = close_ldap,
};
