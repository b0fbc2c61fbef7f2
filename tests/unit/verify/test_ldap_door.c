/* What is made of the answers to a bind, a compare and a search: whole, cut or nonsense. */
#include "ldap_play.h"

static enum ldap_answer
try_bind(const struct play *script, enum verify_outcome *outcome_r, struct err *err)
{
    struct stage stage;
    struct secret password;
    secret_init(&password);
    secret_set(&password, "pw", 2);
    begin(&stage, script);
    enum ldap_answer answer =
        ldap_link_bind(stage.link, "cn=a", &password, stage.deadline, outcome_r, &stage.err);
    end(&stage);
    secret_fini(&password);
    *err = stage.err;
    return answer;
}

static enum ldap_answer
try_compare(const struct play *script, struct err *err)
{
    struct stage stage;
    struct secret password;
    secret_init(&password);
    secret_set(&password, "pw", 2);
    begin(&stage, script);
    enum ldap_answer answer = ldap_link_compare(stage.link, "cn=a", "userPassword", &password,
                                                stage.deadline, &stage.err);
    end(&stage);
    secret_fini(&password);
    *err = stage.err;
    return answer;
}

#define BIND(code)    "\x61\x07\x0a\x01" code "\x04\x00\x04\x00"
#define COMPARE(code) "\x6f\x07\x0a\x01" code "\x04\x00\x04\x00"
#define POLICY_CONTROL(value) \
    "\x04\x19"                \
    "1.3.6.1.4.1.42.2.27.8.5.1" value
#define LOCKED   "\xa0\x24\x30\x22" POLICY_CONTROL("\x04\x05\x30\x03\x81\x01\x01")
#define CHANGE   "\xa0\x24\x30\x22" POLICY_CONTROL("\x04\x05\x30\x03\x81\x01\x02")
#define WARNED   "\xa0\x26\x30\x24" POLICY_CONTROL("\x04\x07\x30\x05\xa0\x03\x81\x01\x02")
#define NONSENSE "\xa0\x22\x30\x20" POLICY_CONTROL("\x04\x03\x30\x03\x81")

static const struct bind_case {
    const char *name;
    struct play play;
    enum ldap_answer want;
    enum verify_outcome want_outcome;
    const char *want_err;
} binds[] = {
    {"right", {{BYTES(BIND("\x00"))}, WHOLE}, LDAP_ANSWER_YES, VERIFY_OK, ""},
    {"right, with a warning",
     {{BYTES(BIND("\x00") WARNED)}, WHOLE},
     LDAP_ANSWER_YES,
     VERIFY_OK,
     ""},
    {"wrong",
     {{BYTES(BIND("\x31"))}, WHOLE},
     LDAP_ANSWER_NO,
     VERIFY_WRONG_PASSWORD,
     "bind: Invalid credentials (49): wrong password"},
    {"locked",
     {{BYTES(BIND("\x31") LOCKED)}, WHOLE},
     LDAP_ANSWER_NO,
     VERIFY_LOCKED,
     "bind: Invalid credentials (49): locked"},
    {"right, but to be changed",
     {{BYTES(BIND("\x00") CHANGE)}, WHOLE},
     LDAP_ANSWER_NO,
     VERIFY_MUST_CHANGE,
     "bind: Success (0): password must be changed"},
    {"unwilling with the server's words",
     {{BYTES("\x61\x29\x0a\x01\x35\x04\x00\x04\x22"
             "NDS error: log account expired (-2")},
      WHOLE},
     LDAP_ANSWER_FAILED,
     VERIFY_UNAVAILABLE,
     "bind: Server is unwilling to perform (53): NDS error: log account expired (-2"},
    {"busy",
     {{BYTES(BIND("\x33"))}, WHOLE},
     LDAP_ANSWER_BROKEN,
     VERIFY_UNAVAILABLE,
     "bind: Server is busy (51)"},
    {"a policy that makes no sense",
     {{BYTES(BIND("\x00") NONSENSE)}, WHOLE},
     LDAP_ANSWER_BROKEN,
     VERIFY_UNAVAILABLE,
     "bind: the answer makes no sense"},
    {"the answer to a compare",
     {{BYTES(COMPARE("\x00"))}, WHOLE},
     LDAP_ANSWER_BROKEN,
     VERIFY_UNAVAILABLE,
     "bind: the answer makes no sense"},
    {"a search's result",
     {{BYTES("\x65\x07\x0a\x01\x00\x04\x00\x04\x00")}, WHOLE},
     LDAP_ANSWER_BROKEN,
     VERIFY_UNAVAILABLE,
     "bind: the answer makes no sense"},
};

static void
test_bind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof binds / sizeof binds[0]; i++) {
        enum verify_outcome outcome;
        struct err err;
        print_message("%s\n", binds[i].name);
        assert_int_equal(try_bind(&binds[i].play, &outcome, &err), binds[i].want);
        assert_int_equal(outcome, binds[i].want_outcome);
        assert_string_equal(err.text, binds[i].want_err);
    }
}

static void
test_bind_cut_at_every_byte_is_never_right(void **state)
{
    (void)state;
    struct play play = {{BYTES(BIND("\x00") WARNED)}, WHOLE};
    const long whole = 4 + 6 + (long)play.messages[0].length;
    for (play.send = 0; play.send <= whole; play.send++) {
        enum verify_outcome outcome;
        struct err err;
        enum ldap_answer want = play.send == whole ? LDAP_ANSWER_YES : LDAP_ANSWER_BROKEN;
        if (try_bind(&play, &outcome, &err) != want)
            fail_msg("%ld bytes: %s", play.send, err.text);
    }
}

static const struct compare_case {
    const char *name;
    struct play play;
    enum ldap_answer want;
    const char *want_err;
} compares[] = {
    {"true", {{BYTES(COMPARE("\x06"))}, WHOLE}, LDAP_ANSWER_YES, ""},
    {"false", {{BYTES(COMPARE("\x05"))}, WHOLE}, LDAP_ANSWER_NO, "compare: Compare False (5)"},
    {"success is no answer to a compare",
     {{BYTES(COMPARE("\x00"))}, WHOLE},
     LDAP_ANSWER_FAILED,
     "compare: Success (0)"},
    {"no such attribute",
     {{BYTES(COMPARE("\x10"))}, WHOLE},
     LDAP_ANSWER_FAILED,
     "compare: No such attribute (16)"},
    {"invalid credentials say nothing about what is compared",
     {{BYTES(COMPARE("\x31"))}, WHOLE},
     LDAP_ANSWER_FAILED,
     "compare: Invalid credentials (49)"},
    {"unavailable",
     {{BYTES(COMPARE("\x34"))}, WHOLE},
     LDAP_ANSWER_BROKEN,
     "compare: Server is unavailable (52)"},
    {"the answer to a bind",
     {{BYTES(BIND("\x06"))}, WHOLE},
     LDAP_ANSWER_BROKEN,
     "compare: the answer makes no sense"},
    {"cut",
     {{BYTES(COMPARE("\x06"))}, 18},
     LDAP_ANSWER_BROKEN,
     "compare: read: the server closed the connection"},
};

static void
test_compare(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof compares / sizeof compares[0]; i++) {
        struct err err;
        print_message("%s\n", compares[i].name);
        assert_int_equal(try_compare(&compares[i].play, &err), compares[i].want);
        assert_string_equal(err.text, compares[i].want_err);
    }
}

#define TOO_MANY "\x65\x07\x0a\x01\x04\x04\x00\x04\x00"

static void
test_values_are_what_they_are(void **state)
{
    (void)state;
    const struct play script = {{BYTES("\x64\x35\x04\x04"
                                       "cn=a"
                                       "\x30\x2d"
                                       "\x30\x11\x04\x02"
                                       "pw"
                                       "\x31\x0b\x04\x03"
                                       "a\x00"
                                       "b"
                                       "\x04\x00\x04\x02"
                                       "\x00\xff"
                                       "\x30\x09\x04\x05"
                                       "mails"
                                       "\x31\x00"
                                       "\x30\x0d\x04\x04"
                                       "mail"
                                       "\x31\x05\x04\x03"
                                       "a@b"),
                                 BYTES(DONE)},
                                WHOLE};
    struct stage stage;
    struct ldap_found found;
    begin(&stage, &script);
    assert_int_equal(search(&stage, &found), LDAP_ANSWER_YES);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.dn, "cn=a");
    assert_int_equal(found.values[0].count, 1);
    assert_string_equal(found.values[0].items[0].bytes, "a@b");
    assert_int_equal(found.values[1].count, 3);
    assert_int_equal(found.values[1].items[0].length, 3);
    assert_memory_equal(found.values[1].items[0].bytes, "a\0b", 4);
    assert_int_equal(found.values[1].items[1].length, 0);
    assert_int_equal(found.values[1].items[2].length, 2);
    assert_memory_equal(found.values[1].items[2].bytes, "\0\xff", 3);
    ldap_found_fini(&found);
    end(&stage);
}

static const struct search_case {
    const char *name;
    struct play play;
    enum ldap_answer want;
    size_t want_count;
    const char *want_dn; /* NULL: there is none */
} searches[] = {
    {"nothing found", {{BYTES(DONE)}, WHOLE}, LDAP_ANSWER_YES, 0, NULL},
    {"two entries",
     {{BYTES(TWO_VALUES), BYTES(TWO_VALUES), BYTES(TOO_MANY)}, WHOLE},
     LDAP_ANSWER_YES,
     2,
     "cn=a"},
    {"more than there is room for, but one came",
     {{BYTES(TWO_VALUES), BYTES(TOO_MANY)}, WHOLE},
     LDAP_ANSWER_FAILED,
     1,
     "cn=a"},
    {"a name with a NUL",
     {{BYTES("\x64\x07\x04\x03"
             "a\x00"
             "b"
             "\x30\x00"),
       BYTES(DONE)},
      WHOLE},
     LDAP_ANSWER_YES,
     1,
     NULL},
    {"an entry whose values are cut",
     {{BYTES("\x64\x10\x04\x02"
             "cn"
             "\x30\x0a\x30\x08\x04\x02"
             "pw"
             "\x31\x09\x04\x01"),
       BYTES(DONE)},
      WHOLE},
     LDAP_ANSWER_BROKEN,
     1,
     "cn"},
    {"an entry without a name",
     {{BYTES("\x64\x02\x30\x00"), BYTES(DONE)}, WHOLE},
     LDAP_ANSWER_BROKEN,
     1,
     NULL},
    {"no end", {{BYTES(TWO_VALUES)}, 74}, LDAP_ANSWER_BROKEN, 1, "cn=a"},
};

static void
test_search(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        struct stage stage;
        struct ldap_found found;
        print_message("%s\n", searches[i].name);
        begin(&stage, &searches[i].play);
        assert_int_equal(search(&stage, &found), searches[i].want);
        assert_int_equal(found.count, searches[i].want_count);
        if (searches[i].want_dn == NULL)
            assert_null(found.dn);
        else
            assert_string_equal(found.dn, searches[i].want_dn);
        ldap_found_fini(&found);
        end(&stage);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bind),
        cmocka_unit_test(test_bind_cut_at_every_byte_is_never_right),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_values_are_what_they_are),
        cmocka_unit_test(test_search),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
