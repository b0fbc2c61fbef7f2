/* How clients of a listener may log in: challenges need clear passwords, EXTERNAL certificates. */
#include <sys/stat.h>

#include "certificates.h"
#include "site_cases.h"

#define LDAP                                                                           \
    "source \"l\" { type = ldap uri = \"ldaps://l.example\" base = \"dc=x\" filter = " \
    "\"(mail=%u)\" }\n"
#define FETCH                                                                          \
    "source \"f\" { type = ldap uri = \"ldaps://l.example\" base = \"dc=x\" filter = " \
    "\"(mail=%u)\" password = fetch bind_dn = \"cn=m\" bind_password_file = secret }\n"
#define UP "upstream \"up\" { server \"a\" { address = \"192.0.2.1:25\" } }\n"
#define NO_CLEAR                                                                               \
    "no source knows a password in clear, which it needs (a users file with {PLAIN}, or ldap " \
    "with "                                                                                    \
    "password = \"fetch\"; or use plain, with TLS)\n"

static const struct site_case cases[] = {
    {.name = "a listener has a method at least",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in\nmethods = {} }\n",
     .want = "t.conf:4: listener \"sub\": methods: is empty (to let nobody log in, write auth = "
             "\"off\")\n"},
    {.name = "challenges where no source knows a password in clear",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "methods = {cram-md5, apop} }\n",
     .want = "t.conf:4: listener \"sub\": methods: cram-md5 is not possible: " NO_CLEAR
             "t.conf:4: listener \"sub\": methods: apop is not possible: " NO_CLEAR},
    {.name = "challenges where the users file has passwords as hashes alone",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "methods = cram-md5 }\n",
     .users = "boss@acme.example:{SSHA}8ppVFbzRLHiEGPn7yGRhsVSHpMMMnKdq\n",
     .want = "t.conf:4: listener \"sub\": methods: cram-md5 is not possible: " NO_CLEAR},
    {.name = "challenges where the users file has a password in clear",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in\n"
                     "methods = {plain, cram-md5, apop} }\n",
     .users = "boss@acme.example:{PLAIN}secret\n",
     .want_site = true,
     .want = ""},
    {.name = "challenges where a directory gives passwords away",
     .text = UP FETCH "listener \"sub\" { upstream = up methods = {plain, cram-md5} }\n"
                      "organization \"acme\" { domains = {\"acme.example\"} sources = {\"f\"} }\n",
     .want_site = true,
     .want = ""},
    {.name = "challenges that only one organization can answer",
     .text = UP FETCH LDAP
     "listener \"sub\" { upstream = up\nmethods = {plain, cram-md5} }\n"
     "organization \"acme\" { domains = {\"acme.example\"} sources = {\"f\"} }\n"
     "organization \"branch\" { domains = {\"branch.example\"} sources = {\"l\"} }\n"
     "organization \"office\" { domains = {\"office.example\"} sources = {\"l\"} }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"sub\": methods: nobody of organization \"branch\" can "
             "log in by cram-md5: none of its sources knows passwords in clear\n"},
    {.name = "external with certificates",
     .text = TOP ORG PHONES "listener \"sub\" { upstream = up upstream_inbound = in methods = "
                            "{plain, external} certificates = phones }\n",
     .want_site = true,
     .want = ""},
    {.name = "external without certificates",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in\nmethods = external "
                     "}\n",
     .want = "t.conf:4: listener \"sub\": methods: external is not possible without certificates "
             "(a list of kind \"certificate\" that says whose they are)\n"},
    {.name = "certificates without external",
     .text = TOP ORG PHONES "listener \"sub\" { upstream = up upstream_inbound = in\n"
                            "certificates = phones }\n",
     .want = "t.conf:5: listener \"sub\": certificates: needs external in methods (methods = "
             "{\"plain\", \"external\"})\n"},
    {.name = "a list of names is none of certificates",
     .text = TOP ORG STAFF "listener \"sub\" { upstream = up upstream_inbound = in methods = "
                           "external\ncertificates = staff }\n",
     .want = "t.conf:5: listener \"sub\": certificates: list \"staff\" is of kind \"user\" (a list "
             "of kind \"certificate\" is needed)\n"},
    {.name = "a list of certificates is none of names",
     .text = TOP ORG PHONES "listener \"sub\" { upstream = up upstream_inbound = in\n"
                            "auth_users = \"allow phones\" }\n",
     .want = "t.conf:5: listener \"sub\": auth_users: list \"phones\" is of kind \"certificate\" "
             "(a list of kind \"user\" is needed)\n"},
    {.name = "an empty list of certificates",
     .text = TOP ORG "list \"none\" { kind = certificate entries = {} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in methods = {plain, "
                     "external}\ncertificates = none }\n",
     .want_site = true,
     .want =
         "t.conf:5: warning: listener \"sub\": certificates: list \"none\" is empty: nobody can "
         "log in by external\n"},
    {.name = "bad entries of a list of certificates, in its file too",
     .text = TOP ORG "list \"phones\" { kind = certificate file = list\n"
                     "entries = {\"boss@acme.example CN=Boss\",\n\"boss@acme.example\",\n"
                     "\"eve@acme.example CN=Boss\"} }\n"
                     "listener \"sub\" { upstream = up upstream_inbound = in methods = external "
                     "certificates = phones }\n",
     .list = "# ours\nvan CN=Van\nvan 8f:43\n",
     .want =
         "list:3: list \"phones\": a certificate is a SHA-1 fingerprint (40 hexadecimal digits) or "
         "a subject (CN=Boss,O=Acme)\n"
         "t.conf:5: list \"phones\": entries: \"boss@acme.example\": an entry is a user name, a "
         "space, and a fingerprint or subject\n"
         "t.conf:6: list \"phones\": entries: \"eve@acme.example CN=Boss\": the certificate is "
         "that of \"boss@acme.example\" already (t.conf:4)\n"},
    {.name = "a list of certificates that nobody names",
     .text = TOP ORG SUB PHONES,
     .want_site = true,
     .want = "t.conf:4: warning: list \"phones\": is never used\n"},
    {.name = "what concerns logins has no effect while auth is off",
     .text = TOP ORG PHONES SUB
     "listener \"mx\" { auth = off upstream_inbound = in methods = external\n"
     "certificates = phones\nproxy_smtp_auth = yes }\n",
     .want_site = true,
     .want = "t.conf:6: warning: listener \"mx\": certificates: has no effect while auth is off\n"
             "t.conf:7: warning: listener \"mx\": proxy_smtp_auth: has no effect while auth is "
             "off\n"},
    {.name = "nginx logs in for those who may not relay, too",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in relay = none\n"
                     "proxy_smtp_auth = yes }\n"
                     "listener \"some\" { upstream = up upstream_inbound = in\n"
                     "relay = organizations relay_organizations = {acme}\n"
                     "proxy_smtp_auth = yes }\n",
     .want_site = true,
     .want = "t.conf:4: warning: listener \"sub\": proxy_smtp_auth: nginx logs in at \"in\", "
             "too, for users without the right to relay: it must take their passwords, and relay "
             "for nobody who has logged in\n"
             "t.conf:7: warning: listener \"some\": proxy_smtp_auth: nginx logs in at \"in\", "
             "too, for users without the right to relay: it must take their passwords, and relay "
             "for nobody who has logged in\n"},
    {.name = "nginx logs in only where all who log in may relay",
     .text = TOP ORG "listener \"sub\" { upstream = up upstream_inbound = in proxy_smtp_auth = "
                     "yes }\n",
     .want_site = true,
     .want = ""},
};

static void
test_problems(void **state)
{
    (void)state;
    write_text("secret", "secret\n");
    chmod("secret", 0600);
    run_site_cases(cases, sizeof cases / sizeof cases[0]);
    unlink("secret");
}

static void
test_what_is_built(void **state)
{
    (void)state;
    write_text("users", "");
    write_text("list", "van@acme.example CN=Van,O=Acme\n");
    write_text("t.conf",
               TOP ORG "list \"phones\" { kind = certificate file = list entries = {\"boss "
                       "CN=Boss\"} }\n"
                       "listener \"a\" { upstream = up upstream_inbound = in }\n"
                       "listener \"b\" { upstream = up upstream_inbound = in\n"
                       "methods = {plain, external}\ncertificates = phones\n"
                       "proxy_smtp_auth = yes }\n");
    struct site *site = load_good("t.conf", "");
    const struct listener *a = tenancy_listener(site->tenancy, "a"),
                          *b = tenancy_listener(site->tenancy, "b");
    assert_int_equal(a->methods, METHOD_BIT(METHOD_PLAIN));
    assert_null(a->certificates);
    assert_int_equal(a->certificates_origin.line, 4);
    assert_false(a->proxy_smtp_auth);

    assert_int_equal(b->methods, METHOD_BIT(METHOD_PLAIN) | METHOD_BIT(METHOD_EXTERNAL));
    assert_int_equal(b->methods_origin.line, 6);
    assert_int_equal(b->certificates_origin.line, 7);
    assert_true(b->proxy_smtp_auth);
    const struct certificate *van = certificates_find(b->certificates, NULL, "CN=Van,O=Acme");
    assert_string_equal(van->user, "van@acme.example");
    assert_string_equal(van->origin.file, "list");
    assert_int_equal(certificates_find(b->certificates, NULL, "CN=Boss")->origin.line, 3);
    site_drop(site);
}

static void
test_sources_are_listed(void **state)
{
    (void)state;
    write_text("users", "");
    write_text("t.conf", TOP ORG SUB "source \"d\" { type = smtp server = \"mx.example:25\" }\n"
                                     "organization \"b\" { domains = {\"b.example\"} sources = "
                                     "{\"d\"} }\n");
    struct site *site = load_good("t.conf", "");
    assert_string_equal(source_name(site_source(site, 0)), "u");
    assert_string_equal(source_name(site_source(site, 1)), "d");
    assert_null(site_source(site, 2));
    assert_int_equal(site_flush(site, NULL), 0);
    assert_int_equal(site_flush(site, "boss@acme.example"), 0);
    site_drop(site);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_what_is_built),
        cmocka_unit_test(test_sources_are_listed),
    };
    return cmocka_run_group_tests(tests, enter_scratch, remove_scratch);
}
