/* The resolver is the test's own: this getaddrinfo takes the C library's place in the program, is
 * told what to answer, and can be made to hang as a dead DNS server makes the real one. */
#include <netdb.h>
#include <netinet/in.h>
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
#include "names.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
/* under lock */
static bool is_hanging; /* names that begin with "slow" */
static int asked;       /* calls that were begun */
static bool is_failing; /* the resolver has an outage */
static int mail_asked;  /* calls for mail.test */

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

static struct addrinfo *
make_address(const char *port, uint32_t address, struct addrinfo *next)
{
    struct addrinfo *info = calloc(1, sizeof *info);
    struct sockaddr_in *v4 = calloc(1, sizeof *v4);
    if (info == NULL || v4 == NULL)
        abort();
    *v4 = (struct sockaddr_in){.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                               .sin_addr.s_addr = htonl(address)};
    *info = (struct addrinfo){.ai_family = AF_INET,
                              .ai_addr = (struct sockaddr *)v4,
                              .ai_addrlen = sizeof *v4,
                              .ai_next = next};
    return info;
}

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
            struct addrinfo **found_r)
{
    (void)hints;
    pthread_mutex_lock(&lock);
    asked++;
    mail_asked += strcmp(host, "mail.test") == 0;
    pthread_cond_broadcast(&changed);
    while (is_hanging && strncmp(host, "slow", 4) == 0)
        pthread_cond_wait(&changed, &lock);
    bool fails = is_failing;
    pthread_mutex_unlock(&lock);

    if (fails)
        return EAI_AGAIN;
    if (strcmp(host, "unknown.test") == 0)
        return EAI_NONAME;
    *found_r = make_address(port, 0xc0000201, NULL);
    if (strcmp(host, "many.test") == 0)
        for (uint32_t i = 1; i <= 20; i++) /* each twice */
            *found_r = make_address(port, 0xc0000200 + (i + 1) / 2, *found_r);
    return 0;
}

void
freeaddrinfo(struct addrinfo *found)
{
    while (found != NULL) {
        struct addrinfo *next = found->ai_next;
        free(found->ai_addr);
        free(found);
        found = next;
    }
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
test_many_addresses(void **state)
{
    (void)state;
    struct name *name = open_name("many.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    assert_int_equal(name_endpoints(name, 20000, endpoints, NULL), NAMES_ADDRESSES_MAX);
    for (size_t i = 0; i < NAMES_ADDRESSES_MAX; i++)
        for (size_t n = 0; n < i; n++)
            assert_false(endpoint_equal(&endpoints[i], &endpoints[n]));
    name_close(name);
}

static void
test_unknown(void **state)
{
    (void)state;
    struct name *name = open_name("unknown.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    struct err err = {0};
    assert_int_equal(name_endpoints(name, 20000, endpoints, &err), 0);
    assert_string_equal(err.text, "cannot resolve unknown.test: Name or service not known");
    assert_false(name_is_pending(name));
    name_close(name);
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

static void
set_failing(bool value)
{
    pthread_mutex_lock(&lock);
    is_failing = value;
    pthread_mutex_unlock(&lock);
}

/* Puts the clock forward and makes the resolvers look at it. */
static void
let_pass(int64_t ms)
{
    clock_offset_ms += ms;
    static int count;
    char text[32];
    snprintf(text, sizeof text, "other%d.test:25", count++);
    struct name *other = open_name(text);
    name_start(other);
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

/* The second time begins behind the first one's answer. */
static void
let_pass_until_mail_was_asked_twice(void)
{
    const int want = mail_asked_so_far() + 2;
    for (int i = 0; i < 2000 && mail_asked_so_far() < want; i++) {
        let_pass(NAMES_INTERVAL_MS + 1);
        poll(NULL, 0, 10);
    }
    assert_true(mail_asked_so_far() >= want);
}

static void
test_resolves_again(void **state)
{
    (void)state;
    struct name *name = open_name("mail.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    assert_int_equal(name_endpoints(name, 20000, endpoints, NULL), 1);
    let_pass_until_mail_was_asked_twice();
    set_failing(true);
    let_pass_until_mail_was_asked_twice();
    assert_int_equal(name_endpoints(name, 0, endpoints, NULL), 1); /* the old address stays */
    set_failing(false);
    let_pass_until_mail_was_asked_twice();
    assert_int_equal(name_endpoints(name, 0, endpoints, NULL), 1);
    name_close(name);
}

static void *
use_names(void *argument)
{
    static const char *const texts[] = {"a.test:1", "b.test:2", "unknown.test:3", "192.0.2.1:4"};
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
        cmocka_unit_test(test_many_addresses),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_a_dead_resolver_holds_up_nobody),
        cmocka_unit_test(test_many_dead_names_hold_up_nobody),
        cmocka_unit_test(test_resolves_again),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
