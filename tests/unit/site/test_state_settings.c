/* Settings of the screen, limits and state sections: what is refused. */
#include <sys/stat.h>

#include "site_cases.h"

#define RATE "is not a number and a time (as \"100/1min\"; \"0\" is no limit)\n"

static const struct site_case cases[] = {
    {.name = "what a screen cannot be",
     .text = TOP ORG SUB "screen {\nmode = warn\nfailures = -1\nwithin = 0\nunknown_names = many\n"
                         "unknown_within = 31d\nbad_recipients = 1000001\n"
                         "same_password_once = twice\naccount_failures = 10/1h\n"
                         "account_within = 999ms }\n",
     .want = "t.conf:5: screen: mode: \"warn\" is unknown (it may be off, monitor or enforce)\n"
             "t.conf:6: screen: failures: \"-1\" is not a number\n"
             "t.conf:7: screen: within: 0 is out of range (1s to 30d)\n"
             "t.conf:8: screen: unknown_names: \"many\" is not a number\n"
             "t.conf:9: screen: unknown_within: 31d is out of range (1s to 30d)\n"
             "t.conf:10: screen: bad_recipients: 1000001 is out of range (0 to 1000000)\n"
             "t.conf:11: screen: same_password_once: \"twice\" is neither true nor false (write "
             "true or "
             "false)\n"
             "t.conf:12: screen: account_failures: \"10/1h\" is not a number\n"
             "t.conf:13: screen: account_within: 999ms is out of range (1s to 30d)\n"},
    {.name = "a set of names has no room for more than 255",
     .text = TOP ORG SUB "screen {\nunknown_names = 256 }\n",
     .want = "t.conf:5: screen: unknown_names: 256 is out of range (0 to 255)\n"},
    {.name = "a limit is a number and a time",
     .text = TOP ORG SUB "limits {\nlogins_per_address = \"10\"\nlogins_per_user = \"/1min\"\n"
                         "addresses_per_user = \"5/\" }\n",
     .want = "t.conf:5: limits: logins_per_address: \"10\" has no time (write \"10/1min\")\n"
             "t.conf:6: limits: logins_per_user: \"/1min\" " RATE
             "t.conf:7: limits: addresses_per_user: \"5/\" " RATE},
    {.name = "and no other text",
     .text = TOP ORG SUB "limits {\nlogins_per_address = \"-1/1min\"\n"
                         "logins_per_user = \"5 / 1min\"\naddresses_per_user = \"5/1min/2\" }\n",
     .want = "t.conf:5: limits: logins_per_address: \"-1/1min\" " RATE
             "t.conf:6: limits: logins_per_user: \"5 / 1min\" " RATE
             "t.conf:7: limits: addresses_per_user: \"5/1min/2\" " RATE},
    {.name = "nor a number without end",
     .text = TOP ORG SUB
     "limits {\nlogins_per_address = \"00000000000000000000000000000000000000000000001/1min\"\n"
     "logins_per_user = \"99999999999999999999/1min\"\naddresses_per_user = x }\n",
     .want = "t.conf:5: limits: logins_per_address: "
             "\"00000000000000000000000000000000000000000000001/1min\" " RATE
             "t.conf:6: limits: logins_per_user: \"99999999999999999999/1min\" " RATE
             "t.conf:7: limits: addresses_per_user: \"x\" " RATE},
    {.name = "within what can be counted",
     .text = TOP ORG SUB "limits {\nlogins_per_address = \"1000001/1min\"\n"
                         "logins_per_user = \"5/31d\"\naddresses_per_user = \"256/1h\" }\n",
     .want = "t.conf:5: limits: logins_per_address: \"1000001/1min\" is out of range (at most "
             "1000000)\n"
             "t.conf:6: limits: logins_per_user: \"5/31d\" is out of range (the time may be 1s to "
             "30d)\n"
             "t.conf:7: limits: addresses_per_user: \"256/1h\" is out of range (at most 255)\n"},
    {.name = "a time of nothing",
     .text = TOP ORG SUB "limits { logins_per_address = \"5/0\"\nlogins_per_user = \"5/10ms\" }\n"
                         "limits { }\n",
     .want = "t.conf:4: limits: logins_per_address: \"5/0\" is out of range (the time may be 1s to "
             "30d)\n"
             "t.conf:5: limits: logins_per_user: \"5/10ms\" is out of range (the time may be 1s to "
             "30d)\n"
             "t.conf:6: limits: may stand only once (the first is at t.conf:4)\n"},
    {.name = "settings of the other engine, where none is named",
     .text = TOP ORG SUB "state {\nurl = \"redis://192.0.2.1\"\nprefix = x }\n",
     .want =
         "t.conf:5: state: url: is not a setting of a state with engine = \"lmdb\" (it needs "
         "\"redis\")\n"
         "t.conf:6: state: prefix: is not a setting of a state with engine = \"lmdb\" (it needs "
         "\"redis\")\n"},
    {.name = "settings of the other engine, where one is",
     .text =
         TOP ORG SUB "state { url = \"redis://192.0.2.1\"\npath = x\nsize = 4M\nengine = redis }\n",
     .want = "t.conf:5: state: path: is not a setting of a state with engine = \"redis\" (it needs "
             "\"lmdb\")\n"
             "t.conf:6: state: size: is not a setting of a state with engine = \"redis\" (it needs "
             "\"lmdb\")\n"},
    {.name = "an engine that is none",
     .text = TOP ORG SUB "state { engine = reddis }\nstate { }\n",
     .want = "t.conf:4: state: engine: \"reddis\" is unknown (did you mean \"redis\"?) (it may be: "
             "lmdb, redis)\n"
             "t.conf:5: state: may stand only once (the first is at t.conf:4)\n"},
    {.name = "what a file cannot be",
     .text = TOP ORG SUB "state { size = 1023k\npath = \"\"\ntimeout = 5ms }\n",
     .want = "t.conf:4: state: size: 1023k is out of range (1M to 1024G)\n"
             "t.conf:5: state: path: is empty (leave the setting out if it is not wanted)\n"
             "t.conf:6: state: timeout: 5ms is out of range (10ms to 10s)\n"},
    {.name = "a password that is not there",
     .text = TOP ORG SUB "state { engine = redis url = \"redis://192.0.2.1\"\n"
                         "password_file = none\nconnections = 0 }\n",
     .want = "t.conf:5: state: password_file: cannot open none: No such file or directory\n"
             "t.conf:6: state: connections: 0 is out of range (1 to 1000)\n"},
    {.name = "a server is somewhere",
     .text = TOP ORG SUB "state { engine = redis }\n",
     .want = "t.conf:4: state: no url (write redis://HOST:PORT or unix:/PATH)\n"},
    {.name = "TLS is not hiredis'",
     .text = TOP ORG SUB "state { engine = redis url = \"rediss://192.0.2.1\" }\n",
     .want =
         "t.conf:4: state: cannot use rediss: (this hiredis has no TLS: write redis:// and "
         "tls = \"implicit\", or go by the server's unix socket, unix:/PATH, or by a TLS tunnel "
         "such as stunnel)\n"},
    {.name = "TLS without what it trusts",
     .text = TOP ORG SUB
     "state { engine = redis url = \"redis://192.0.2.1\" tls = implicit ca_file = none }\n",
     .want = "t.conf:4: state: cannot read the trusted certificates in none: No such file or "
             "directory\n"},
    {.name = "what TLS trusts without TLS",
     .text = TOP ORG SUB "state { engine = redis url = \"redis://192.0.2.1\" tls_verify = no }\n",
     .want = "t.conf:4: state: settings of TLS without TLS (set tls = \"implicit\")\n"},
    {.name = "sentinels know masters by their names",
     .text = TOP ORG SUB "state { engine = redis sentinels = {\"192.0.2.1\"} }\n",
     .want =
         "t.conf:4: state: sentinels without master (set it to the name that they know it by)\n"},
    {.name = "a password that stands in the configuration",
     .text = TOP ORG SUB "state { engine = redis\nurl = \"redis://front:hidden@192.0.2.1/3\" }\n",
     .want_site = true,
     .want =
         "t.conf:5: warning: state: url: has a password in it, which whoever may read this file "
         "knows (put it into a file of its own and name that in password_file)\n"},
};

static void
test_problems(void **state)
{
    (void)state;
    run_site_cases(cases, sizeof cases / sizeof cases[0]);
}

/* The file that the cases write is everybody's to read. */
static void
test_open_password(void **state)
{
    (void)state;
    const struct site_case open = {
        .name = "a password that others can read",
        .text = TOP ORG SUB
        "state { engine = redis url = \"redis://192.0.2.1\" password_file = list }\n",
        .list = "secret\n",
        .want = "t.conf:4: state: password_file: refused to read the secret in list: others than "
                "its owner and group may use it (chmod 0640 list)\n",
    };
    write_text("list", "");
    assert_int_equal(chmod("list", 0644), 0);
    run_site_cases(&open, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_open_password),
    };
    return cmocka_run_group_tests(tests, enter_scratch, remove_scratch);
}
