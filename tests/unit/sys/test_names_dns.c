/* Names that a real dnsmasq answers for, and what becomes of them when it answers otherwise. */
#include "dnsmasq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "deadline.h"
#include "names.h"

enum { PATIENCE_MS = 30000 };

static struct dnsmasq dnsmasq;
static char hosts[] = "/tmp/mailreeve-hosts-XXXXXX";

/* What dnsmasq answers from now on, in the form of /etc/hosts. */
static void
set_hosts(const char *text)
{
    FILE *file = fopen(hosts, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    if (dnsmasq.pid > 0)
        kill(dnsmasq.pid, SIGHUP);
}

static struct name *
open_name(const char *text)
{
    struct name *name = name_open(text, 0, NULL);
    assert_non_null(name);
    return name;
}

/* "192.0.2.1:25 192.0.2.2:25" */
static void
describe(struct name *name, char *text_r, size_t size)
{
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    size_t count = name_endpoints(name, PATIENCE_MS, endpoints, NULL);
    text_r[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char text[64];
        endpoint_format(&endpoints[i], text, sizeof text);
        size_t length = strlen(text_r);
        snprintf(text_r + length, size - length, "%s%s", i > 0 ? " " : "", text);
    }
}

static void
wait_for(struct name *name, const char *want)
{
    struct deadline deadline = deadline_after(PATIENCE_MS);
    char text[1024];
    for (describe(name, text, sizeof text); strcmp(text, want) != 0 && !deadline_is_over(deadline);
         describe(name, text, sizeof text))
        poll(NULL, 0, 10);
    assert_string_equal(text, want);
}

static void
test_a_changed_address_is_seen(void **state)
{
    (void)state;
    set_hosts("192.0.2.1 mail.test\n");
    struct name *name = open_name("mail.test:25");
    wait_for(name, "192.0.2.1:25");
    set_hosts("192.0.2.2 mail.test\n");
    wait_for(name, "192.0.2.2:25");
    name_close(name);
}

static void
test_a_name_that_is_gone_keeps_its_address(void **state)
{
    (void)state;
    set_hosts("192.0.2.1 gone.test\n192.0.2.1 stays.test\n");
    struct name *gone = open_name("gone.test:25"), *stays = open_name("stays.test:25");
    wait_for(gone, "192.0.2.1:25");
    wait_for(stays, "192.0.2.1:25");
    for (int i = 2; i <= 4; i++) { /* meanwhile it was asked for again */
        char text[64], want[32];
        snprintf(text, sizeof text, "192.0.2.%d stays.test\n", i);
        snprintf(want, sizeof want, "192.0.2.%d:25", i);
        set_hosts(text);
        wait_for(stays, want);
    }
    wait_for(gone, "192.0.2.1:25");
    name_close(gone);
    name_close(stays);
}

static void
test_a_dead_server_keeps_everything(void **state)
{
    (void)state;
    set_hosts("192.0.2.1 mail.test\n");
    struct name *name = open_name("mail.test:25");
    wait_for(name, "192.0.2.1:25");
    kill(dnsmasq.pid, SIGSTOP);
    struct name *other = open_name("other.test:25");
    struct endpoint endpoints[NAMES_ADDRESSES_MAX];
    struct err err = {0};
    assert_int_equal(name_endpoints(other, PATIENCE_MS, endpoints, &err), 0);
    assert_string_equal(err.text, "cannot resolve other.test: no DNS server answered");
    char text[64];
    describe(name, text, sizeof text);
    assert_string_equal(text, "192.0.2.1:25");
    set_hosts("192.0.2.1 other.test\n192.0.2.7 mail.test\n");
    kill(dnsmasq.pid, SIGCONT);
    wait_for(other, "192.0.2.1:25");
    wait_for(name, "192.0.2.7:25");
    name_close(name);
    name_close(other);
}

static int
set_up(void **state)
{
    (void)state;
    char text[256];
    int fd = mkstemp(hosts);
    assert_true(fd >= 0);
    close(fd);
    chmod(hosts, 0644); /* dnsmasq gives up root */
    dnsmasq.port = dnsmasq_free_port(NULL);
    snprintf(text, sizeof text, "127.0.0.1:%u", dnsmasq.port);
    assert_int_equal(names_use_servers(text, NULL), 0);
    snprintf(text, sizeof text, "local=/test/\nlocal-ttl=1\naddn-hosts=%s\n", hosts);
    assert_true(dnsmasq_start(&dnsmasq, dnsmasq.port, text));
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    dnsmasq_stop(&dnsmasq);
    unlink(hosts);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_changed_address_is_seen),
        cmocka_unit_test(test_a_name_that_is_gone_keeps_its_address),
        cmocka_unit_test(test_a_dead_server_keeps_everything),
    };
    setenv("LOCALDOMAIN", ".", 1); /* nobody's domains are asked */
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
