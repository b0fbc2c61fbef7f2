#include "cases.h"

#include "owners.h"

enum { ENTRIES_MAX = 4 };

static struct owners *
build(const char *const entries[], size_t count)
{
    struct owners *owners = owners_create();
    for (unsigned i = 0; i < count && entries[i] != NULL; i++) {
        struct err err;
        if (owners_add(owners, entries[i], (struct origin){.file = "owners", .line = i + 1},
                       &err) != 0)
            fail_msg("%s: %s", entries[i], err.text);
    }
    owners_freeze(owners);
    return owners;
}

/* Entries stand in lines 1, 2, 3 ... of the file "owners". */
static const struct {
    const char *name;
    const char *entries[ENTRIES_MAX];
    const char *sender, *user;
    unsigned want_line; /* of the entry that gives the sender to the user; 0: none */
} cases[] = {
    {"the only owner",
     {"sales@acme.example bob@acme.example"},
     "sales@acme.example",
     "bob@acme.example",
     1},
    {"the second of three, behind a comma and a space",
     {"sales@acme.example anna@acme.example, bob@acme.example,carol@acme.example"},
     "sales@acme.example",
     "bob@acme.example",
     1},
    {"the third, behind a comma alone",
     {"sales@acme.example anna@acme.example, bob@acme.example,carol@acme.example"},
     "sales@acme.example",
     "carol@acme.example",
     1},
    {"blanks alone will do",
     {"sales@acme.example\tanna@acme.example  bob@acme.example"},
     "sales@acme.example",
     "bob@acme.example",
     1},
    {"another user",
     {"sales@acme.example bob@acme.example"},
     "sales@acme.example",
     "eve@acme.example",
     0},
    {"another sender",
     {"sales@acme.example bob@acme.example"},
     "boss@acme.example",
     "bob@acme.example",
     0},
    {"the owner is not owned",
     {"sales@acme.example bob@acme.example"},
     "bob@acme.example",
     "sales@acme.example",
     0},
    {"the sender is not its own owner",
     {"sales@acme.example bob@acme.example"},
     "sales@acme.example",
     "sales@acme.example",
     0},
    {"no entries", {NULL}, "sales@acme.example", "bob@acme.example", 0},
    {"any case",
     {"Sales@ACME.example Bob@acme.EXAMPLE"},
     "sales@acme.example",
     "bob@acme.example",
     1},
    {"a user without a domain", {"scan@acme.example printer"}, "scan@acme.example", "printer", 1},
    {"a name without a domain is nobody's with one",
     {"scan@acme.example printer"},
     "scan@acme.example",
     "printer@acme.example",
     0},
    {"nor the other way round",
     {"scan@acme.example printer@acme.example"},
     "scan@acme.example",
     "printer",
     0},
    {"all of a domain own it",
     {"all@acme.example *@acme.example"},
     "all@acme.example",
     "anybody@acme.example",
     1},
    {"all of another domain do not",
     {"all@acme.example *@acme.example"},
     "all@acme.example",
     "anybody@widgets.example",
     0},
    {"all of a domain are not all below it",
     {"all@acme.example *@acme.example"},
     "all@acme.example",
     "x@sub.acme.example",
     0},
    {"a name without a domain is of no domain",
     {"all@acme.example *@acme.example"},
     "all@acme.example",
     "acme.example",
     0},
    {"the domain is what stands behind the last @",
     {"all@acme.example *@acme.example"},
     "all@acme.example",
     "x@acme.example@widgets.example",
     0},
    {"one owns all of a domain",
     {"*@lists.acme.example bob@acme.example"},
     "news@lists.acme.example",
     "bob@acme.example",
     1},
    {"not what is below it",
     {"*@acme.example bob@acme.example"},
     "news@lists.acme.example",
     "bob@acme.example",
     0},
    {"the domain's owner beside the sender's own",
     {"sales@acme.example anna@acme.example", "*@acme.example bob@acme.example"},
     "sales@acme.example",
     "bob@acme.example",
     2},
    {"the sender's own entry answers first",
     {"*@acme.example bob@acme.example", "sales@acme.example bob@acme.example"},
     "sales@acme.example",
     "bob@acme.example",
     2},
    {"entries of one sender add up",
     {"sales@acme.example anna@acme.example", "sales@acme.example bob@acme.example"},
     "sales@acme.example",
     "bob@acme.example",
     2},
    {"the first of two equal ones answers",
     {"sales@acme.example bob@acme.example", "SALES@acme.example bob@acme.example"},
     "sales@acme.example",
     "bob@acme.example",
     1},
    {"the user before all of his domain",
     {"sales@acme.example *@acme.example", "sales@acme.example bob@acme.example"},
     "sales@acme.example",
     "bob@acme.example",
     2},
    {"an IDN as users write it, asked as DNS has it",
     {"a@b\xc3\xbc"
      "cher.example x@b\xc3\xbc"
      "cher.example"},
     "a@xn--bcher-kva.example",
     "x@xn--bcher-kva.example",
     1},
    {"and the other way round",
     {"a@xn--bcher-kva.example *@xn--bcher-kva.example"},
     "a@b\xc3\xbc"
     "cher.example",
     "x@b\xc3\xbc"
     "cher.example",
     1},
    {"a quoted local part with a blank",
     {"\"a b\"@acme.example bob@acme.example"},
     "\"a b\"@acme.example",
     "bob@acme.example",
     1},
    {"quotes that need not be",
     {"\"sales\"@acme.example bob@acme.example"},
     "sales@acme.example",
     "bob@acme.example",
     1},
    {"a quoted @ makes no other address",
     {"\"sales@acme.example\"@elsewhere.example bob@acme.example"},
     "sales@acme.example",
     "bob@acme.example",
     0},
    {"a detail is another sender",
     {"sales@acme.example bob@acme.example"},
     "sales+x@acme.example",
     "bob@acme.example",
     0},
};

static void
test_who_owns_whom(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct owners *owners = build(cases[i].entries, ENTRIES_MAX);
        struct mailbox sender;
        if (mailbox_parse(cases[i].sender, strlen(cases[i].sender), &sender, NULL) != 0)
            fail_msg("%s: no address", cases[i].name);
        struct list_hit hit = {.entry = "stale"};
        bool has = owners_has(owners, &sender, cases[i].user, &hit);
        CHECK(cases[i].name, has == (cases[i].want_line != 0));
        CHECK(cases[i].name, has == (hit.entry != NULL));
        if (has) {
            CHECK(cases[i].name, hit.origin.line == cases[i].want_line);
            CHECK_TEXT(cases[i].name, hit.entry, cases[i].entries[hit.origin.line - 1]);
        }
        owners_free(owners);
    }
}

static const struct {
    const char *entry, *want;
} malformed[] = {
    {"sales@acme.example", "an entry is a sender, a space, and the names of its owners"},
    {"sales@acme.example ,", "an entry is a sender, a space, and the names of its owners"},
    {"sales bob@acme.example", "sender: not of the form local@domain"},
    {"@acme.example bob@acme.example",
     "sender: the local part is empty or has a character that needs quotes"},
    {"*@ bob@acme.example", NULL},
    {"* bob@acme.example", "sender: a sender is an address or \"*@domain\""},
    {"sa*@acme.example bob@acme.example", "sender: a sender is an address or \"*@domain\""},
    {"*@*.example bob@acme.example", NULL},
    {"sales@acme.example *", "owner: an owner is a user's name or \"*@domain\""},
    {"sales@acme.example b*@acme.example", "owner: an owner is a user's name or \"*@domain\""},
    {"sales@acme.example *@acme_.example-", NULL},
    {"sales@acme.example bob@", "owner: nothing stands behind the '@' of the user name"},
    {"sales@acme.example bob@acme.example, b\x01@acme.example",
     "owner: the user name has a control character or is not UTF-8"},
    {"\"sales@acme.example bob@acme.example", NULL},
};

static void
test_malformed_entries_change_nothing(void **state)
{
    (void)state;
    struct owners *owners = owners_create();
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        struct err err = {.text = ""};
        CHECK(malformed[i].entry,
              owners_add(owners, malformed[i].entry, (struct origin){"owners", 1}, &err) == -1);
        CHECK(malformed[i].entry, err.text[0] != '\0');
        if (malformed[i].want != NULL)
            CHECK_TEXT(malformed[i].entry, err.text, malformed[i].want);
    }
    assert_int_equal(owners_size(owners), 0);
    owners_freeze(owners);
    struct mailbox sender = {.local = "sales", .domain = "acme.example"};
    struct list_hit hit;
    assert_false(owners_has(owners, &sender, "bob@acme.example", &hit));
    owners_free(owners);
    owners_free(NULL);
}

static void
count_problem(void *context, struct origin origin, const struct err *err)
{
    (void)err;
    assert_string_equal(origin.file, "owners");
    assert_int_equal(origin.line, 3);
    ++*(int *)context;
}

static void
test_a_file_has_one_entry_a_line(void **state)
{
    (void)state;
    static const char text[] = "# shared mailboxes\n"
                               "sales@acme.example bob@acme.example # since May\n"
                               "nobody\n"
                               "\n"
                               "*@lists.acme.example carol@acme.example\n";
    struct owners *owners = owners_create();
    int problems = 0;
    assert_int_equal(owners_add_text(owners, BYTES(text), "owners", count_problem, &problems), 1);
    assert_int_equal(problems, 1);
    assert_int_equal(owners_size(owners), 2);
    owners_freeze(owners);
    struct mailbox sender = {.local = "x", .domain = "lists.acme.example"};
    struct list_hit hit;
    assert_true(owners_has(owners, &sender, "carol@acme.example", &hit));
    assert_int_equal(hit.origin.line, 5);
    owners_free(owners);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_owns_whom),
        cmocka_unit_test(test_malformed_entries_change_nothing),
        cmocka_unit_test(test_a_file_has_one_entry_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
