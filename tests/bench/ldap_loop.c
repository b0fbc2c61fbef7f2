/*
 * The bare libldap loop that the ldap source is measured against, as fast as libldap can, with
 * nothing around it.
 *
 *     bench_ldap_loop bind|fetch URI BASE SERVICE-DN SERVICE-PASSWORD THREADS SECONDS
 *
 * bind: each login is a search, then a bind as what was found; each thread has a connection for
 * searches and one for binds. fetch: a search that brings the password's value, which nothing is
 * done with. Logs in as user0 to user999 @acme.example, whose passwords are pass0 to pass999, and
 * prints "logins/s NUMBER".
 */
#include <ldap.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { USERS = 1000, ARGUMENTS = 8 };

static bool is_fetching;
static const char *uri, *base, *service_dn, *service_password;
static double end_s;
static atomic_uint next_user;

static double
now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

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

static LDAPMessage *
search(LDAP *ld, unsigned user, const char *wanted)
{
    char filter[96], attribute[32];
    char *attributes[] = {attribute, NULL};
    snprintf(attribute, sizeof attribute, "%s", wanted);
    snprintf(filter, sizeof filter, "(mail=user%u@acme.example)", user);
    LDAPMessage *found = NULL;
    int code = ldap_search_ext_s(ld, base, LDAP_SCOPE_SUBTREE, filter, attributes, 0, NULL, NULL,
                                 NULL, 2, &found);
    if (code != LDAP_SUCCESS || ldap_count_entries(ld, found) != 1)
        die(filter, code);
    return found;
}

static void
fetch(LDAP *searching, unsigned user)
{
    LDAPMessage *found = search(searching, user, "userPassword");
    struct berval **values =
        ldap_get_values_len(searching, ldap_first_entry(searching, found), "userPassword");
    if (values == NULL)
        die("userPassword", LDAP_NO_SUCH_ATTRIBUTE);
    ldap_value_free_len(values);
    ldap_msgfree(found);
}

static void
search_and_bind(LDAP *searching, LDAP *binding, unsigned user)
{
    char password[32];
    snprintf(password, sizeof password, "pass%u", user);
    LDAPMessage *found = search(searching, user, LDAP_NO_ATTRS);
    char *dn = ldap_get_dn(searching, ldap_first_entry(searching, found));
    bind_as(binding, dn, password);
    ldap_memfree(dn);
    ldap_msgfree(found);
}

/* Counts its logins where logins_r points to. */
static void *
log_in_all(void *logins_r)
{
    unsigned long *logins = logins_r;
    LDAP *searching = connect_to_server();
    LDAP *binding = is_fetching ? NULL : connect_to_server();
    bind_as(searching, service_dn, service_password);
    for (; now_s() < end_s; (*logins)++) {
        unsigned user = atomic_fetch_add(&next_user, 1) % USERS;
        if (is_fetching)
            fetch(searching, user);
        else
            search_and_bind(searching, binding, user);
    }
    ldap_unbind_ext(searching, NULL, NULL);
    if (binding != NULL)
        ldap_unbind_ext(binding, NULL, NULL);
    return NULL;
}

int
main(int argc, char **argv)
{
    if (argc != ARGUMENTS) {
        fprintf(stderr,
                "usage: %s bind|fetch URI BASE SERVICE-DN SERVICE-PASSWORD THREADS SECONDS\n",
                argv[0]);
        return 2;
    }
    is_fetching = strcmp(argv[1], "fetch") == 0;
    uri = argv[2];
    base = argv[3];
    service_dn = argv[4];
    service_password = argv[5];
    unsigned threads = (unsigned)strtoul(argv[6], NULL, 10);
    double began_s = now_s();
    end_s = began_s + strtod(argv[7], NULL);

    pthread_t *ids = calloc(threads, sizeof ids[0]);
    unsigned long *logins = calloc(threads, sizeof logins[0]), all = 0;
    if (ids == NULL || logins == NULL)
        return 1;
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, log_in_all, &logins[i]) != 0)
            return 1;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        all += logins[i];
    }
    printf("logins/s %.0f\n", (double)all / (now_s() - began_s));
    free(logins);
    free(ids);
    return 0;
}
