/* DNS is the test's own: these dns_find_* take the place of the real ones in the program, are told
 * what to answer, and can be made to hang as a dead DNS server makes the real ones. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"
#include "condition.h"
#include "dns_find.h"
#include "names.h"

enum { TTL_MS = 60000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
/* under lock */
static bool is_hanging; /* names that begin with "slow" */
static int asked;       /* calls that were begun */
static bool is_failing; /* DNS has an outage */
static bool is_unsure;  /* nobody can tell whether both.test has an IPv6 address */
static int mail_asked;  /* calls for mail.test */
static int64_t mail_ttl_ms = TTL_MS;
static struct dns_servers servers_asked; /* the last time */

static _Atomic int64_t clock_offset_ms;

/* The clock is the test's own too: it can be put forward. */
static int64_t
read_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_now_ms(void)
{
    return read_ms(CLOCK_MONOTONIC) + clock_offset_ms;
}

int64_t
clock_now_us(void)
{
    return clock_now_ms() * 1000;
}

int64_t
clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

static struct endpoint
make_address(const char *text)
{
    struct endpoint_text parsed;
    assert_int_equal(endpoint_parse(text, 0, &parsed, NULL), 0);
    return parsed.endpoint;
}

/* Counts the question, and waits as long as it hangs. Returns whether it fails. */
static bool
begin_question(const char *name, const struct dns_servers *servers)
{
    pthread_mutex_lock(&lock);
    asked++;
    mail_asked += strcmp(name, "mail.test") == 0;
    servers_asked = *servers;
    pthread_cond_broadcast(&changed);
    while (is_hanging && strncmp(name, "slow", 4) == 0)
        pthread_cond_wait(&changed, &lock);
    bool fails = is_failing;
    pthread_mutex_unlock(&lock);
    return fails;
}

enum dns_outcome
dns_find_addresses(const struct dns_servers *servers, const char *host, unsigned port,
                   struct deadline deadline, struct dns_addresses *found_r, struct err *err)
{
    (void)deadline;
    *found_r = (struct dns_addresses){.count = 1, .ttl_ms = TTL_MS};
    if (begin_question(host, servers)) {
        err_set(err, "cannot resolve %s: no DNS server answered", host);
        return DNS_UNKNOWN;
    }
    assert_true(port < 100);
    char text[64];
    snprintf(text, sizeof text, "192.0.2.1:%u", port);
    found_r->endpoints[0] = make_address(text);
    pthread_mutex_lock(&lock);
    if (strcmp(host, "both.test") == 0 && is_unsure) {
        found_r->is_unsure[1] = true;
    } else if (strcmp(host, "both.test") == 0) {
        found_r->endpoints[1] = make_address("[2001:db8::1]:25");
        found_r->count = 2;
    }
    found_r->ttl_ms = strcmp(host, "mail.test") == 0 ? mail_ttl_ms : TTL_MS;
    if (found_r->is_unsure[1])
        found_r->ttl_ms = NAMES_MOST_MS;
    pthread_mutex_unlock(&lock);
    return DNS_FOUND;
}

enum dns_outcome
dns_find_targets(const struct dns_servers *servers, const char *service, struct deadline deadline,
                 struct dns_targets *found_r, struct err *err)
{
    (void)deadline;
    *found_r = (struct dns_targets){.ttl_ms = TTL_MS};
    if (begin_question(service, servers)) {
        err_set(err, "cannot find the servers of %s: no DNS server answered", service);
        return DNS_UNKNOWN;
    }
    if (strncmp(service, "_none", 5) == 0)
        return DNS_FOUND;
    found_r->count = 2;
    found_r->targets[0] = (struct srv_target){"one.test", 25, 10, 1};
    found_r->targets[1] = (struct srv_target){"two.test", 26, 20, 0};
    return DNS_FOUND;
}

static void
set_hanging(bool value)
{
    pthread_mutex_lock(&lock);
    is_hanging = value;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void
wait_until_asked(int times)
{
    struct deadline deadline = deadline_after(20000);
    pthread_mutex_lock(&lock);
    while (asked < times && !deadline_is_over(deadline))
        condition_wait(&changed, &lock, deadline);
    assert_true(asked >= times);
    pthread_mutex_unlock(&lock);
}

static int
asked_so_far(void)
{
    pthread_mutex_lock(&lock);
    int count = asked;
    pthread_mutex_unlock(&lock);
    return count;
}

static struct name *
open_name(const char *text)
{
    struct err err = {0};
    struct name *name = name_open(text, 0, &err);
    assert_string_equal(err.text, "");
    assert_non_null(name);
    return name;
}

static void
test_literals_need_no_resolver(void **state)
{
    static const char *const texts[] = {"192.0.2.7:25", "[2001:db8::7]:25", "unix:/run/x"};
    (void)state;
    int before = asked_so_far();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct name *name = open_name(texts[i]);
        name_start(name);
        assert_false(name_is_pending(name));
        struct endpoint endpoints[NAMES_ADDRESSES_MAX];
        assert_int_equal(name_endpoints(name, 0, endpoints, NULL), 1);
        char text[128];
        endpoint_format(&endpoints[0], text, sizeof text);
        assert_string_equal(text, texts[i]);
        name_close(name);
    }
    assert_int_equal(asked_so_far(), before);
}

static void
test_open_asks_nobody(void **state)
{
    (void)state;
    int before = asked_so_far();
    struct name *name = open_name("quiet.test:25");
    assert_string_equal(name_host(name), "quiet.test");
    assert_int_equal(name_port(name), 25);
    assert_true(name_is_pending(name));
    name_close(name);
    assert_int_equal(asked_so_far(), before);
}

static void
test_malformed(void **state)
{
    (void)state;
    struct err err = {0};
    assert_null(name_open("no port", 0, &err));
    assert_true(err.text[0] != '\0');
    name_close(NULL);
}

static void
test_resolves(void **state)
{
    (void)state;
    struct name *name = open_name("mail.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    struct err err = {0};
    assert_int_equal(name_endpoints(name, 20000, endpoints, &err), 1);
    char text[128];
    endpoint_format(&endpoints[0], text, sizeof text);
    assert_string_equal(text, "192.0.2.1:25");
    assert_false(name_is_pending(name));
    name_close(name);
}

static void
test_the_same_text_is_the_same_name(void **state)
{
    (void)state;
    struct name *first = open_name("mail.test:25"), *second = open_name("MAIL.test:25");
    struct name *other = open_name("mail.test:26");
    assert_ptr_equal(first, second);
    assert_ptr_not_equal(first, other);
    name_close(first);
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    assert_int_equal(name_endpoints(second, 20000, endpoints, NULL), 1);
    name_close(second);
    name_close(other);
}

static void
set_failing(bool value)
{
    pthread_mutex_lock(&lock);
    is_failing = value;
    pthread_mutex_unlock(&lock);
}

static void
test_a_name_that_fails(void **state)
{
    (void)state;
    set_failing(true);
    struct name *name = open_name("unknown.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    struct err err = {0};
    assert_int_equal(name_endpoints(name, 20000, endpoints, &err), 0);
    assert_string_equal(err.text, "cannot resolve unknown.test: no DNS server answered");
    assert_false(name_is_pending(name));
    name_close(name);
    set_failing(false);
}

static void
test_a_dead_resolver_holds_up_nobody(void **state)
{
    (void)state;
    set_hanging(true);
    int before = asked_so_far();
    struct name *slow = open_name("slow.test:25"), *fast = open_name("fast.test:25");
    name_start(slow);
    wait_until_asked(before + 1);

    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    struct err err = {0};
    int64_t started_ms = clock_now_ms();
    assert_int_equal(name_endpoints(slow, 0, endpoints, &err), 0);
    assert_string_equal(err.text, "cannot resolve slow.test: no answer yet");
    assert_int_equal(name_endpoints(slow, 50, endpoints, &err), 0);
    assert_true(clock_now_ms() - started_ms < 10000);
    assert_true(name_is_pending(slow));

    assert_int_equal(name_endpoints(fast, 20000, endpoints, &err), 1);

    name_close(slow); /* while it is being asked for */
    struct name *again = open_name("slow.test:25");
    set_hanging(false);
    assert_int_equal(name_endpoints(again, 20000, endpoints, &err), 1);
    name_close(again);
    name_close(fast);
}

static void
test_many_dead_names_hold_up_nobody(void **state)
{
    (void)state;
    enum { DEAD = 20 };
    struct name *dead[DEAD];
    set_hanging(true);
    int before = asked_so_far();
    for (int i = 0; i < DEAD; i++) {
        char text[32];
        snprintf(text, sizeof text, "slow%d.test:25", i);
        dead[i] = open_name(text);
        name_start(dead[i]);
    }
    wait_until_asked(before + DEAD);

    struct name *fast = open_name("quick.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    assert_int_equal(name_endpoints(fast, 20000, endpoints, NULL), 1);
    set_hanging(false);
    for (int i = 0; i < DEAD; i++) {
        assert_int_equal(name_endpoints(dead[i], 20000, endpoints, NULL), 1);
        name_close(dead[i]);
    }
    name_close(fast);
}

/* Puts the clock forward and makes the threads look at it: until another name is answered. */
static void
let_pass(int64_t ms)
{
    clock_offset_ms += ms;
    static int count;
    char text[32];
    snprintf(text, sizeof text, "other%d.test:25", count++);
    struct name *other = open_name(text);
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    name_endpoints(other, 20000, endpoints, NULL);
    name_close(other);
}

static int
mail_asked_so_far(void)
{
    pthread_mutex_lock(&lock);
    int count = mail_asked;
    pthread_mutex_unlock(&lock);
    return count;
}

static void
set_mail_ttl(int64_t ttl_ms)
{
    pthread_mutex_lock(&lock);
    mail_ttl_ms = ttl_ms;
    pthread_mutex_unlock(&lock);
}

static void
wait_until_mail_was_asked(int times)
{
    for (int i = 0; i < 2000 && mail_asked_so_far() < times; i++)
        poll(NULL, 0, 10);
    assert_int_equal(mail_asked_so_far(), times);
}

static void
test_asks_again_when_the_ttl_is_over(void **state)
{
    static const struct {
        const char *sentence;
        int64_t ttl_ms;
        bool fails;
        int64_t early_ms, late_ms; /* not yet, and then */
    } cases[] = {
        {"an answer holds as long as it says", 30000, false, 20000, 10001},
        {"one that is not to be kept holds for a second", 0, false, 300, 701},
        {"none holds for ever", INT64_C(86400000), false, NAMES_MOST_MS - 10000, 10001},
        {"what failed is asked for again soon", 30000, true, NAMES_RETRY_MS - 2000, 2001},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_mail_ttl(cases[i].ttl_ms);
        set_failing(cases[i].fails);
        int before = mail_asked_so_far();
        char text[32]; /* the one before may still be asked for */
        snprintf(text, sizeof text, "mail.test:%zu", 30 + i);
        struct name *name = open_name(text);
        struct endpoint endpoints[NAMES_ADDRESSES_MAX];
        size_t count = name_endpoints(name, 20000, endpoints, NULL);
        let_pass(cases[i].early_ms);
        if (count != !cases[i].fails || mail_asked_so_far() != before + 1)
            fail_msg("%s: %zu addresses, asked %d times", cases[i].sentence, count,
                     mail_asked_so_far() - before);
        set_mail_ttl(TTL_MS);
        let_pass(cases[i].late_ms);
        wait_until_mail_was_asked(before + 2);
        name_close(name);
        set_failing(false);
    }
}

/* The second time begins behind the first one's answer. */
static void
let_pass_until_mail_was_asked_twice(void)
{
    const int want = mail_asked_so_far() + 2;
    for (int i = 0; i < 2000 && mail_asked_so_far() < want; i++) {
        let_pass(TTL_MS + 1);
        poll(NULL, 0, 10);
    }
    assert_true(mail_asked_so_far() >= want);
}

static void
test_a_failed_question_keeps_the_old_answer(void **state)
{
    (void)state;
    struct name *name = open_name("mail.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    assert_int_equal(name_endpoints(name, 20000, endpoints, NULL), 1);
    set_failing(true);
    let_pass_until_mail_was_asked_twice();
    assert_int_equal(name_endpoints(name, 0, endpoints, NULL), 1);
    set_failing(false);
    name_close(name);
}

/* Looks until a name has so many addresses; lets no time pass. */
static void
wait_for_addresses(struct name *name, size_t count,
                   struct endpoint endpoints_r[NAMES_ADDRESSES_MAX])
{
    for (int i = 0; i < 2000 && name_endpoints(name, 0, endpoints_r, NULL) != count; i++)
        poll(NULL, 0, 10);
    assert_int_equal(name_endpoints(name, 0, endpoints_r, NULL), count);
}

static void
set_unsure(bool value)
{
    pthread_mutex_lock(&lock);
    is_unsure = value;
    pthread_mutex_unlock(&lock);
}

static void
test_a_family_that_nobody_can_tell_about_stays(void **state)
{
    (void)state;
    set_unsure(true);
    struct name *name = open_name("both.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    assert_int_equal(name_endpoints(name, 20000, endpoints, NULL), 1); /* not known from before */
    set_unsure(false);
    let_pass(NAMES_INTERVAL_MS + 1); /* although the answer would hold for an hour */
    wait_for_addresses(name, 2, endpoints);
    set_unsure(true);
    int before = asked_so_far();
    let_pass(TTL_MS + 1);
    wait_until_asked(before + 2); /* the other name, too */
    let_pass(TTL_MS + 1);
    assert_int_equal(name_endpoints(name, 0, endpoints, NULL), 2);
    char text[64];
    endpoint_format(&endpoints[1], text, sizeof text);
    assert_string_equal(text, "[2001:db8::1]:25");
    name_close(name);
    set_unsure(false);
}

static struct srv *
open_service(const char *text)
{
    struct err err = {0};
    struct srv *srv = srv_open(text, &err);
    assert_string_equal(err.text, "");
    assert_non_null(srv);
    return srv;
}

static void
wait_for_answer(struct srv *srv)
{
    for (int i = 0; i < 2000 && srv_is_pending(srv); i++)
        poll(NULL, 0, 10);
    assert_false(srv_is_pending(srv));
}

static void
test_services(void **state)
{
    (void)state;
    int before = asked_so_far();
    struct srv *srv = open_service("_submission._tcp.acme.test");
    struct srv_target targets[NAMES_TARGETS_MAX];
    struct err err = {0};
    assert_int_equal(srv_targets(srv, targets, &err), 0);
    assert_string_equal(err.text,
                        "cannot find the servers of _submission._tcp.acme.test: no answer yet");
    assert_int_equal(asked_so_far(), before);
    assert_ptr_equal(open_service("_Submission._TCP.acme.test"), srv);
    srv_close(srv);

    srv_start(srv);
    wait_for_answer(srv);
    assert_int_equal(srv_targets(srv, targets, NULL), 2);
    assert_string_equal(targets[1].host, "two.test");
    assert_int_equal(targets[1].port, 26);
    srv_close(srv);
    srv_close(NULL);
}

static void
test_a_service_that_there_is_not(void **state)
{
    (void)state;
    struct srv *srv = open_service("_none._tcp.acme.test");
    srv_start(srv);
    wait_for_answer(srv);
    struct srv_target targets[NAMES_TARGETS_MAX];
    struct err err = {0};
    assert_int_equal(srv_targets(srv, targets, &err), 0);
    assert_string_equal(err.text, "_none._tcp.acme.test names no server");
    srv_close(srv);

    set_failing(true);
    srv = open_service("_imap._tcp.acme.test");
    srv_start(srv);
    wait_for_answer(srv);
    assert_int_equal(srv_targets(srv, targets, &err), 0);
    assert_string_equal(err.text,
                        "cannot find the servers of _imap._tcp.acme.test: no DNS server answered");
    srv_close(srv);
    set_failing(false);
}

static void
test_malformed_services(void **state)
{
    static const char *const texts[] = {"",
                                        "mail.acme.test",
                                        "_submission",
                                        "_submission._tcp",
                                        "_submission._tcp.",
                                        "_submission.tcp.acme.test",
                                        "_._tcp.acme.test",
                                        "_submission._.acme.test",
                                        "_submission._tcp.acme.test:25",
                                        "_a._tcp.a b",
                                        "_submission._tcp..test",
                                        "unix:/_a._tcp.x"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err err = {0};
        char want[128];
        snprintf(want, sizeof want, "\"%s\" is no name of a service (write _SERVICE._tcp.DOMAIN)",
                 texts[i]);
        assert_null(srv_open(texts[i], &err));
        assert_string_equal(err.text, want);
    }
}

static void
test_malformed_servers(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"dns.test", "\"dns.test\" is no address (write ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT)"},
        {"192.0.2.53,unix:/x",
         "\"unix:/x\" is no address (write ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT)"},
        {"192.0.2.53:0", "malformed port in \"192.0.2.53:0\" (write HOST:PORT, 1 to 65535)"},
        {"192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4,192.0.2.5,192.0.2.6,192.0.2.7,192.0.2.8,192.0.2."
         "9",
         "there are more than 8 DNS servers"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        assert_int_equal(names_use_servers(cases[i].text, &err), -1);
        assert_string_equal(err.text, cases[i].want);
    }
}

static struct dns_servers
servers_asked_last(void)
{
    pthread_mutex_lock(&lock);
    struct dns_servers last = servers_asked;
    pthread_mutex_unlock(&lock);
    return last;
}

static void
test_other_servers_are_asked_at_once(void **state)
{
    (void)state;
    struct name *name = open_name("mail.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    assert_int_equal(name_endpoints(name, 20000, endpoints, NULL), 1);
    assert_int_equal(servers_asked_last().count, 0);
    int before = mail_asked_so_far();
    assert_int_equal(names_use_servers("192.0.2.53,[2001:db8::53]:5353", NULL), 0);
    wait_until_mail_was_asked(before + 1);
    assert_int_equal(names_use_servers("192.0.2.53:53,[2001:db8::53]:5353", NULL),
                     0); /* the same */
    let_pass(0);
    assert_int_equal(mail_asked_so_far(), before + 1);
    struct dns_servers last = servers_asked_last();
    char text[64];
    assert_int_equal(last.count, 2);
    endpoint_format(&last.endpoints[0], text, sizeof text);
    assert_string_equal(text, "192.0.2.53:53");
    endpoint_format(&last.endpoints[1], text, sizeof text);
    assert_string_equal(text, "[2001:db8::53]:5353");

    assert_int_equal(names_use_servers(NULL, NULL), 0);
    wait_until_mail_was_asked(before + 2);
    assert_int_equal(servers_asked_last().count, 0);
    name_close(name);
}

static void
test_an_answer_of_the_servers_before_does_not_last(void **state)
{
    (void)state;
    set_hanging(true);
    int before = asked_so_far();
    struct name *name = open_name("slowly.test:25");
    name_start(name);
    wait_until_asked(before + 1);
    assert_int_equal(names_use_servers("192.0.2.54", NULL), 0);
    before = asked_so_far();
    set_hanging(false);
    wait_until_asked(before + 1);
    assert_int_equal(servers_asked_last().count, 1);
    assert_int_equal(names_use_servers(NULL, NULL), 0);
    name_close(name);
}

static void *
use_names(void *argument)
{
    static const char *const texts[] = {"a.test:1", "b.test:2", "c.test:3", "192.0.2.1:4"};
    unsigned seed = *(unsigned *)argument;
    for (int i = 0; i < 300; i++) {
        const char *text = texts[(seed + (unsigned)i) % 4];
        struct name *name = name_open(text, 0, NULL);
        struct endpoint endpoints[NAMES_ADDRESSES_MAX];
        if (name_endpoints(name, i % 3, endpoints, NULL) == 0)
            name_is_pending(name);
        name_close(name);
    }
    return NULL;
}

static void
test_threads(void **state)
{
    (void)state;
    pthread_t threads[8];
    unsigned seeds[8];
    for (unsigned i = 0; i < 8; i++) {
        seeds[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, use_names, &seeds[i]), 0);
    }
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
}

static int
set_up(void **state)
{
    (void)state;
    condition_init(&changed);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals_need_no_resolver),
        cmocka_unit_test(test_open_asks_nobody),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_resolves),
        cmocka_unit_test(test_the_same_text_is_the_same_name),
        cmocka_unit_test(test_a_name_that_fails),
        cmocka_unit_test(test_a_dead_resolver_holds_up_nobody),
        cmocka_unit_test(test_many_dead_names_hold_up_nobody),
        cmocka_unit_test(test_asks_again_when_the_ttl_is_over),
        cmocka_unit_test(test_a_failed_question_keeps_the_old_answer),
        cmocka_unit_test(test_a_family_that_nobody_can_tell_about_stays),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_a_service_that_there_is_not),
        cmocka_unit_test(test_malformed_services),
        cmocka_unit_test(test_malformed_servers),
        cmocka_unit_test(test_other_servers_are_asked_at_once),
        cmocka_unit_test(test_an_answer_of_the_servers_before_does_not_last),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
