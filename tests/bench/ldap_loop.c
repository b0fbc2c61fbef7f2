/*
 * The bare libldap loop that the ldap source is measured against: search, then bind, as fast as
 * libldap can, with nothing around it.
 *
 *     bench_ldap_loop URI BASE SERVICE-DN SERVICE-PASSWORD THREADS LOGINS-PER-THREAD
 *
 * Each thread has a connection for searches and one for binds. Logs in as user0 to user999, whose
 * passwords are pass0 to pass999, and prints "logins/s NUMBER".
 */
#include <ldap.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { USERS = 1000 };

static const char *uri, *base, *service_dn, *service_password;
static unsigned logins;
static atomic_uint next_user;

static void
die(const char *what, int code)
{
    fprintf(stderr, "bench_ldap_loop: %s: %s\n", what, ldap_err2string(code));
    exit(1);
}

static void
bind_as(LDAP *ld, const char *dn, const char *password)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", password);
    struct berval credentials = {.bv_len = strlen(copy), .bv_val = copy};
    int code = ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &credentials, NULL, NULL, NULL);
    if (code != LDAP_SUCCESS)
        die(dn, code);
}

static LDAP *
connect_to_server(void)
{
    LDAP *ld = NULL;
    int version = LDAP_VERSION3;
    int code = ldap_initialize(&ld, uri);
    if (code != LDAP_SUCCESS)
        die(uri, code);
    ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    return ld;
}

static void
log_in(LDAP *searching, LDAP *binding, unsigned user)
{
    char filter[96], password[32], no_attributes[] = LDAP_NO_ATTRS;
    char *attributes[] = {no_attributes, NULL};
    snprintf(filter, sizeof filter, "(|(mail=user%u)(uid=user%u))", user, user);
    snprintf(password, sizeof password, "pass%u", user);

    LDAPMessage *found = NULL;
    int code = ldap_search_ext_s(searching, base, LDAP_SCOPE_SUBTREE, filter, attributes, 0, NULL,
                                 NULL, NULL, 2, &found);
    if (code != LDAP_SUCCESS || ldap_count_entries(searching, found) != 1)
        die(filter, code);
    char *dn = ldap_get_dn(searching, ldap_first_entry(searching, found));
    bind_as(binding, dn, password);
    ldap_memfree(dn);
    ldap_msgfree(found);
}

static void *
log_in_all(void *unused)
{
    (void)unused;
    LDAP *searching = connect_to_server();
    LDAP *binding = connect_to_server();
    bind_as(searching, service_dn, service_password);
    for (unsigned i = 0; i < logins; i++)
        log_in(searching, binding, atomic_fetch_add(&next_user, 1) % USERS);
    ldap_unbind_ext(searching, NULL, NULL);
    ldap_unbind_ext(binding, NULL, NULL);
    return NULL;
}

static double
now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: %s URI BASE SERVICE-DN SERVICE-PASSWORD THREADS LOGINS\n", argv[0]);
        return 2;
    }
    uri = argv[1];
    base = argv[2];
    service_dn = argv[3];
    service_password = argv[4];
    unsigned threads = (unsigned)strtoul(argv[5], NULL, 10);
    logins = (unsigned)strtoul(argv[6], NULL, 10);

    pthread_t *ids = calloc(threads, sizeof ids[0]);
    if (ids == NULL)
        return 1;
    double began_s = now_s();
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, log_in_all, NULL) != 0)
            return 1;
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    printf("logins/s %.0f\n", (double)threads * (double)logins / (now_s() - began_s));
    free(ids);
    return 0;
}
