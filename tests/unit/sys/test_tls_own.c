/* The certificate and key that we show to a server. */
#include <sys/stat.h>

#include "tls.h"
#include "tls_server.h"

/* Writes one file with the certificate (unless it is NULL) and the key (likewise). */
static void
write_own(const char *path, const struct certified *certificate, const struct certified *key,
          const char *passphrase)
{
    assert_int_equal(truncate(path, 0), 0);
    if (certificate != NULL)
        certificate_write(certificate, path);
    if (key != NULL)
        certificate_add_key(key, passphrase, path);
}

static void
test_what_we_show_of_ourselves(void **state)
{
    enum { NOTHING, IN_ONE_FILE, IN_TWO_FILES };
    static const struct {
        const char *name;
        int version, shown;
        bool is_strangers;
        const char *want_client; /* NULL: the server ends it */
    } cases[] = {
        {"TLS 1.2", TLS1_2_VERSION, IN_TWO_FILES, false, "front.test"},
        {"TLS 1.3", TLS1_3_VERSION, IN_TWO_FILES, false, "front.test"},
        {"the key is in the certificate's file", TLS1_3_VERSION, IN_ONE_FILE, false, "front.test"},
        {"nothing by TLS 1.2", TLS1_2_VERSION, NOTHING, false, NULL},
        {"nothing by TLS 1.3", TLS1_3_VERSION, NOTHING, false, NULL},
        {"a certificate that the server does not know", TLS1_3_VERSION, IN_TWO_FILES, true, NULL},
    };
    (void)state;
    struct certified certified = certify(&authority, "server", "DNS:mail.test", -DAY_S, DAY_S);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        struct certified own = certify(cases[i].is_strangers ? &stranger : &authority, "front.test",
                                       NULL, -DAY_S, DAY_S);
        write_own(own_path, &own, cases[i].shown == IN_ONE_FILE ? &own : NULL, NULL);
        write_own(key_path, NULL, &own, NULL);
        struct secure_server server;
        wants_client = true;
        secure_start(&server, &certified, ENDS_WELL, cases[i].version, NULL);
        const struct tls_settings settings = {
            .ca_file = ca_path,
            .cert_file = cases[i].shown != NOTHING ? own_path : NULL,
            .key_file = cases[i].shown == IN_TWO_FILES ? key_path : NULL,
        };
        struct err err = {0};
        struct tls_context *context = tls_context_create(&settings, &err);
        assert_string_equal(err.text, "");
        struct conn *conn = connect_to(&server);
        struct deadline deadline = deadline_after(LONG_MS);
        char line[20];
        /* A server that speaks TLS 1.3 says no behind the handshake. */
        bool greeted = conn_start_tls(conn, context, "mail.test", deadline, &err) == 0 &&
                       conn_read_line(conn, line, sizeof line, deadline, &err) == 8;
        assert_int_equal(greeted, cases[i].want_client != NULL);
        if (!greeted && strstr(err.text, " alert ") == NULL)
            assert_string_equal(err.text, "an alert");
        conn_close(conn);
        loopback_stop(&server.loopback);
        wants_client = false;
        if (greeted)
            assert_string_equal(server.client_name, cases[i].want_client);
        tls_context_free(context);
        certified_free(&own);
    }
    certified_free(&certified);
}

static void
test_keys_that_are_refused(void **state)
{
    (void)state;
    struct certified own = certify(&authority, "front.test", NULL, -DAY_S, DAY_S);
    struct certified other = certify(&authority, "front.test", NULL, -DAY_S, DAY_S);
    EVP_PKEY_free(other.key);
    other.key = EVP_RSA_gen(2048); /* of another kind, which OpenSSL keeps in another place */
    const struct {
        const char *name;
        const struct certified *certificate, *key;
        const char *passphrase;
        mode_t mode;
        bool in_one_file, without_certificate;
        const char *want; /* with @ for the key's and # for the certificate's file */
    } cases[] = {
        {"the key of another certificate", &own, &authority, NULL, 0600, false, false,
         "the key in @ is not that of the first certificate in #"},
        {"a key of another kind", &own, &other, NULL, 0600, false, false,
         "the key in @ is not that of the first certificate in #"},
        {"a key with a passphrase asks nobody", &own, &own, "sesame", 0600, false, false,
         "cannot use the key in @: it has a passphrase (openssl pkey writes it without)"},
        {"so in one file", &own, &own, "sesame", 0600, true, false,
         "cannot use the key in #: it has a passphrase (openssl pkey writes it without)"},
        {"others may read the key", &own, &own, NULL, 0644, false, false,
         "refused to read the secret in @: others than its owner and group may use it (chmod 0640 "
         "@)"},
        {"others may read the one file", &own, &own, NULL, 0644, true, false,
         "refused to read the secret in #: others than its owner and group may use it (chmod 0640 "
         "#)"},
        {"no key in its file", &own, NULL, NULL, 0600, false, false,
         "there is no PEM key in @ that OpenSSL can read"},
        {"no key in the one file", &own, NULL, NULL, 0600, true, false,
         "there is no PEM key in # that OpenSSL can read"},
        {"no certificate in its file", NULL, &own, NULL, 0600, false, false,
         "cannot read the certificate in #: no start line"},
        {"no certificate at all", &own, &own, NULL, 0600, false, true,
         "the key in @ is of no use without its certificate (cert_file)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        const bool one = cases[i].in_one_file;
        write_own(own_path, cases[i].certificate, one ? cases[i].key : NULL, cases[i].passphrase);
        write_own(key_path, NULL, cases[i].key, cases[i].passphrase);
        chmod(one ? own_path : key_path, cases[i].mode);
        char want[256], *to = want;
        for (const char *from = cases[i].want; *from != '\0'; from++)
            to += snprintf(to, sizeof want - (size_t)(to - want), "%s",
                           *from == '@'   ? key_path
                           : *from == '#' ? own_path
                                          : (const char[]){*from, '\0'});
        struct err err = {0};
        assert_null(tls_context_create(
            &(const struct tls_settings){.ca_file = ca_path,
                                         .cert_file =
                                             cases[i].without_certificate ? NULL : own_path,
                                         .key_file = one ? NULL : key_path},
            &err));
        assert_string_equal(err.text, want);
    }
    certified_free(&own);
    certified_free(&other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_we_show_of_ourselves),
        cmocka_unit_test(test_keys_that_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
