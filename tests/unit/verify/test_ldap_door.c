/*
 * One link to a directory that a child process plays: what it sends is whole, cut or nonsense, and
 * what is fetched leaves no copy in this process's memory.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "ldap_door.h"

#define BYTES(text)              \
    {                            \
        (text), sizeof(text) - 1 \
    }

enum { BUDGET_MS = 20000, MESSAGE_MAX = 2000, WHOLE = -1, SECRET_LENGTH = 20 };

/* Messages without their number, which is the request's; an operation and what belongs to it. */
struct play {
    struct {
        const char *bytes;
        size_t length;
    } messages[4];
    long send; /* so many bytes and then the end; WHOLE: all, and then nothing until the end */
};

/* In messages of the child the secret stands where this does. Nobody but the child makes it, so
 * that whatever is in this process's memory came from the wire. */
#define PLACE "@@@@@@@@@@@@@@@@@@@@"
static const unsigned char hidden[SECRET_LENGTH] = {
    0x9f, 0xc3, 0x8e, 0xd1, 0xa7, 0xf0, 0x95, 0xbc, 0xe2, 0x89,
    0xd6, 0xaa, 0xfb, 0x90, 0xc8, 0xe5, 0xb3, 0x84, 0xdd, 0xa1,
};
static const unsigned char mask = 0xa5;

static bool
is_secret(const unsigned char *bytes)
{
    size_t i = 0;
    while (i < SECRET_LENGTH && bytes[i] == (hidden[i] ^ mask))
        i++;
    return i == SECRET_LENGTH;
}

/* The child's part. A request of less than 128 bytes or one with lengths of four. */
static size_t
read_request(int fd, unsigned char *number_r)
{
    unsigned char request[1024];
    size_t length = 0, want = 2;
    while (length < want) {
        ssize_t count = read(fd, request + length, sizeof request - length);
        if (count <= 0)
            _exit(0);
        length += (size_t)count;
        if (length >= 6)
            want = request[1] < 0x80 ? 2U + request[1] : 6U + request[4] * 256U + request[5];
    }
    const unsigned char *number = request + (request[1] < 0x80 ? 2 : 6);
    memcpy(number_r, number, 2U + number[1]);
    return 2U + number[1];
}

static size_t
put_message(unsigned char *to, const unsigned char *number, size_t number_length,
            const char *operation, size_t operation_length)
{
    size_t length = number_length + operation_length;
    memcpy(to, (unsigned char[]){0x30, 0x82, (unsigned char)(length >> 8), (unsigned char)length},
           4);
    memcpy(to + 4, number, number_length);
    memcpy(to + 4 + number_length, operation, operation_length);
    return 4 + length;
}

static void
put_secret(unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i + SECRET_LENGTH <= length; i++)
        if (memcmp(bytes + i, PLACE, SECRET_LENGTH) == 0)
            for (size_t j = 0; j < SECRET_LENGTH; j++)
                bytes[i + j] = hidden[j] ^ mask;
}

static void
play(int listener, const struct play *play)
{
    alarm(60);
    int fd = accept(listener, NULL, NULL);
    unsigned char number[16], bytes[MESSAGE_MAX];
    size_t number_length = read_request(fd, number), length = 0;
    for (size_t i = 0; i < 4 && play->messages[i].bytes != NULL; i++)
        length += put_message(bytes + length, number, number_length, play->messages[i].bytes,
                              play->messages[i].length);
    put_secret(bytes, length);
    if (play->send != WHOLE && (size_t)play->send < length)
        length = (size_t)play->send;
    if (write(fd, bytes, length) != (ssize_t)length)
        _exit(1);
    if (play->send == WHOLE)
        while (read(fd, bytes, sizeof bytes) > 0)
            continue;
    _exit(0);
}

struct stage {
    pid_t child;
    struct name *name;
    struct ldap_link *link;
    struct deadline deadline;
    struct err err;
};

static void
begin(struct stage *stage, const struct play *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    *stage = (struct stage){.child = fork(), .deadline = deadline_after(BUDGET_MS)};
    assert_true(stage->child >= 0);
    if (stage->child == 0)
        play(listener, script);
    close(listener);

    char text[64];
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(address.sin_port));
    stage->name = name_open(text, 0, &stage->err);
    assert_non_null(stage->name);
    const struct ldap_peer peer = {.server = stage->name, .security = LDAP_SECURITY_NONE};
    stage->link = ldap_link_open(&peer, stage->deadline, NULL, &stage->err);
    assert_non_null(stage->link);
}

static void
end(struct stage *stage)
{
    ldap_link_close(stage->link);
    name_close(stage->name);
    int status;
    assert_int_equal(waitpid(stage->child, &status, 0), stage->child);
    assert_int_equal(status, 0);
}

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

#define DONE     "\x65\x07\x0a\x01\x00\x04\x00\x04\x00"
#define TOO_MANY "\x65\x07\x0a\x01\x04\x04\x00\x04\x00"

/* One attribute "pw" of "cn=a" with the values that follow. */
#define ENTRY(length, list, set, values) \
    "\x64" length "\x04\x04"             \
    "cn=a"                               \
    "\x30" list "\x30" set values

#define TWO_VALUES                \
    ENTRY("\x3c", "\x34", "\x32", \
          "\x04\x02"              \
          "pw"                    \
          "\x31\x2c\x04\x14" PLACE "\x04\x14" PLACE)

static enum ldap_answer
search(struct stage *stage, struct ldap_found *found_r)
{
    static const char *const attributes[] = {"mail", "PW"};
    const struct ldap_query query = {
        .base = "", .filter = "(cn=a)", .attributes = attributes, .attribute_count = 2};
    return ldap_link_search(stage->link, &query, stage->deadline, found_r, &stage->err);
}

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

static int
set_up(void **state)
{
    (void)state;
    ldap_door_init();
    return 0;
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
        cmocka_unit_test(test_nothing_fetched_stays_in_memory),
        cmocka_unit_test(test_nothing_of_a_cut_message_stays_in_memory),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
