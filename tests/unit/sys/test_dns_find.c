/* Questions to a real dnsmasq. */
#include "dns_question.h"

#include "alloc.h"
#include "dns_door.h"

static struct dnsmasq dnsmasq;

/* The addresses in the order of their bytes, "a b c": which comes first depends on the machine's
 * routes and on the server. */
static void
describe_addresses(const struct dns_addresses *found, char *text_r, size_t size)
{
    char texts[NAMES_ADDRESSES_MAX][64];
    text_r[0] = '\0';
    for (size_t i = 0; i < found->count; i++)
        endpoint_format(&found->endpoints[i], texts[i], sizeof texts[i]);
    qsort(texts, found->count, sizeof texts[0], (int (*)(const void *, const void *))strcmp);
    for (size_t i = 0; i < found->count; i++) {
        size_t length = strlen(text_r);
        snprintf(text_r + length, size - length, "%s%s", i > 0 ? " " : "", texts[i]);
    }
}

static void
test_addresses(void **state)
{
    static const struct {
        const char *sentence, *host;
        enum dns_outcome want;
        const char *want_text; /* the addresses, or the error */
        int64_t want_ttl_ms;
    } cases[] = {
        {"one address", "one.test", DNS_FOUND, "192.0.2.1:25", 30000},
        {"an address of IPv6 alone", "six.test", DNS_FOUND, "[2001:db8::6]:25", 40000},
        {"several of both families", "both.test", DNS_FOUND,
         "192.0.2.2:25 192.0.2.3:25 [2001:db8::2]:25", 40000},
        {"an alias holds as long as the shortest of its records", "alias.test", DNS_FOUND,
         "192.0.2.1:25", 5000},
        {"a name that there is not", "nobody.test", DNS_NONE,
         "cannot resolve nobody.test: there is no such name", 0},
        {"a name without addresses", "text.test", DNS_NONE,
         "cannot resolve text.test: it has no such record", 0},
        {"an alias that leads nowhere", "astray.test", DNS_NONE,
         "cannot resolve astray.test: it has no such record", 0},
        {"what /etc/hosts knows is not asked for", "localhost", DNS_FOUND, NULL, 60000},
    };
    (void)state;
    struct dns_servers servers = one_server(dnsmasq.port);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dns_addresses found;
        struct err err = {0};
        char text[1024];
        enum dns_outcome outcome = dns_find_addresses(&servers, cases[i].host, 25,
                                                      deadline_after(PATIENCE_MS), &found, &err);
        describe_addresses(&found, text, sizeof text);
        const char *got = outcome == DNS_FOUND ? text : err.text;
        if (outcome != cases[i].want || found.ttl_ms != cases[i].want_ttl_ms ||
            (cases[i].want_text != NULL && strcmp(got, cases[i].want_text) != 0))
            fail_msg("%s: %d \"%s\" for %lld ms", cases[i].sentence, (int)outcome, got,
                     (long long)found.ttl_ms);
        assert_false(found.is_unsure[0] || found.is_unsure[1]);
    }
}

static void
test_of_too_many_addresses_the_same_are_taken(void **state)
{
    (void)state;
    struct dns_servers servers = one_server(dnsmasq.port);
    char first[1024] = "";
    for (int i = 0; i < 6; i++) { /* dnsmasq begins with another one each time */
        struct dns_addresses found;
        char text[1024];
        assert_int_equal(dns_find_addresses(&servers, "many.test", 25, deadline_after(PATIENCE_MS),
                                            &found, NULL),
                         DNS_FOUND);
        assert_int_equal(found.count, NAMES_ADDRESSES_MAX);
        describe_addresses(&found, text, sizeof text);
        if (i > 0)
            assert_string_equal(text, first);
        memcpy(first, text, sizeof first);
    }
}

static void
test_names_to_look_for(void **state)
{
    static const struct {
        const char *sentence, *domains, *options, *host;
        const char *want; /* "first second", "-": there cannot be such a name */
    } cases[] = {
        {"a short name in each domain and then as it is", "a.test b.test", "ndots:1", "mta",
         "mta.a.test mta.b.test mta"},
        {"one with a dot as it is at first", "a.test b.test", "ndots:1", "mta.x",
         "mta.x mta.x.a.test mta.x.b.test"},
        {"how many dots that takes can be set", "a.test", "ndots:3", "mta.x.y",
         "mta.x.y.a.test mta.x.y"},
        {"systemd-resolved's way to have no domain", ".", "ndots:1", "mta", "- mta"},
        {"a name that is too long with a domain", "a.test", "ndots:1",
         "a23456789a123456789a123456789a123456789a123456789a123456789."
         "b23456789a123456789a123456789a123456789a123456789a123456789."
         "c23456789a123456789a123456789a123456789a123456789a123456789."
         "d23456789a123456789a123456789a123456789a123456789a123456789.1234567890",
         "a23456789a123456789a123456789a123456789a123456789a123456789."
         "b23456789a123456789a123456789a123456789a123456789a123456789."
         "c23456789a123456789a123456789a123456789a123456789a123456789."
         "d23456789a123456789a123456789a123456789a123456789a123456789.1234567890 -"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_search(cases[i].domains, cases[i].options);
        struct dns_servers servers = one_server(dnsmasq.port);
        struct dns_channel *channel = dns_channel_open(&servers, NULL);
        assert_non_null(channel);
        char name[DNS_NAME_MAX], text[2048] = "";
        for (size_t n = 0; dns_channel_candidate(channel, cases[i].host, n, name); n++) {
            size_t length = strlen(text);
            snprintf(text + length, sizeof text - length, "%s%s", n > 0 ? " " : "",
                     name[0] == '\0' ? "-" : name);
        }
        if (strcmp(text, cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].sentence, text);
        dns_channel_close(channel);
    }
    set_search(".", "ndots:1");
}

static void
test_a_short_name_is_found_in_a_domain(void **state)
{
    (void)state;
    set_search("nobody.test test", "ndots:1");
    struct dns_servers servers = one_server(dnsmasq.port);
    struct dns_addresses found;
    struct err err = {0};
    assert_int_equal(
        dns_find_addresses(&servers, "one", 25, deadline_after(PATIENCE_MS), &found, &err),
        DNS_FOUND);
    assert_int_equal(found.count, 1);
    set_search(".", "ndots:1");
}

static void
test_targets(void **state)
{
    static const struct {
        const char *sentence, *service;
        enum dns_outcome want;
        const char *want_text; /* "host:port priority weight", or the error */
    } cases[] = {
        {"priorities are in order, names in lower case", "_submission._tcp.test", DNS_FOUND,
         "mta1.test:587 10 5, mta2.test:587 10 0, mta3.test:588 20 1"},
        {"of two records of one server the preferred one counts", "_twice._tcp.test", DNS_FOUND,
         "mta1.test:587 10 5"},
        {"one host may serve at two ports", "_ports._tcp.test", DNS_FOUND,
         "mta1.test:587 10 5, mta1.test:588 10 5"},
        {"no such service", "_none._tcp.test", DNS_FOUND, ""},
        {"what is no host's name is left out", "_odd._tcp.test", DNS_FOUND, "mta1.test:587 10 5"},
        {"no record", "_nowhere._tcp.test", DNS_NONE,
         "cannot find the servers of _nowhere._tcp.test: there is no such name"},
        {"a record of another kind", "text.test", DNS_NONE,
         "cannot find the servers of text.test: it has no such record"},
    };
    (void)state;
    struct dns_servers servers = one_server(dnsmasq.port);
    struct dns_targets *found = xmalloc(sizeof *found);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        enum dns_outcome outcome =
            dns_find_targets(&servers, cases[i].service, deadline_after(PATIENCE_MS), found, &err);
        char text[1024] = "";
        for (size_t n = 0; n < found->count; n++) {
            const struct srv_target *target = &found->targets[n];
            size_t length = strlen(text);
            snprintf(text + length, sizeof text - length, "%s%s:%u %u %u", n > 0 ? ", " : "",
                     target->host, target->port, target->priority, target->weight);
        }
        const char *got = outcome == DNS_FOUND ? text : err.text;
        if (outcome != cases[i].want || strcmp(got, cases[i].want_text) != 0)
            fail_msg("%s: %d \"%s\"", cases[i].sentence, (int)outcome, got);
        if (outcome == DNS_FOUND)
            assert_int_equal(found->ttl_ms, 30000);
    }
    free(found);
}

/* Of too many targets the same ones are taken, wherever in the answer they are. */
static void
test_what_is_truncated_is_asked_for_over_tcp(void **state)
{
    (void)state;
    struct dns_servers servers = one_server(dnsmasq.port);
    struct dns_targets *found = xmalloc(sizeof *found);
    assert_int_equal(
        dns_find_targets(&servers, "_long._tcp.test", deadline_after(PATIENCE_MS), found, NULL),
        DNS_FOUND);
    assert_int_equal(found->count, NAMES_TARGETS_MAX);
    assert_string_equal(found->targets[0].host,
                        "a-rather-long-name-that-fills-the-answer-000.test");
    assert_string_equal(found->targets[NAMES_TARGETS_MAX - 1].host,
                        "a-rather-long-name-that-fills-the-answer-063.test");
    free(found);
}

static void
test_the_next_server_helps_out(void **state)
{
    (void)state;
    int dead = -1;
    struct endpoint silent = local_port(dnsmasq_free_port(&dead));
    struct endpoint refusing = local_port(dnsmasq_free_port(NULL));
    struct dns_servers servers = {
        .count = 7,
        .endpoints = {refusing, silent, silent, silent, silent, silent, local_port(dnsmasq.port)}};
    struct dns_addresses found;
    assert_int_equal(dns_find_addresses(&servers, "both.test", 25,
                                        deadline_after(NAMES_QUESTION_MS), &found, NULL),
                     DNS_FOUND);
    assert_int_equal(found.count, 3);
    close(dead);
}

static const char fixed_records[] = "local=/test/\n"
                                    "local-ttl=30\n"
                                    "host-record=one.test,192.0.2.1\n"
                                    "host-record=six.test,2001:db8::6,40\n"
                                    "host-record=both.test,192.0.2.2,2001:db8::2,40\n"
                                    "host-record=both.test,192.0.2.3,40\n"
                                    "cname=alias.test,one.test,5\n"
                                    "cname=astray.test,elsewhere.test\n"
                                    "txt-record=text.test,hello\n"
                                    "srv-host=_submission._tcp.test,mta3.test,588,20,1\n"
                                    "srv-host=_submission._tcp.test,MTA1.test,587,10,5\n"
                                    "srv-host=_submission._tcp.test,mta2.test,587,10,0\n"
                                    "srv-host=_twice._tcp.test,mta1.test,587,20,1\n"
                                    "srv-host=_twice._tcp.test,mta1.test,587,10,5\n"
                                    "srv-host=_ports._tcp.test,mta1.test,588,10,5\n"
                                    "srv-host=_ports._tcp.test,mta1.test,587,10,5\n"
                                    "srv-host=_none._tcp.test\n"
                                    "srv-host=_odd._tcp.test,192.0.2.1,587,10,5\n"
                                    "srv-host=_odd._tcp.test,mta1.test,587,10,5\n"
                                    "srv-host=_odd._tcp.test,mta2.test,0,10,5\n";

static int
set_up(void **state)
{
    (void)state;
    static char records[32768];
    set_search(".", "ndots:1"); /* nobody's domains are asked */
    size_t length = (size_t)snprintf(records, sizeof records, "%s", fixed_records);
    for (int i = 0; i < 20; i++)
        length += (size_t)snprintf(records + length, sizeof records - length,
                                   "host-record=many.test,192.0.2.1%02d\n", i);
    for (int i = 199; i >= 0; i--)
        length += (size_t)snprintf(records + length, sizeof records - length,
                                   "srv-host=_long._tcp.test,"
                                   "a-rather-long-name-that-fills-the-answer-%03d.test,25,1,1\n",
                                   i);
    assert_true(dnsmasq_start(&dnsmasq, dnsmasq_free_port(NULL), records));
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    dnsmasq_stop(&dnsmasq);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_of_too_many_addresses_the_same_are_taken),
        cmocka_unit_test(test_names_to_look_for),
        cmocka_unit_test(test_a_short_name_is_found_in_a_domain),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_what_is_truncated_is_asked_for_over_tcp),
        cmocka_unit_test(test_the_next_server_helps_out),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
