/* What alarms are raised about attempts, and with which fields. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aftermath.h"
#include "alarm.h"

enum { HEARD_MAX = 1024 };

/* Writes what is heard as "kind subject key=value ...;". */
static void
hear(void *context, enum alarm_kind kind, const char *subject, const struct log_field *fields,
     size_t count)
{
    char *heard = context;
    size_t length = strlen(heard);
    length += (size_t)snprintf(heard + length, HEARD_MAX - length, "%s %s", alarm_kind_name(kind),
                               subject);
    for (size_t i = 0; i < count; i++)
        if (fields[i].type == LOG_FIELD_INT)
            length += (size_t)snprintf(heard + length, HEARD_MAX - length, " %s=%" PRId64,
                                       fields[i].key, fields[i].number);
        else
            length += (size_t)snprintf(heard + length, HEARD_MAX - length, " %s=%s", fields[i].key,
                                       fields[i].string);
    snprintf(heard + length, HEARD_MAX - length, ";");
}

#define BAN(network_, family_)                                                                 \
    {                                                                                          \
        .network = {.addr = {.family = (family_), .bytes = network_}, .length = 32},           \
        .since_ms = INT64_C(1795345200000), .until_ms = INT64_C(1795348800000), .offences = 2, \
        .reason = "auth.bad-credentials"                                                       \
    }

static const struct {
    const char *name, *account;
    bool is_invented; /* no source knows it */
    struct attempt_end end;
    const char *want;
} cases[] = {
    {.name = "nothing came of it", .account = "anna@acme.example", .want = ""},
    {.name = "a new ban",
     .account = "anna@acme.example",
     .end = {.is_new_ban = true, .ban = BAN("\xc0\x00\x02\x01", NETADDR_IPV4)},
     .want = "ban 192.0.2.1/32 network=192.0.2.1/32 family=ipv4 seconds=3600 "
             "until=2026-11-22T12:00:00Z reason=auth.bad-credentials maker=count offence=2;"},
    {.name = "one of an IPv6 network",
     .end = {.is_new_ban = true, .ban = BAN("\x20\x01\x0d\xb8", NETADDR_IPV6)},
     .want = "ban 2001:db8::/32 network=2001:db8::/32 family=ipv6 seconds=3600 "
             "until=2026-11-22T12:00:00Z reason=auth.bad-credentials maker=count offence=2;"},
    {.name = "in monitor mode nobody is alarmed",
     .end = {.would_ban = true, .ban = BAN("\xc0\x00\x02\x01", NETADDR_IPV4)},
     .want = ""},
    {.name = "a failure that counts",
     .account = "anna@acme.example",
     .end = {.account_failures = 7},
     .want = "account-failures anna@acme.example client=192.0.2.1 failures=7;"},
    {.name = "one of a name that no source knows",
     .account = "invented@acme.example",
     .is_invented = true,
     .end = {.account_failures = 7},
     .want = ""},
    {.name = "one of nobody", .account = "", .end = {.account_failures = 7}, .want = ""},
    {.name = "too many addresses",
     .account = "anna@acme.example",
     .end = {.is_throttled = true, .addresses = 5},
     .want = "hijack anna@acme.example client=192.0.2.1 addresses=5 limit=4;"},
    {.name = "an account that is closed is no hijack",
     .account = "anna@acme.example",
     .end = {.is_throttled = true},
     .want = ""},
};

static void
test_alarms(void **state)
{
    (void)state;
    char heard[HEARD_MAX];
    const struct limits limits = {.addresses_per_user.most = 4};
    struct netaddr client;
    assert_int_equal(netaddr_parse("192.0.2.1", &client, NULL), 0);
    log_configure(LOG_LOGFMT, LOG_ERROR);
    alarm_listen(hear, heard);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        heard[0] = '\0';
        aftermath_tell(&(struct aftermath){.session = "1.1",
                                           .client = &client,
                                           .account = cases[i].account,
                                           .has_account = !cases[i].is_invented,
                                           .limits = &limits},
                       &cases[i].end);
        if (strcmp(heard, cases[i].want) != 0)
            fail_msg("%s: \"%s\", wanted \"%s\"", cases[i].name, heard, cases[i].want);
    }
    alarm_listen(NULL, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_alarms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
