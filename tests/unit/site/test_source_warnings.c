/* Settings of sources that cancel each other, or that several organizations make a trap of. */
#include "site_cases.h"

/* One line each. */
#define UP                                                                              \
    "upstream \"up\" { server \"a\" { address = \"192.0.2.1:25\" } } listener \"s\" { " \
    "upstream = up }\n"
#define XTEXT "auth_user_encoding = xtext\n"
#define A     "organization \"a\" { domains = {\"a.example\"} sources = {\"l\"} }\n"
#define AB    A "organization \"b\" { domains = {\"b.example\"} sources = {\"m\"} }\n"
#define USERS "source \"u\" { type = users file = users }\n"

/* An ldap source; the settings stand on the line behind it. */
#define LDAP(name, settings)                                                                   \
    "source \"" name "\" { type = ldap uri = \"ldaps://l.example\" base = \"dc=x\"\n" settings \
    " }\n"
#define BARE_TEXT                                                                          \
    "username_attribute: its values have no domain, nor have those of source \"l\": the "  \
    "mail server and the message guard cannot tell an account of organization \"b\" from " \
    "one of \"a\" that is called the same (name an attribute whose values have a domain)\n"

static const struct site_case cases[] = {
    {.name = "app passwords that are taken beside the directory's are kept somewhere",
     .text = UP A LDAP("l", "app_passwords = allow"),
     .want_site = true,
     .want = "t.conf:4: warning: source \"l\": app_passwords: has no effect: they are kept by a "
             "source of type \"users\", and there is none\n"},
    {.name = "app passwords that are the only ones are kept somewhere",
     .text = UP A LDAP("l", "app_passwords = require"),
     .want_site = true,
     .want = "t.conf:4: warning: source \"l\": app_passwords: nobody can log in: they are kept by "
             "a source of type \"users\", and there is none\n"},
    {.name = "app passwords are kept by a users file",
     .text = UP A USERS LDAP("l", "app_passwords = require"),
     .want_site = true,
     .want = ""},
    {.name = "with xtext the directory says what an account is called",
     .text = UP A XTEXT LDAP("l", "scope = one"),
     .want_site = true,
     .want = "t.conf:4: warning: source \"l\": username_attribute: is not set: auth_user_encoding "
             "= \"xtext\" allows letters that a directory finds in several spellings, and each "
             "counts as an account (name the attribute that is the account's one name)\n"},
    {.name = "with xtext and an attribute for it all is well",
     .text = UP A XTEXT LDAP("l", "username_attribute = mail"),
     .want_site = true,
     .want = ""},
    {.name = "names without a domain are one organization's",
     .text = UP AB LDAP("l", "username_attribute = uid") LDAP("m", "username_attribute = mail"),
     .want_site = true,
     .want = ""},
    {.name = "names without a domain are no two organizations'",
     .text = UP AB LDAP("l", "username_attribute = uid") LDAP("m", "username_attribute = cn"),
     .want_site = true,
     .want = "t.conf:7: warning: source \"m\": " BARE_TEXT},
    {.name = "one organization may have two directories with such names",
     .text = UP "organization \"a\" { domains = {\"a.example\"} sources = {\"l\", \"m\"} }\n" LDAP(
         "l", "username_attribute = uid") LDAP("m", "username_attribute = uid"),
     .want_site = true,
     .want = ""},
    {.name = "one directory tells its users apart, whoever has it",
     .text = UP A "organization \"b\" { domains = {\"b.example\"} sources = {\"l\"} }\n" LDAP(
         "l", "username_attribute = uid filter = \"(mail=%u)\""),
     .want_site = true,
     .want = ""},
    {.name = "scope is about searches",
     .text = UP A "source \"l\" { type = ldap uri = \"ldaps://l.example\"\n"
                  "user_dn = \"uid=%n,o=%d,dc=x\"\n"
                  "scope = one }\n",
     .want_site = true,
     .want = "t.conf:5: warning: source \"l\": scope: it has no effect with user_dn: nothing is "
             "searched\n"},
    {.name = "scope is about searches for recipients",
     .text = UP A LDAP("l", "user_dn = \"uid=%n,o=%d,dc=x\" recipient_filter = \"(mail=%u)\" "
                            "scope = one"),
     .want_site = true,
     .want = ""},
    {.name = "trusted authorities are asked with TLS only",
     .text = UP A "source \"l\" { type = smtp server = \"127.0.0.1:25\" tls = none\n"
                  "ca_file = list }\n",
     .want_site = true,
     .want = "t.conf:4: warning: source \"l\": ca_file: it has no effect with tls = \"none\"\n"},
    {.name = "what is remembered for outages is remembered",
     .text = UP A "source \"l\" { type = smtp server = \"mx.example\" cache = 0\n"
                  "cache_when_down = yes }\n",
     .want_site = true,
     .want = "t.conf:4: warning: source \"l\": cache_when_down: right passwords are remembered for "
             "a day all the same, for outages (cache = 0)\n"},
    {.name = "the setting that is wrong is named: a key",
     .text = UP A "source \"l\" { type = imap server = \"mx.example\"\n"
                  "key_file = list }\n",
     .want = "t.conf:4: source \"l\": key_file: the key in list is of no use without its "
             "certificate (cert_file)\n"},
    {.name = "the setting that is wrong is named: authorities",
     .text = UP A "source \"l\" { type = pop3 server = \"mx.example\"\n"
                  "ca_file = nowhere }\n",
     .want = "t.conf:4: source \"l\": ca_file: cannot read the trusted certificates in nowhere: No "
             "such file or directory\n"},
};

int
main(void)
{
    return run_site_program(cases, sizeof cases / sizeof cases[0]);
}
