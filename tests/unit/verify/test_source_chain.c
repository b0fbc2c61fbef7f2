/* Which source of a chain answers for a login, and what the trace says of each. */
#include "chain_words.h"

static void
bench_verify(const struct bench *bench, struct verify_result *result_r,
             struct verify_asked *asked_r)
{
    const struct username user = {.text = "boss@acme.example", .local_length = 4};
    struct secret password;
    secret_init(&password);
    secret_set(&password, "open sesame", 11);
    const struct verify_request request = {
        .user = &user, .password = &password, .deadline = {INT64_MAX}};
    source_chain_verify(bench->chain, &request, result_r, asked_r);
    secret_fini(&password);
}

static void
test_chains(void **state)
{
    (void)state;
    static const struct {
        const char *name, *chain;
        enum ambiguous_user ambiguous;
        enum verify_outcome want;
        const char *want_speaker; /* the section that the rule names; NULL: none */
        size_t want_asked;
        int want_pretended;
    } cases[] = {
        {"an empty chain knows nobody", "", 0, VERIFY_UNKNOWN_USER, NULL, 0, 0},
        {"the only source decides", "o", 0, VERIFY_OK, "o", 1, 0},
        {"wrong is wrong", "w", 0, VERIFY_WRONG_PASSWORD, "w", 1, 0},
        {"disabled is disabled", "d", 0, VERIFY_DISABLED, "d", 1, 0},
        {"unavailable is unavailable", "x", 0, VERIFY_UNAVAILABLE, "x", 1, 0},
        {"unknown goes on", "u o", 0, VERIFY_OK, "o", 2, 0},
        {"unknown to all is unknown", "u u", 0, VERIFY_UNKNOWN_USER, "u", 2, 0},
        {"wrong ends the questions", "w o", 0, VERIFY_WRONG_PASSWORD, "w", 1, 0},
        {"disabled ends the questions", "d o", 0, VERIFY_DISABLED, "d", 1, 0},
        {"several entries in one source end the questions", "A o", 0, VERIFY_AMBIGUOUS, "A", 1, 0},
        {"a wrong that may be unknown goes on to a yes", "m o", 0, VERIFY_OK, "o", 2, 0},
        {"a wrong that may be unknown stays wrong if nobody knows better", "m u", 0,
         VERIFY_WRONG_PASSWORD, "m", 2, 0},
        {"a wrong that may be unknown does not hide an outage", "m x", 0, VERIFY_UNAVAILABLE, "x",
         2, 0},
        {"an outage goes on to a yes", "x o", 0, VERIFY_OK, "o", 2, 0},
        {"an outage makes unknown unavailable", "x u", 0, VERIFY_UNAVAILABLE, "x", 2, 0},
        {"an outage makes wrong unavailable", "x w", 0, VERIFY_UNAVAILABLE, "x", 2, 0},
        {"an outage makes a wrong that may be unknown unavailable", "x m", 0, VERIFY_UNAVAILABLE,
         "x", 2, 0},
        {"an outage makes disabled unavailable", "x d", 0, VERIFY_UNAVAILABLE, "x", 2, 0},
        {"an outage makes ambiguous unavailable", "x A", 0, VERIFY_UNAVAILABLE, "x", 2, 0},
        {"an outage after unknown is unavailable", "u x", 0, VERIFY_UNAVAILABLE, "x", 2, 0},
        {"two outages", "x x", 0, VERIFY_UNAVAILABLE, "x", 2, 0},
        {"unknown, outage, wrong, unknown", "u x m u", 0, VERIFY_UNAVAILABLE, "x", 4, 0},

        {"the users file is asked first", "Fo o", 0, VERIFY_OK, "Fo", 1, 0},
        {"a name in the users file is asked nowhere else", "Fw o", 0, VERIFY_WRONG_PASSWORD, "Fw",
         1, 0},
        {"a name in the users file whose password it cannot tell neither", "Fxa o", 0,
         VERIFY_UNAVAILABLE, "Fxa", 1, 0},
        {"a users file that cannot tell who is in it goes on", "Fx o", 0, VERIFY_OK, "o", 2, 0},
        {"a name in the users file is not ambiguous", "Fo Ko", 0, VERIFY_OK, "Fo", 1, 0},
        {"time is spent for a name that nobody knew", "Fu u", 0, VERIFY_UNKNOWN_USER, "u", 2, 1},
        {"time is spent once", "Fu Fu", 0, VERIFY_UNKNOWN_USER, "Fu", 2, 1},
        {"no time is spent for a name that somebody knew", "Fu w", 0, VERIFY_WRONG_PASSWORD, "w", 2,
         0},
        {"no time is spent in an outage", "Fu x", 0, VERIFY_UNAVAILABLE, "x", 2, 0},

        {"two sources know the name: refused", "No Ku", 0, VERIFY_AMBIGUOUS, "No", 2, 0},
        {"two sources know the name: the first decides", "No Ku", AMBIGUOUS_FIRST, VERIFY_OK, "No",
         1, 0},
        {"the second does not know it", "No Nu", 0, VERIFY_OK, "No", 2, 0},
        {"the second cannot tell", "No Cu", 0, VERIFY_OK, "No", 2, 0},
        {"the second never can tell", "No o", 0, VERIFY_OK, "No", 1, 0},
        {"the third knows the name", "No Nu Ku", 0, VERIFY_AMBIGUOUS, "No", 3, 0},
        {"those before the yes are not asked again", "Ku No", 0, VERIFY_OK, "No", 2, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench bench;
        struct verify_result result;
        struct verify_asked asked;
        print_message("%s\n", cases[i].name);
        bench_open(&bench, cases[i].chain, cases[i].ambiguous);
        bench_verify(&bench, &result, &asked);
        assert_int_equal(result.outcome, cases[i].want);
        if (cases[i].want_speaker == NULL)
            assert_null(result.rule.section_name);
        else
            assert_string_equal(result.rule.section_name, cases[i].want_speaker);
        assert_int_equal(asked.count, cases[i].want_asked);
        int pretended = 0;
        for (size_t j = 0; j < bench.count; j++)
            pretended += bench.fakes[j].pretended;
        assert_int_equal(pretended, cases[i].want_pretended);
        verify_result_fini(&result);
        bench_close(&bench);
    }
}

static void
test_the_trace_names_what_each_source_said(void **state)
{
    (void)state;
    struct bench bench;
    struct verify_result result;
    struct verify_asked asked;
    bench_open(&bench, "Fu No Ku", AMBIGUOUS_REFUSE);
    bench_verify(&bench, &result, &asked);
    assert_int_equal(asked.count, 3);
    assert_string_equal(asked.steps[0].source, "Fu");
    assert_int_equal(asked.steps[0].outcome, VERIFY_UNKNOWN_USER);
    assert_string_equal(asked.steps[0].detail, "detail of Fu");
    assert_string_equal(asked.steps[1].source, "No");
    assert_int_equal(asked.steps[1].outcome, VERIFY_OK);
    assert_string_equal(asked.steps[2].source, "Ku");
    assert_int_equal(asked.steps[2].outcome, VERIFY_AMBIGUOUS);
    assert_string_equal(asked.steps[2].detail, "knows the name too");
    for (size_t i = 0; i < asked.count; i++)
        assert_in_range(asked.steps[i].took_us, 0, 60000000);

    assert_string_equal(result.detail, "source \"Ku\" knows the name too");
    assert_string_equal(result.account.name, "boss@acme.example");
    assert_string_equal(result.rule.section_kind, "source");
    assert_string_equal(result.rule.origin.file, "conf");
    assert_int_equal(result.rule.origin.line, 7);
    verify_result_fini(&result);
    verify_result_fini(&result);
    bench_close(&bench);
}

static void
test_the_trace_may_be_left_out_and_is_never_overrun(void **state)
{
    (void)state;
    struct fake fake;
    struct source *many[VERIFY_ASKED_MAX + 2];
    many[0] = open_fake(&fake, "u");
    for (size_t i = 1; i < VERIFY_ASKED_MAX + 2; i++)
        many[i] = many[0];
    struct bench bench = {
        .chain = source_chain_create(NULL, 0, many, VERIFY_ASKED_MAX + 2, AMBIGUOUS_REFUSE)};
    struct verify_result result;
    struct verify_asked asked;
    bench_verify(&bench, &result, NULL);
    assert_int_equal(result.outcome, VERIFY_UNKNOWN_USER);
    verify_result_fini(&result);
    bench_verify(&bench, &result, &asked);
    assert_int_equal(asked.count, VERIFY_ASKED_MAX);
    assert_int_equal(fake.verified, 2 * (VERIFY_ASKED_MAX + 2));
    verify_result_fini(&result);
    source_chain_free(bench.chain);
    source_close(many[0]);
    source_close(NULL);
    source_chain_free(NULL);
    assert_int_equal(held_answers, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_the_trace_names_what_each_source_said),
        cmocka_unit_test(test_the_trace_may_be_left_out_and_is_never_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
