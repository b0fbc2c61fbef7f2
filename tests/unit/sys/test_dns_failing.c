/* Questions to servers that are dead, and to one that answers nonsense. */
#include "dns_question.h"

#include <pthread.h>

#include "alloc.h"

static void
test_a_dead_server_is_waited_for_until_the_deadline(void **state)
{
    (void)state;
    int dead = -1;
    struct dns_servers servers = one_server(dnsmasq_free_port(&dead));
    struct dns_addresses found;
    struct err err = {0};
    int64_t started_ms = clock_now_ms();
    assert_int_equal(
        dns_find_addresses(&servers, "one.test", 25, deadline_after(200), &found, &err),
        DNS_UNKNOWN);
    int64_t took_ms = clock_now_ms() - started_ms;
    assert_true(took_ms >= 200 && took_ms < PATIENCE_MS);
    assert_string_equal(err.text, "cannot resolve one.test: no DNS server answered");

    struct dns_targets *targets = xmalloc(sizeof *targets);
    assert_int_equal(dns_find_targets(&servers, "_a._tcp.test", deadline_after(200), targets, &err),
                     DNS_UNKNOWN);
    assert_string_equal(err.text,
                        "cannot find the servers of _a._tcp.test: no DNS server answered");
    free(targets);
    close(dead);
}

static void
test_servers_that_refuse_are_not_waited_for(void **state)
{
    (void)state;
    struct dns_servers servers = one_server(dnsmasq_free_port(NULL));
    struct dns_addresses found;
    struct err err = {0};
    int64_t started_ms = clock_now_ms();
    assert_int_equal(
        dns_find_addresses(&servers, "one.test", 25, deadline_after(PATIENCE_MS), &found, &err),
        DNS_UNKNOWN);
    assert_true(clock_now_ms() - started_ms < PATIENCE_MS / 2);
    assert_string_equal(
        err.text, "cannot resolve one.test: the DNS servers cannot be reached, or cannot tell");
}

/* A server that answers every question in one way. */
enum nonsense {
    NONSENSE_SHORT,     /* the header alone says that there is an answer */
    NONSENSE_CUT,       /* a record is longer than the message */
    NONSENSE_LOOP,      /* a name that points at itself */
    NONSENSE_OTHER,     /* it answers what nobody asked */
    NONSENSE_FAILS,     /* SERVFAIL */
    NONSENSE_HALF,      /* an address of IPv4, and nothing to questions for IPv6 */
    NONSENSE_WITHOUT_6, /* likewise, but SERVFAIL */
    NONSENSE_DEAD_ZONE, /* an address, but SERVFAIL where the second label has four letters */
    NONSENSE_OLD,       /* an address, but FORMERR to questions with EDNS */
};

struct liar {
    int fd;
    unsigned port;
    enum nonsense nonsense;
    pthread_t thread;
};

/* Returns the length of the answer that is made of the question, 0: none. */
static size_t
answer(enum nonsense nonsense, unsigned char *message, size_t length)
{
    static const unsigned char record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 9};
    size_t name = 12;
    while (message[name] != 0)
        name += message[name] + 1u;
    bool is_six = message[name + 2] == 28, is_dead_zone = message[13 + message[12]] == 4;
    bool has_edns = message[11] != 0;
    length = name + 5;                     /* without what EDNS put behind */
    message[2] |= 0x80, message[3] = 0x80; /* it is an answer */
    message[7] = 1, message[11] = 0;       /* of one record, and nothing else */
    switch (nonsense) {
    case NONSENSE_SHORT:
        return length;
    case NONSENSE_CUT:
        memcpy(message + length, record, sizeof record);
        return length + sizeof record - 3;
    case NONSENSE_LOOP:
        memcpy(message + length, record, sizeof record);
        message[length + 1] = (unsigned char)length;
        return length + sizeof record;
    case NONSENSE_OTHER:
        memcpy(message + length, record, sizeof record);
        message[13] ^= 1;
        return length + sizeof record;
    case NONSENSE_FAILS:
        message[3] |= 2, message[7] = 0;
        return length;
    case NONSENSE_HALF:
        memcpy(message + length, record, sizeof record);
        return is_six ? 0 : length + sizeof record;
    case NONSENSE_WITHOUT_6:
        memcpy(message + length, record, sizeof record);
        message[3] |= is_six ? 2 : 0;
        message[7] = !is_six;
        return is_six ? length : length + sizeof record;
    case NONSENSE_DEAD_ZONE:
        memcpy(message + length, record, sizeof record);
        message[3] |= is_dead_zone ? 2 : 0;
        message[7] = !is_dead_zone;
        return is_dead_zone ? length : length + sizeof record;
    case NONSENSE_OLD:
        memcpy(message + length, record, sizeof record);
        message[3] |= has_edns;
        message[7] = !has_edns;
        return has_edns ? length : length + sizeof record;
    }
    return 0;
}

static void *
lie(void *argument)
{
    struct liar *liar = argument;
    unsigned char message[2048];
    for (;;) {
        struct sockaddr_in from;
        socklen_t from_length = sizeof from;
        ssize_t length = recvfrom(liar->fd, message, sizeof message / 2, 0,
                                  (struct sockaddr *)&from, &from_length);
        if (length < 17) /* a datagram of nothing ends it */
            return NULL;
        size_t size = answer(liar->nonsense, message, (size_t)length);
        if (size > 0)
            sendto(liar->fd, message, size, 0, (struct sockaddr *)&from, from_length);
    }
}

static void
liar_start(struct liar *liar, enum nonsense nonsense)
{
    *liar = (struct liar){.nonsense = nonsense};
    liar->port = dnsmasq_free_port(&liar->fd);
    assert_int_equal(pthread_create(&liar->thread, NULL, lie, liar), 0);
}

static void
liar_stop(struct liar *liar)
{
    struct endpoint endpoint = local_port(liar->port);
    sendto(liar->fd, "", 0, 0, (struct sockaddr *)&endpoint.address, endpoint.length);
    pthread_join(liar->thread, NULL);
    close(liar->fd);
}

static void
test_nonsense(void **state)
{
    static const struct {
        const char *sentence;
        enum nonsense nonsense;
        int64_t budget_ms;
        enum dns_outcome want;
        bool want_unsure; /* about IPv6 */
        const char *want_error;
    } cases[] = {
        {"an answer without the record that it announces", NONSENSE_SHORT, PATIENCE_MS, DNS_UNKNOWN,
         true, "cannot resolve one.test: the answer is malformed"},
        {"a record that is longer than the message", NONSENSE_CUT, PATIENCE_MS, DNS_UNKNOWN, true,
         "cannot resolve one.test: the answer is malformed"},
        {"a name that points at itself", NONSENSE_LOOP, PATIENCE_MS, DNS_UNKNOWN, true,
         "cannot resolve one.test: the answer is malformed"},
        {"the answer to another question is none", NONSENSE_OTHER, 200, DNS_UNKNOWN, true,
         "cannot resolve one.test: no DNS server answered"},
        {"a server that cannot tell does not say no", NONSENSE_FAILS, PATIENCE_MS, DNS_UNKNOWN,
         true, "cannot resolve one.test: the DNS servers cannot be reached, or cannot tell"},
        {"one family is enough if the other is not answered", NONSENSE_HALF, 5000, DNS_FOUND, true,
         ""},
        {"one family is enough if the other fails", NONSENSE_WITHOUT_6, PATIENCE_MS, DNS_FOUND,
         true, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct liar liar;
        liar_start(&liar, cases[i].nonsense);
        struct dns_servers servers = one_server(liar.port);
        struct dns_addresses found;
        struct err err = {0};
        enum dns_outcome outcome = dns_find_addresses(
            &servers, "one.test", 25, deadline_after(cases[i].budget_ms), &found, &err);
        if (outcome != cases[i].want || found.is_unsure[1] != cases[i].want_unsure ||
            found.count != (outcome == DNS_FOUND) || strcmp(err.text, cases[i].want_error) != 0)
            fail_msg("%s: %d, %zu addresses, \"%s\"", cases[i].sentence, (int)outcome, found.count,
                     err.text);
        liar_stop(&liar);
    }
}

static void
test_a_zone_that_fails_does_not_lead_to_the_next(void **state)
{
    (void)state;
    struct liar liar;
    liar_start(&liar, NONSENSE_DEAD_ZONE);
    struct dns_servers servers = one_server(liar.port);
    struct dns_addresses found;
    set_search("dead.test working.test", "ndots:1");
    assert_int_equal(
        dns_find_addresses(&servers, "one", 25, deadline_after(PATIENCE_MS), &found, NULL),
        DNS_UNKNOWN);
    assert_int_equal(found.count, 0);
    set_search("working.test dead.test", "ndots:1");
    assert_int_equal(
        dns_find_addresses(&servers, "one", 25, deadline_after(PATIENCE_MS), &found, NULL),
        DNS_FOUND);
    set_search(".", "ndots:1");
    liar_stop(&liar);
}

static void
test_a_server_without_edns(void **state)
{
    (void)state;
    struct liar liar;
    liar_start(&liar, NONSENSE_OLD);
    struct dns_servers servers = one_server(liar.port);
    struct dns_addresses found;
    assert_int_equal(
        dns_find_addresses(&servers, "one.test", 25, deadline_after(PATIENCE_MS), &found, NULL),
        DNS_FOUND);
    assert_int_equal(found.count, 1);
    liar_stop(&liar);
}

static void
test_the_other_family_has_a_moment_only(void **state)
{
    (void)state;
    struct liar liar;
    liar_start(&liar, NONSENSE_HALF);
    struct endpoint server = local_port(liar.port); /* so often that c-ares has no end soon */
    struct dns_servers servers = {.count = 5,
                                  .endpoints = {server, server, server, server, server}};
    struct dns_addresses found;
    int64_t started_ms = clock_now_ms();
    assert_int_equal(
        dns_find_addresses(&servers, "one.test", 25, deadline_after(PATIENCE_MS), &found, NULL),
        DNS_FOUND);
    assert_true(clock_now_ms() - started_ms < PATIENCE_MS / 2);
    liar_stop(&liar);
}

static int
set_up(void **state)
{
    (void)state;
    set_search(".", "ndots:1"); /* nobody's domains are asked */
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dead_server_is_waited_for_until_the_deadline),
        cmocka_unit_test(test_servers_that_refuse_are_not_waited_for),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_a_zone_that_fails_does_not_lead_to_the_next),
        cmocka_unit_test(test_a_server_without_edns),
        cmocka_unit_test(test_the_other_family_has_a_moment_only),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
