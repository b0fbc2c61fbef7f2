/* Files that LMDB takes for its own, with what no mailreeve wrote in them: a disk that loses bits,
 * another program, an enemy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glob.h>
#include <sys/mman.h>

#include "lmdb_file.h"
#include "scratch_lmdb.h"

enum { BANS = 500, WINDOW_MS = 60000 };

static void
put(const struct scratch *scratch, enum lmdb_table table, struct bytes key, struct bytes value)
{
    struct err err = {.text = ""};
    struct lmdb_file file;
    struct lmdb_txn txn;
    const struct lmdb_file_wish wish = {.folder = scratch->folder,
                                        .size_bytes = scratch->size_bytes};
    if (lmdb_file_open(&wish, deadline_after(SCRATCH_WAIT_MS), &file, &err) != 0 ||
        lmdb_begin_write(file.lmdb, &txn, &err) != 0)
        fail_msg("%s", err.text);
    lmdb_put(&txn, table, key, value);
    assert_int_equal(lmdb_commit(&txn, &err), LMDB_DONE);
    lmdb_file_close(&file);
}

static void
make_empty(struct scratch *scratch)
{
    scratch_make(scratch);
    store_close(scratch_open(scratch, true));
}

static void
test_counters_that_make_no_sense_count_nothing(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        struct {
            int64_t begins_ms; /* since now */
            bool is_of_all_times;
            int64_t amount;
        } slots[2];
        int64_t want_count; /* with the one that is added */
    } cases[] = {
        {"a sum that can be", {{.amount = 5}, {.begins_ms = -WINDOW_MS / 2, .amount = 2}}, 8},
        {"a slot of a host whose clock is ahead", {{.begins_ms = WINDOW_MS / 2, .amount = 5}}, 6},
        {"amounts whose sum overflows",
         {{.amount = INT64_MAX - 1}, {.begins_ms = -WINDOW_MS / 2, .amount = INT64_MAX - 1}},
         1},
        {"an amount to which nothing can be added", {{.amount = INT64_MAX}}, 1},
        {"a slot at the end of all times", {{.is_of_all_times = true, .amount = 5000000}}, 1},
        {"a slot in the next window but one", {{.begins_ms = 2 * WINDOW_MS, .amount = 5}}, 1},
        {"a negative amount", {{.amount = INT64_MIN}}, 1},
    };
    static const uint64_t mark = 0x746e756f63;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scratch scratch;
        unsigned char record[6 * sizeof(int64_t)];
        int64_t now_ms = clock_wall_ms(), ends_ms = now_ms + WINDOW_MS;
        struct store_key key = scratch_key(1);
        make_empty(&scratch);
        memcpy(record, &ends_ms, sizeof ends_ms);
        memcpy(record + sizeof ends_ms, &mark, sizeof mark);
        for (size_t j = 0; j < 2; j++) {
            int64_t slot[] = {now_ms / 7500 * 7500 + cases[i].slots[j].begins_ms,
                              cases[i].slots[j].amount};
            if (cases[i].slots[j].is_of_all_times)
                slot[0] = INT64_MAX - 5;
            memcpy(record + sizeof slot * (j + 1), slot, sizeof slot);
        }
        put(&scratch, LMDB_COUNTERS_A, (struct bytes){key.bytes, key.length},
            (struct bytes){record, sizeof record});
        struct store *store = scratch_open(&scratch, true);
        struct store_op op = scratch_count(1, 1);
        op.window_ms = WINDOW_MS;
        assert_int_equal(store_run(store, &op, 1, now_ms, deadline_after(SCRATCH_WAIT_MS), NULL),
                         0);
        if (op.count != cases[i].want_count)
            fail_msg("%s: %lld", cases[i].name, (long long)op.count);
        store_close(store);
        scratch_remove(&scratch);
    }
}

static void
test_bans_that_make_no_sense_are_none(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        int64_t since_ms, until_ms, memory_ms;
        uint32_t offences;
        bool want_ban;
        uint32_t want_offences; /* with the next one, if it was none */
    } cases[] = {
        {"one for ever", 1, INT64_MAX, INT64_MAX, 3, true, 3},
        {"one that ended before all times", 1, INT64_MIN, INT64_MAX, 1, false, 1},
        {"one that is remembered backwards", 1, 2, -1, 1, false, 1},
        {"one that began before all times", INT64_MIN, INT64_MAX, 1, 1, false, 1},
        {"one that is over, after more offences than can be counted", 1, 2, INT64_MAX, UINT32_MAX,
         false, UINT32_MAX},
    };
    static const int64_t lengths[] = {WINDOW_MS, INT64_MAX};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scratch scratch;
        struct {
            int64_t since_ms, until_ms, memory_ms;
            uint32_t offences, maker;
        } record = {cases[i].since_ms, cases[i].until_ms, cases[i].memory_ms, cases[i].offences, 0};
        unsigned char key[] = {NETADDR_IPV4, UINT8_MAX - 32, 10, 0, 0, 1};
        scratch_make(&scratch);
        struct store *store = scratch_open(&scratch, true);
        scratch_ban(store, 2); /* the store notes which lengths there are */
        store_close(store);
        put(&scratch, LMDB_BANS, (struct bytes){key, sizeof key},
            (struct bytes){&record, sizeof record});
        store = scratch_open(&scratch, false);
        if (scratch_is_banned(store, 1) != cases[i].want_ban)
            fail_msg("%s: %s", cases[i].name, cases[i].want_ban ? "is none" : "holds");
        struct store_op op = {.action = STORE_OFFEND,
                              .network = scratch_network(1),
                              .lengths = {lengths, 2},
                              .ban = {.reason = "test"}};
        scratch_run(store, &op, 1);
        if (op.hit == cases[i].want_ban || op.ban_r.offences != cases[i].want_offences)
            fail_msg("%s: offence %u", cases[i].name, op.ban_r.offences);
        store_close(store);
        scratch_remove(&scratch);
    }
}

struct seen {
    size_t count, most;
};

static bool
see(void *context, const struct store_item *item)
{
    (void)item;
    struct seen *seen = context;
    return ++seen->count < seen->most;
}

/* Where a piece of the list would begin with it, in particular. */
static void
test_a_list_passes_over_keys_that_are_too_long(void **unused)
{
    (void)unused;
    enum { RECORDS = 300, LONG = 2 * STORE_KEY_MAX, KEY_BYTES = 8 };
    struct scratch scratch;
    make_empty(&scratch);
    int64_t record[] = {clock_wall_ms() + INT64_C(1000) * WINDOW_MS, 0};
    for (int i = 0; i < RECORDS; i++) {
        char key[LONG] = "";
        snprintf(key, sizeof key, "w%05d", i);
        put(&scratch, LMDB_WINDOWS_A,
            (struct bytes){key, i % 128 == 0 || i == RECORDS - 1 ? LONG : KEY_BYTES},
            (struct bytes){record, sizeof record});
    }
    struct store *store = scratch_open(&scratch, true);
    struct seen seen = {.most = (size_t)2 * RECORDS};
    assert_int_equal(store_list(store, STORE_WINDOWS, clock_wall_ms(),
                                deadline_after(SCRATCH_WAIT_MS), see, &seen, NULL),
                     0);
    assert_int_equal(seen.count, RECORDS - RECORDS / 128 - 2);
    store_close(store);
    scratch_remove(&scratch);
}

static void
test_a_list_ends_with_its_deadline(void **unused)
{
    (void)unused;
    struct scratch scratch;
    struct err err = {.text = ""};
    struct seen seen = {.most = SIZE_MAX};
    scratch_make(&scratch);
    struct store *store = scratch_open(&scratch, true);
    for (uint32_t i = 0; i < BANS; i++)
        scratch_ban(store, i);
    assert_int_equal(
        store_list(store, STORE_BANS, clock_wall_ms(), deadline_after(0), see, &seen, &err), -1);
    assert_in_range(seen.count, 0, BANS - 1);
    assert_non_null(strstr(err.text, "took too long"));
    store_close(store);
    scratch_remove(&scratch);
}

/* As LMDB writes them: number, pad, flags, lower, upper; then offsets of nodes. */
struct page {
    uint64_t number;
    uint16_t pad, flags, lower, upper, offsets[];
};
struct node {
    uint16_t low, high, flags, key_bytes;
};

enum { IS_LEAF = 2, BAN_KEY_BYTES = 6, FREE_KEY_BYTES = 8, KINDS = 0x2f };

static void
make_longer(unsigned char *node)
{
    struct node header;
    memcpy(&header, node, sizeof header);
    header.low = (uint16_t)(header.low + 2);
    memcpy(node, &header, sizeof header);
}

static void
make_shorter(unsigned char *node)
{
    struct node header;
    memcpy(&header, node, sizeof header);
    header.low = (uint16_t)(header.low - 2);
    memcpy(node, &header, sizeof header);
}

static void
swap_free_pages(unsigned char *node)
{
    struct node header;
    uint64_t list[3];
    memcpy(&header, node, sizeof header);
    unsigned char *data = node + sizeof header + header.key_bytes;
    if (header.low < sizeof list)
        return;
    memcpy(list, data, sizeof list);
    uint64_t number = list[1];
    list[1] = list[2];
    list[2] = number;
    if (list[0] >= 2)
        memcpy(data, list, sizeof list);
}

/* Does the deed to the first node of each leaf whose keys are that long. */
static void
change_nodes(const struct scratch *scratch, size_t key_bytes, void (*deed)(unsigned char *node))
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE), changed = 0;
    int fd = open(scratch->file, O_RDWR | O_CLOEXEC);
    unsigned char *bytes = mmap(NULL, SCRATCH_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(bytes, MAP_FAILED);
    for (size_t at = 2 * page_bytes; at < SCRATCH_BYTES; at += page_bytes) {
        struct page page;
        struct node node;
        uint16_t offset;
        memcpy(&page, bytes + at, sizeof page);
        memcpy(&offset, bytes + at + sizeof page, sizeof offset);
        if (page.number != at / page_bytes || (page.flags & KINDS) != IS_LEAF ||
            page.lower <= sizeof page || offset + sizeof node > page_bytes)
            continue;
        memcpy(&node, bytes + at + offset, sizeof node);
        if (node.key_bytes != key_bytes || node.flags != 0)
            continue;
        deed(bytes + at + offset);
        changed++;
    }
    assert_in_range(changed, 1, SCRATCH_BYTES / page_bytes);
    munmap(bytes, SCRATCH_BYTES);
    close(fd);
}

static size_t
count_moved_aside(const struct scratch *scratch)
{
    char pattern[SCRATCH_PATH_MAX + 16];
    glob_t found = {.gl_pathc = 0};
    snprintf(pattern, sizeof pattern, "%s.corrupt-*", scratch->file);
    glob(pattern, 0, NULL, &found);
    size_t count = found.gl_pathc;
    globfree(&found);
    return count;
}

/* LMDB moves what is in a page by what its entries say of their lengths, and takes pages off the
 * list of free ones by halving it. */
static void
test_pages_that_do_not_add_up_are_moved_aside(void **unused)
{
    (void)unused;
    static const struct {
        const char *name;
        size_t key_bytes;
        void (*deed)(unsigned char *node);
    } cases[] = {
        {"an entry that is longer than it was", BAN_KEY_BYTES, make_longer},
        {"an entry that is shorter than it was", BAN_KEY_BYTES, make_shorter},
        {"a list of free pages in disorder", FREE_KEY_BYTES, swap_free_pages},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scratch scratch;
        scratch_make(&scratch);
        struct store *store = scratch_open(&scratch, true);
        for (uint32_t ban = 0; ban < BANS; ban++)
            scratch_ban(store, ban);
        store_close(store);
        change_nodes(&scratch, cases[i].key_bytes, cases[i].deed);
        store = scratch_open(&scratch, true);
        if (count_moved_aside(&scratch) != 1)
            fail_msg("%s: it is trusted", cases[i].name);
        scratch_ban(store, BANS);
        store_close(store);
        scratch_remove(&scratch);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_that_make_no_sense_count_nothing),
        cmocka_unit_test(test_bans_that_make_no_sense_are_none),
        cmocka_unit_test(test_a_list_passes_over_keys_that_are_too_long),
        cmocka_unit_test(test_a_list_ends_with_its_deadline),
        cmocka_unit_test(test_pages_that_do_not_add_up_are_moved_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
