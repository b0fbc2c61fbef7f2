/* Whole sites: the problems that one run finds, and what is built of a good configuration. */
#include <dirent.h>
#include <sys/stat.h>

#include "site_cases.h"

#define UP       "upstream \"up\" { server \"a\" { address = \"mta.invalid:25\" } check = tcp }\n"
#define ACME     "organization \"acme\" { domains = {\"acme.example\"} upstream = up }\n"
#define USERS    "source \"u\" { type = users file = users }\n"
#define LISTENER "listener \"sub\" { upstream = up }\n"

static const struct site_case cases[] = {
    {.name = "a small site has no problems",
     .text = UP ACME USERS LISTENER,
     .want_site = true,
     .want = ""},
    {.name = "a site without a listener is refused",
     .text = UP ACME USERS,
     .want = "t.conf:1: there is no listener (write listener \"NAME\" { ... } for each port of the "
             "front door)\n"},
    {.name = "references that lead nowhere get suggestions",
     .no_users = true,
     .text = UP USERS "list \"office\" { kind = ip entries = {\"192.0.2.1\"} }\n"
                      "listener \"sub\" { upstream = pu\n upstream_inbound = nowhere\n"
                      "auth_ips = \"allow offcie\"\n auth_users = \"deny x\" }\n"
                      "organization \"acme\" { domains = {\"acme.example\"} upstream = upp\n"
                      "sources = {\"u\",\n\"v\"} auth_users = \"allow office\" }\n",
     .want = "t.conf:2: source \"u\": file: cannot open users: No such file or directory\n"
             "t.conf:4: listener \"sub\": upstream: there is no upstream \"pu\" (did you mean "
             "\"up\"?)\n"
             "t.conf:5: listener \"sub\": upstream_inbound: there is no upstream \"nowhere\"\n"
             "t.conf:6: listener \"sub\": auth_ips: there is no list \"offcie\" (did you mean "
             "\"office\"?)\n"
             "t.conf:7: listener \"sub\": auth_users: there is no list \"x\"\n"
             "t.conf:8: organization \"acme\": upstream: there is no upstream \"upp\" (did you "
             "mean \"up\"?)\n"
             "t.conf:10: organization \"acme\": auth_users: list \"office\" is of kind \"ip\" (a "
             "list of kind \"user\" is needed)\n"
             "t.conf:10: organization \"acme\": sources: there is no source \"v\"\n"},
    {.name = "mistakes in settings do not hide mistakes in references, and are not repeated there",
     .text =
         UP ACME USERS "list \"office\" { kind = pi entries = {\"192.0.2.1\"} }\n"
                       "listener \"sub\" { auth = onn upstream = pu auth_ips = \"allow office\" }\n"
                       "listener \"sub\" { }\nlistener { upstream = up }\n",
     .want = "t.conf:4: list \"office\": kind: \"pi\" is not ip, user, certificate or owners (did "
             "you mean "
             "\"ip\"?)\n"
             "t.conf:5: listener \"sub\": auth: \"onn\" is not off, encrypted or on (did you mean "
             "\"on\"?)\n"
             "t.conf:5: listener \"sub\": upstream: there is no upstream \"pu\" (did you mean "
             "\"up\"?)\n"
             "t.conf:6: listener \"sub\": this name is taken (the first is at t.conf:5)\n"
             "t.conf:7: listener: a name is missing (write listener \"NAME\" {)\n"},
    {.name = "two organizations cannot own one domain",
     .text = UP USERS LISTENER ACME "organization \"evil\" {\n domains = {\"evil.example\",\n"
                                    " \"ACME.example\"} upstream = up }\n",
     .want = "t.conf:7: organization \"evil\": domains: the domain \"ACME.example\" belongs to "
             "organization \"acme\" already, by t.conf:4\n"},
    {.name = "a domain must be one",
     .text = UP USERS LISTENER "organization \"a\" { domains = {\"a..b\"} }\n"
                               "organization \"b\" { domains = {} }\norganization \"c\" { }\n",
     .want = "t.conf:4: organization \"a\": domains: \"a..b\": the domain is empty or has an empty "
             "label\n"
             "t.conf:5: organization \"b\": domains: is empty (at least one is needed)\n"
             "t.conf:6: organization \"c\": domains: is missing (it must be set)\n"},
    {.name = "access values are any, allow LIST and deny LIST",
     .text = UP ACME USERS "listener \"sub\" { upstream = up auth_ips = \"office\"\n"
                           "auth_users = \"allow\" }\n",
     .want = "t.conf:4: listener \"sub\": auth_ips: \"office\" is unknown (write \"any\", \"allow "
             "LIST\" or \"deny LIST\")\n"
             "t.conf:5: listener \"sub\": auth_users: \"allow\" is unknown (write \"any\", \"allow "
             "LIST\" or \"deny LIST\")\n"},
    {.name = "the socket's mode is octal and its path fits a socket",
     .text = "socket_mode = 0680\nsocket = "
             "\"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/"
             "p/q/r/s/t/u/v/w/x/y/z/a/b\"\n" UP ACME USERS LISTENER,
     .want = "t.conf:1: socket_mode: \"0680\" is not a mode (write it in octal, as \"0660\")\n"
             "t.conf:2: socket: "
             "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/"
             "p/q/r/s/t/u/v/w/x/y/z/a/b is too long for a socket (at most 107 bytes)\n"},
    {.name = "bad entries of a list and of its file are all named",
     .text = UP ACME USERS LISTENER
     "list \"l\" { kind = ip entries = {\"192.0.2.1\",\n\"192.0.2.1/24\"}\n"
     "file = list }\n",
     .list = "# good\n192.0.2.9\n300.1.1.1\n",
     .want = "list:3: list \"l\": not an IPv4 or IPv6 address\n"
             "t.conf:6: list \"l\": entries: \"192.0.2.1/24\": the address has bits set behind its "
             "first 24 (perhaps 192.0.2.0/24)\n"},
    {.name = "a list's file that is not there",
     .text = UP ACME USERS LISTENER
     "list \"l\" { kind = ip file = none }\nlist \"m\" { kind = user }\n",
     .want =
         "t.conf:5: list \"l\": file: cannot open none: No such file or directory\n"
         "t.conf:6: list \"m\": has neither entries nor a file (an empty list is entries = {})\n"},
    {.name = "what is hardly meant is warned about",
     .text =
         UP ACME "listener \"sub\" { default_domain = Other.Example\n auth_users = \"allow none\" "
                 "upstream_inbound = in }\n"
                 "listener \"mx\" { auth = off require_auth = yes\n auth_ips = \"deny ips\" "
                 "upstream_inbound = up }\n"
                 "organization \"lost\" { domains = {\"lost.example\"} }\n"
                 "list \"none\" { kind = user entries = {} }\n"
                 "list \"ips\" { kind = ip entries = {\"192.0.2.1\"} }\n"
                 "list \"spare\" { kind = ip entries = {\"192.0.2.1\"} }\n"
                 "upstream \"spare\" { server \"a\" { address = \"192.0.2.1:25\" } }\n"
                 "source \"spare\" { type = ldap uri = \"ldaps://l.example\" base = \"dc=x\" }\n"
                 "upstream \"in\" { server \"a\" { address = \"192.0.2.1:25\" } }\n"
                 "listener \"web\" { }\n",
     .want_site = true,
     .want =
         "t.conf:2: warning: organization \"acme\": has no sources, and there is none of type "
         "users: nobody of it can log in\n"
         "t.conf:3: warning: listener \"sub\": upstream: is not set, and organization \"lost\" "
         "has none either: its users can log in but go nowhere\n"
         "t.conf:3: warning: listener \"sub\": default_domain: no organization owns "
         "\"other.example\"\n"
         "t.conf:4: warning: listener \"sub\": auth_users: list \"none\" is empty: nobody "
         "passes\n"
         "t.conf:5: warning: listener \"mx\": require_auth: every session is refused: auth is "
         "off\n"
         "t.conf:6: warning: listener \"mx\": auth_ips: has no effect while auth is off\n"
         "t.conf:6: warning: listener \"mx\": upstream_inbound: \"up\" takes those who may relay, "
         "too: whoever gets there without that right must not be able to relay (give them an "
         "upstream of their own)\n"
         "t.conf:7: warning: organization \"lost\": has no sources, and there is none of type "
         "users: nobody of it can log in\n"
         "t.conf:10: warning: list \"spare\": is never used\n"
         "t.conf:11: warning: upstream \"spare\": is never used\n"
         "t.conf:12: warning: source \"spare\": is never used\n"},
    {.name = "a listener without logins needs its default domain for <postmaster>",
     .text = UP USERS "organization \"acme\" { domains = {\"acme.example\"} }\n"
                      "listener \"mx\" { auth = off upstream_inbound = up default_domain = "
                      "acme.example }\n",
     .want_site = true,
     .want = ""},
    {.name = "a listener that lets nobody through",
     .text = UP ACME USERS LISTENER "listener \"shut\" { auth = off }\n",
     .want_site = true,
     .want = "t.conf:5: warning: listener \"shut\": upstream_inbound: is not set, and auth is off: "
             "nobody gets through\n"},
    {.name = "sources that are named twice or need not be",
     .text = UP USERS LISTENER
     "source \"l\" { type = ldap uri = \"ldaps://l.example\" base = \"dc=x\" }\n"
     "organization \"a\" { domains = {\"a.example\"}\nsources = {\"l\", \"u\",\n\"l\"} }\n",
     .want = "t.conf:6: warning: organization \"a\": sources: source \"u\" need not be named: it "
             "is asked first for every organization\n"
             "t.conf:7: organization \"a\": sources: source \"l\" is named twice\n"},
};

static void
test_problems(void **state)
{
    (void)state;
    run_site_cases(cases, sizeof cases / sizeof cases[0]);
}

static size_t
count_threads(void)
{
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    while (readdir(tasks) != NULL)
        count++;
    closedir(tasks);
    return count;
}

static void
test_built(void **state)
{
    (void)state;
    size_t threads_before = count_threads();
    write_text("list", "Boss@acme.example # him too\n");
    write_text("users", "");
    write_text("t.conf",
               "failure_delay = 1500ms socket = s.sock socket_mode = 0600\n"
               "log_format = json log_level = debug auth_user_encoding = xtext dns_servers = "
               "{192.0.2.53, \"[2001:db8::53]:5353\"}\n" UP USERS
               "listener \"sub\" { auth = on methods = plain default_domain = ACME.example\n"
               "  require_tls = yes\n auth_users = \"deny  robots\"\n upstream = up }\n"
               "organization \"acme\" { domains = {\"acme.example\", \"*.acme.example\"} "
               "upstream = up }\n"
               "list \"robots\" { kind = user file = list }\n");
    struct site *site = load_good("t.conf", "");
    assert_int_equal(count_threads(), threads_before);
    assert_string_equal(site->settings.socket, "s.sock");
    assert_int_equal(site->settings.socket_mode, 0600);
    assert_null(site->settings.socket_group);
    assert_int_equal(site->settings.max_sessions, 10000);
    assert_int_equal(site->settings.session_timeout_ms, 25000);
    assert_int_equal(site->settings.log_format, LOG_JSON);
    assert_int_equal(site->settings.log_level, LOG_DEBUG);
    assert_string_equal(site->settings.dns_servers, "192.0.2.53,[2001:db8::53]:5353");
    assert_int_equal(site->settings.decide.failure_delay_s, 2);
    assert_int_equal(site->settings.decide.max_attempts, 3);
    assert_int_equal(site->settings.decide.encoding, USERNAME_XTEXT);

    const struct listener *listener = tenancy_listener(site->tenancy, "sub");
    assert_non_null(listener);
    assert_int_equal(listener->auth, AUTH_ON);
    assert_int_equal(listener->methods, METHOD_BIT(METHOD_PLAIN));
    assert_true(listener->require_tls);
    assert_int_equal(listener->require_tls_origin.line, 6);
    assert_int_equal(listener->require_auth_origin.line, 5);
    assert_int_equal(listener->auth_ips.mode, ACCESS_ANY);
    assert_int_equal(listener->auth_users.mode, ACCESS_DENY);
    assert_int_equal(listener->auth_users.origin.line, 7);
    assert_string_equal(listener->default_domain, "acme.example");
    assert_string_equal(upstream_name(listener->upstream), "up");
    assert_null(listener->upstream_inbound);

    struct list_hit hit;
    assert_int_equal(list_match_name(listener->auth_users.list, "boss@acme.example", &hit),
                     LIST_MATCH);
    assert_string_equal(hit.origin.file, "list");

    struct decision decision = {.organization = tenancy_owner(site->tenancy, "x.acme.example")};
    assert_non_null(decision.organization);
    assert_ptr_equal(site_chain(site, &decision), decision.organization->sources);
    decision.organization = NULL;
    assert_ptr_equal(site_chain(site, &decision), site->users_chain);

    assert_ptr_equal(site_hold(site), site);
    site_drop(site);
    assert_string_equal(conf_path(site->conf), "t.conf"); /* the other reference holds it */
    site_drop(site);
    site_drop(NULL);
}

static void
test_example(void **state)
{
    (void)state;
    assert_int_equal(mkdir("lists", 0700), 0);
    assert_int_equal(mkdir("secrets", 0700), 0);
    write_text("lists/branch-offices", "203.0.113.0/24\n");
    write_text("secrets/acme-ldap", "secret\n");
    chmod("secrets/acme-ldap", 0600);
    write_text("users", "");
    assert_int_equal(symlink(EXAMPLE, "mailreeve.conf"), 0);
    struct site *site = load_good("mailreeve.conf", "");

    /* Every setting there is must be in it. */
    char *printed = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&printed, &size);
    conf_print_manual(&site_section, memory);
    fclose(memory);
    FILE *file = fopen(EXAMPLE, "rb");
    assert_non_null(file);
    static char example[1 << 16];
    example[fread(example, 1, sizeof example - 1, file)] = '\0';
    fclose(file);
    char *rest = printed;
    for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
        char name[64], written[80];
        if (sscanf(line, ".BR %63s", name) != 1)
            continue;
        snprintf(written, sizeof written, "%s = ", name);
        if (strstr(example, written) == NULL)
            fail_msg("%s is not in the example", name);
    }
    free(printed);
    site_drop(site);
}

static void
print_to(const struct site *site, const char *path)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    conf_print(site->conf, file);
    fclose(file);
}

/* What `check --print` prints is a configuration that means the same. Returns what is printed. */
static const char *
check_printed(const char *path)
{
    static char first[1 << 16], second[1 << 16];
    struct site *site = load_good(path, "");
    print_to(site, "printed.conf");
    site_drop(site);
    site = load_good("printed.conf", "");
    print_to(site, "again.conf");
    site_drop(site);

    FILE *file = fopen("printed.conf", "rb");
    size_t first_size = fread(first, 1, sizeof first - 1, file);
    fclose(file);
    file = fopen("again.conf", "rb");
    size_t second_size = fread(second, 1, sizeof second, file);
    fclose(file);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    first[first_size] = '\0';
    return first;
}

static void
test_print(void **state)
{
    (void)state;
    const char *printed = check_printed("mailreeve.conf");
    assert_null(strstr(printed, "secret\n")); /* the secret's file, never the secret */
    assert_non_null(strstr(printed, "bind_password_file = \"secrets/acme-ldap\""));
    assert_non_null(strstr(printed, "\nscreen {\n    mode = \"enforce\"  # default\n"));
    assert_non_null(strstr(printed, "\n    logins_per_address = \"100/1min\"\n"));
    assert_non_null(strstr(printed, "\nstate {\n    engine = \"lmdb\"\n"
                                    "    path = \"/var/lib/mailreeve\"  # default\n"));
}

/* What the example cannot have in effect. */
static void
test_print_the_others(void **state)
{
    (void)state;
    write_text("users", "");
    write_text("t.conf", UP ACME USERS LISTENER
               "state { engine = redis sentinels = {\"192.0.2.1\", \"192.0.2.2:1\"} master = m\n"
               "url = \"redis://front@localhost/2\" password_file = \"secrets/acme-ldap\" }\n"
               "screen { mode = monitor failures = 0 never = \"\" ban = 2h }\n"
               "limits { addresses_per_user = \"5/1h\" }\n"
               "upstream \"fast\" { check = tcp interval = 1s server \"a\" { address = "
               "\"192.0.2.1:25\" } }\n"
               "listener \"mx\" { auth = off upstream_inbound = fast }\n"
               "alert \"a\" { events = {hijack, store-down} command = \"/bin/true 'a b'\" }\n");
    const char *printed = check_printed("t.conf");
    assert_non_null(strstr(printed, "\nstate {\n    engine = \"redis\"\n"));
    assert_non_null(strstr(printed, "    sentinels = {\"192.0.2.1\", \"192.0.2.2:1\"}\n"));
    assert_non_null(strstr(printed, "    mode = \"monitor\"\n    failures = 0\n"));
    assert_non_null(strstr(printed, "    logins_per_user = \"0/1min\"  # default\n"));
    assert_non_null(
        strstr(printed, "\nalert \"a\" {\n    events = {\"store-down\", \"hijack\"}\n"));
}

static int
remove_all(void **state)
{
    static const char *const names[] = {"lists/branch-offices", "again.conf", "printed.conf",
                                        "mailreeve.conf", "secrets/acme-ldap"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(names[i]);
    rmdir("lists");
    rmdir("secrets");
    return remove_scratch(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),         cmocka_unit_test(test_built),
        cmocka_unit_test(test_example),          cmocka_unit_test(test_print),
        cmocka_unit_test(test_print_the_others),
    };
    return cmocka_run_group_tests(tests, enter_scratch, remove_all);
}
