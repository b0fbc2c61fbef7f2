/* What a pool makes of a server that it could not ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "ldap_pool.h"

enum { BUDGET_MS = 60000 };

static void
our_own_shortage_shuts_no_server(void **state)
{
    (void)state;
    const struct ldap_query query = {.base = "dc=acme", .filter = "(uid=boss)"};
    struct err err;
    struct ldap_visit visit;
    struct ldap_found found;
    struct rlimit had;
    struct name *name = name_open("127.0.0.1:1", 0, &err);
    const struct ldap_pool_options options = {.source = "acme-ldap",
                                              .uri = "ldap://127.0.0.1:1",
                                              .peer = {.server = name},
                                              .places = 1,
                                              .connect_timeout_ms = BUDGET_MS,
                                              .timeout_ms = BUDGET_MS};
    struct ldap_pool *pool = ldap_pool_create(&options);
    const struct deadline deadline = deadline_after(BUDGET_MS);

    assert_int_equal(ldap_pool_enter(pool, deadline, deadline, &visit, &err), 0);
    int next = dup(STDERR_FILENO);
    close(next);
    getrlimit(RLIMIT_NOFILE, &had);
    const struct rlimit none = {.rlim_cur = (rlim_t)next, .rlim_max = had.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum ldap_answer answer = ldap_pool_search(&visit, &query, &found, &err);
    setrlimit(RLIMIT_NOFILE, &had);
    assert_int_equal(answer, LDAP_ANSWER_BROKEN);
    assert_non_null(strstr(err.text, "a limit of this host: cannot connect"));
    ldap_pool_leave(&visit);

    /* That nobody listens there is another matter. */
    assert_int_equal(ldap_pool_enter(pool, deadline, deadline, &visit, &err), 0);
    assert_int_equal(ldap_pool_search(&visit, &query, &found, &err), LDAP_ANSWER_BROKEN);
    ldap_pool_leave(&visit);
    assert_int_equal(ldap_pool_enter(pool, deadline, deadline, &visit, &err), -1);

    ldap_pool_free(pool);
    name_close(name);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_shortage_shuts_no_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
