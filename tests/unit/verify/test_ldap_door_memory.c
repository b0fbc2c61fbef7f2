/* What is fetched over a link leaves no copy in this process's memory. */
#include <fcntl.h>
#include <stdlib.h>

#include "ldap_play.h"

static bool
is_secret(const unsigned char *bytes)
{
    size_t i = 0;
    while (i < SECRET_LENGTH && bytes[i] == (hidden[i] ^ mask))
        i++;
    return i == SECRET_LENGTH;
}

static size_t
count_in(const unsigned char *bytes, size_t length)
{
    size_t count = 0;
    const unsigned char *end = bytes + length - SECRET_LENGTH, *at = bytes;
    while (at <= end && (at = memchr(at, hidden[0] ^ mask, (size_t)(end - at) + 1)) != NULL)
        count += is_secret(at++);
    return count;
}

/* How often the secret is in what this process may write to. */
static size_t
count_in_region(int memory, uintptr_t from, uintptr_t to)
{
    static unsigned char bytes[1 << 16];
    size_t count = 0;
    while (from < to) {
        size_t size = to - from < sizeof bytes ? to - from : sizeof bytes;
        ssize_t length = pread(memory, bytes, size, (off_t)from);
        if (length < SECRET_LENGTH)
            break;
        count += count_in(bytes, (size_t)length);
        from += length > SECRET_LENGTH ? (size_t)length - SECRET_LENGTH + 1 : 1;
    }
    explicit_bzero(bytes, sizeof bytes);
    return count;
}

static size_t
count_copies(void)
{
    const uintptr_t too_much = 1 << 28; /* what sanitizers reserve */
    char line[512];
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY);
    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        char *end;
        uintptr_t from = strtoull(line, &end, 16);
        uintptr_t to = strtoull(end + 1, &end, 16);
        if (end[2] == 'w' && to - from < too_much)
            count += count_in_region(memory, from, to);
    }
    fclose(maps);
    close(memory);
    return count;
}

static void
test_nothing_fetched_stays_in_memory(void **state)
{
    (void)state;
    const struct play script = {{BYTES(TWO_VALUES), BYTES(TWO_VALUES), BYTES(DONE)}, WHOLE};
    struct stage stage;
    struct ldap_found found;
    begin(&stage, &script);
    assert_int_equal(search(&stage, &found), LDAP_ANSWER_YES);
    assert_int_equal(found.values[1].count, 2);
    assert_true(is_secret((unsigned char *)found.values[1].items[1].bytes));
    assert_int_equal(count_copies(), 2);
    ldap_found_fini(&found);
    assert_int_equal(count_copies(), 0);
    end(&stage);
    assert_int_equal(count_copies(), 0);
}

static void
test_nothing_of_a_cut_message_stays_in_memory(void **state)
{
    (void)state;
    struct play script = {{BYTES(TWO_VALUES), BYTES(DONE)}, WHOLE};
    for (script.send = 50; script.send < 75; script.send += 8) {
        struct stage stage;
        struct ldap_found found;
        begin(&stage, &script);
        assert_int_equal(search(&stage, &found), LDAP_ANSWER_BROKEN);
        ldap_found_fini(&found);
        assert_int_equal(count_copies(), 0);
        end(&stage);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_fetched_stays_in_memory),
        cmocka_unit_test(test_nothing_of_a_cut_message_stays_in_memory),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
