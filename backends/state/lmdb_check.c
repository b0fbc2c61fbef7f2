#include "lmdb_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "bus_guard.h"

/* As in LMDB's mdb.c; all numbers are in the machine's order. */
enum {
    META_PAGES = 2,
    HEADER_BYTES = 16, /* number, pad, flags, then lower and upper or the count of pages */
    NODE_BYTES = 8,    /* lo, hi, flags, key length */
    TABLE_BYTES = 48,
    DEPTH_MAX = 32,
    IS_BRANCH = 0x01,
    IS_LEAF = 0x02,
    IS_OVERFLOW = 0x04,
    IS_META = 0x08,
    KINDS = 0x2f,
    NODE_IS_BIG = 0x01,
    NODE_IS_TABLE = 0x02,
    NODE_IS_LIST = 0x04,
};
static const uint32_t MAGIC = 0xBEEFC0DE, VERSION = 1;
static const uint64_t NO_PAGE = UINT64_MAX;

struct page_header {
    uint64_t number;
    uint16_t pad, flags, lower, upper;
};

struct node_header {
    uint16_t low, high, flags, key_bytes;
};

struct table {
    uint32_t page_bytes; /* of the free list: of the file */
    uint16_t flags, depth;
    uint64_t branches, leaves, overflows, entries, root;
};

struct meta {
    uint32_t magic, version;
    uint64_t address, map_bytes;
    struct table free, main;
    uint64_t last_page, txn;
};

struct check {
    const unsigned char *bytes;
    size_t length, page_bytes, page_count;
    unsigned char *seen; /* a bit for each page */
    struct err *err;
};

/* One table's walk. */
struct tree {
    struct check *check;
    const struct table *table;
    bool is_free_list, has_tables;
    struct table found; /* what was counted */
};

static int walk_page(struct tree *tree, uint64_t number, unsigned depth);

static const unsigned char *
page_at(const struct check *check, uint64_t number)
{
    return check->bytes + number * check->page_bytes;
}

/* Notes that the pages are in use. */
static int
claim(struct check *check, uint64_t number, uint64_t count)
{
    if (number < META_PAGES || count > check->page_count || number > check->page_count - count) {
        err_set(check->err, "page %llu is not in the file", (unsigned long long)number);
        return -1;
    }
    for (uint64_t i = number; i < number + count; i++) {
        unsigned char bit = (unsigned char)(1u << (i % 8));
        if ((check->seen[i / 8] & bit) != 0) {
            err_set(check->err, "page %llu is in use twice", (unsigned long long)i);
            return -1;
        }
        check->seen[i / 8] |= bit;
    }
    return 0;
}

static int
complain(struct check *check, uint64_t number, const char *what)
{
    err_set(check->err, "page %llu: %s", (unsigned long long)number, what);
    return -1;
}

static int
walk_table(struct check *check, const struct table *table, bool is_free_list, bool has_tables)
{
    struct tree tree = {
        .check = check, .table = table, .is_free_list = is_free_list, .has_tables = has_tables};
    if (table->root != NO_PAGE && walk_page(&tree, table->root, 1) != 0)
        return -1;
    const struct table *found = &tree.found;
    if (found->branches == table->branches && found->leaves == table->leaves &&
        found->overflows == table->overflows && found->entries == table->entries &&
        (table->depth == 0) == (table->root == NO_PAGE))
        return 0;
    err_set(check->err, "a table has other pages or entries than it says");
    return -1;
}

/* A list of free pages: how many, then their numbers, the highest first. */
static int
walk_free_pages(struct check *check, const unsigned char *data, size_t length)
{
    uint64_t count, number, before = NO_PAGE;
    memcpy(&count, data, sizeof count);
    if (count > length / sizeof number - 1) {
        err_set(check->err, "the list of free pages is longer than its place");
        return -1;
    }
    for (uint64_t i = 1; i <= count; i++) {
        memcpy(&number, data + i * sizeof number, sizeof number);
        if (number >= before) {
            err_set(check->err, "a list of free pages is not in order");
            return -1;
        }
        before = number;
        if (claim(check, number, 1) != 0)
            return -1;
    }
    return 0;
}

/* A value on pages of its own. Returns where it is, or NULL. */
static const unsigned char *
overflow_data(struct tree *tree, uint64_t number, size_t length)
{
    struct check *check = tree->check;
    struct page_header header;
    uint32_t pages;
    uint64_t count = (HEADER_BYTES - 1 + length) / check->page_bytes + 1;
    if (claim(check, number, count) != 0)
        return NULL;
    const unsigned char *page = page_at(check, number);
    memcpy(&header, page, sizeof header);
    memcpy(&pages, page + 12, sizeof pages);
    if ((header.flags & KINDS) != IS_OVERFLOW || header.number != number || pages != count) {
        complain(check, number, "not the pages of a long value");
        return NULL;
    }
    tree->found.overflows += count;
    return page + HEADER_BYTES;
}

static int
check_leaf_node(struct tree *tree, uint64_t number, const unsigned char *node, size_t room)
{
    struct node_header header;
    memcpy(&header, node, sizeof header);
    size_t length = header.low | (size_t)header.high << 16;
    bool is_big = (header.flags & NODE_IS_BIG) != 0;
    size_t held = NODE_BYTES + header.key_bytes + (is_big ? sizeof(uint64_t) : length);
    if (held > room || (header.flags & NODE_IS_LIST) != 0)
        return complain(tree->check, number, "an entry leaves its page");
    const unsigned char *data = node + NODE_BYTES + header.key_bytes;
    if (is_big) {
        uint64_t where;
        memcpy(&where, data, sizeof where);
        data = overflow_data(tree, where, length);
        if (data == NULL)
            return -1;
    }
    tree->found.entries++;
    if (tree->is_free_list) {
        if (header.key_bytes != sizeof(uint64_t) || length < sizeof(uint64_t))
            return complain(tree->check, number, "no list of free pages");
        return walk_free_pages(tree->check, data, length);
    }
    if ((header.flags & NODE_IS_TABLE) == 0)
        return 0;
    struct table table;
    if (!tree->has_tables || length != TABLE_BYTES || is_big)
        return complain(tree->check, number, "a table where none can be");
    memcpy(&table, data, sizeof table);
    return walk_table(tree->check, &table, false, false);
}

static int
check_branch_node(struct tree *tree, uint64_t number, const unsigned char *node, size_t room,
                  unsigned depth)
{
    struct node_header header;
    memcpy(&header, node, sizeof header);
    if (NODE_BYTES + (size_t)header.key_bytes > room)
        return complain(tree->check, number, "a branch leaves its page");
    uint64_t child = header.low | (uint64_t)header.high << 16 | (uint64_t)header.flags << 32;
    return walk_page(tree, child, depth + 1);
}

/* Whether the key of the node before is less than this one's, as LMDB compares. The first key of a
 * branch page is not used and may be empty. */
static bool
is_in_order(const struct tree *tree, const unsigned char *before, const unsigned char *node)
{
    struct node_header a, b;
    memcpy(&a, before, sizeof a);
    memcpy(&b, node, sizeof b);
    if (tree->is_free_list) {
        uint64_t left = 0, right = 0;
        if (a.key_bytes != sizeof left || b.key_bytes != sizeof right)
            return a.key_bytes == 0;
        memcpy(&left, before + NODE_BYTES, sizeof left);
        memcpy(&right, node + NODE_BYTES, sizeof right);
        return left < right;
    }
    size_t length = a.key_bytes < b.key_bytes ? a.key_bytes : b.key_bytes;
    int order = memcmp(before + NODE_BYTES, node + NODE_BYTES, length);
    return order < 0 || (order == 0 && a.key_bytes < b.key_bytes);
}

/* What a node takes up of its page, by its own word. */
static size_t
node_bytes(const unsigned char *node, bool is_branch)
{
    struct node_header header;
    memcpy(&header, node, sizeof header);
    size_t bytes = NODE_BYTES + (size_t)header.key_bytes;
    if (!is_branch)
        bytes += (header.flags & NODE_IS_BIG) != 0 ? sizeof(uint64_t)
                                                   : header.low | (size_t)header.high << 16;
    return bytes + bytes % 2;
}

/* Nodes lie without a gap from upper to the page's end: LMDB moves them all by the length of one
 * that goes. */
static int
walk_nodes(struct tree *tree, uint64_t number, const unsigned char *page, bool is_branch,
           size_t count, unsigned depth)
{
    size_t page_bytes = tree->check->page_bytes, held_bytes = 0;
    struct page_header header;
    memcpy(&header, page, sizeof header);
    const unsigned char *before = NULL;
    for (size_t i = 0; i < count; i++) {
        uint16_t offset;
        memcpy(&offset, page + HEADER_BYTES + i * sizeof offset, sizeof offset);
        if (offset < HEADER_BYTES + count * sizeof offset || offset > page_bytes - NODE_BYTES)
            return complain(tree->check, number, "an entry is not in its page");
        const unsigned char *node = page + offset;
        size_t room = page_bytes - offset;
        int result = is_branch ? check_branch_node(tree, number, node, room, depth)
                               : check_leaf_node(tree, number, node, room);
        if (result != 0)
            return -1;
        if (before != NULL && !(is_branch && i == 1) && !is_in_order(tree, before, node))
            return complain(tree->check, number, "entries are not in order");
        held_bytes += node_bytes(node, is_branch);
        before = node;
    }
    if (held_bytes != page_bytes - header.upper)
        return complain(tree->check, number, "entries are not as long as they say");
    return 0;
}

static int
walk_page(struct tree *tree, uint64_t number, unsigned depth)
{
    struct check *check = tree->check;
    struct page_header header;
    if (depth > DEPTH_MAX || depth > tree->table->depth)
        return complain(check, number, "deeper than its table");
    if (claim(check, number, 1) != 0)
        return -1;
    const unsigned char *page = page_at(check, number);
    memcpy(&header, page, sizeof header);
    bool is_branch = (header.flags & KINDS) == IS_BRANCH;
    if (header.number != number || (!is_branch && (header.flags & KINDS) != IS_LEAF))
        return complain(check, number, "not a page of a table");
    if (is_branch == (depth == tree->table->depth))
        return complain(check, number, "at a wrong depth");
    if (header.lower < HEADER_BYTES || header.lower > header.upper ||
        header.upper > check->page_bytes)
        return complain(check, number, "holds more than a page can");
    size_t count = (header.lower - HEADER_BYTES) / sizeof(uint16_t);
    if (count < (is_branch ? 2u : 1u))
        return complain(check, number, "is empty");
    if (is_branch)
        tree->found.branches++;
    else
        tree->found.leaves++;
    return walk_nodes(tree, number, page, is_branch, count, depth);
}

static bool
read_meta(const struct check *check, size_t page_bytes, unsigned which, struct meta *meta_r)
{
    struct page_header header;
    size_t at = which * page_bytes;
    if (check->length < at + HEADER_BYTES + sizeof *meta_r)
        return false;
    memcpy(&header, check->bytes + at, sizeof header);
    memcpy(meta_r, check->bytes + at + HEADER_BYTES, sizeof *meta_r);
    return (header.flags & IS_META) != 0 && header.number == which && meta_r->magic == MAGIC &&
           meta_r->version == VERSION;
}

/* Finds the newer of the two, as LMDB does. */
static int
choose_meta(struct check *check, struct meta *meta_r)
{
    struct meta second;
    if (!read_meta(check, 0, 0, meta_r)) {
        err_set(check->err, "it does not begin as a file of LMDB 0.9 does");
        return -1;
    }
    size_t page_bytes = meta_r->free.page_bytes;
    if (page_bytes != (size_t)sysconf(_SC_PAGESIZE) || !read_meta(check, page_bytes, 1, &second) ||
        second.free.page_bytes != page_bytes) {
        err_set(check->err, "its second page is not that of an LMDB file of this machine");
        return -1;
    }
    if (second.txn > meta_r->txn)
        *meta_r = second;
    check->page_bytes = page_bytes;
    if (meta_r->last_page < META_PAGES - 1 || meta_r->last_page >= check->length / page_bytes) {
        err_set(check->err, "it has been cut short: %llu pages are in use, %zu are there",
                (unsigned long long)meta_r->last_page + 1, check->length / page_bytes);
        return -1;
    }
    check->page_count = meta_r->last_page + 1;
    return 0;
}

struct task {
    struct check check;
    size_t used_bytes;
    int result;
};

static void
run(void *context)
{
    struct task *task = context;
    struct check *check = &task->check;
    struct meta meta;
    task->result = choose_meta(check, &meta);
    if (task->result != 0)
        return;
    check->seen = xcalloc(check->page_count / 8 + 1, 1);
    if (walk_table(check, &meta.main, false, true) != 0 ||
        walk_table(check, &meta.free, true, false) != 0)
        task->result = -1;
    task->used_bytes = check->page_count * check->page_bytes;
}

static enum lmdb_trust
check_mapped(const unsigned char *bytes, size_t length, size_t *used_bytes_r, struct err *err)
{
    struct task task = {.check = {.bytes = bytes, .length = length, .err = err}};
    if (!bus_guard(run, &task)) {
        err_set(err, "it cannot be read to its end");
        task.result = -1;
    }
    free(task.check.seen);
    *used_bytes_r = task.used_bytes;
    return task.result == 0 ? LMDB_WHOLE : LMDB_CORRUPT;
}

static enum lmdb_trust
check_open(int fd, size_t *used_bytes_r, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        err_set(err, "it is no file");
        return LMDB_CANNOT_TELL;
    }
    size_t length = (size_t)status.st_size;
    void *bytes = length > 0 ? mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0) : NULL;
    if (bytes == NULL || bytes == MAP_FAILED) {
        err_set(err, "%s", bytes == NULL ? "it is empty" : strerror(errno));
        return bytes == NULL ? LMDB_CORRUPT : LMDB_CANNOT_TELL;
    }
    enum lmdb_trust trust = check_mapped(bytes, length, used_bytes_r, err);
    munmap(bytes, length);
    return trust;
}

enum lmdb_trust
lmdb_check(const char *path, size_t *used_bytes_r, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        err_set(err, "%s", strerror(errno));
        return LMDB_CANNOT_TELL;
    }
    enum lmdb_trust trust = check_open(fd, used_bytes_r, err);
    close(fd);
    return trust;
}
