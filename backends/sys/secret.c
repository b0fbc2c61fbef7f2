/*
 * MADV_DONTDUMP works on whole pages only, so a secret has pages of its own. Mapping, touching and
 * unmapping a page costs some microseconds and, with many threads, the lock of the whole address
 * space; so wiped single pages are kept in a short list for the next secret. A page in the list is
 * all zeros but for the pointer to the next one.
 */
#include "secret.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SPARE_PAGES_MAX = 256 };

struct spare_page {
    struct spare_page *next;
};

static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;
static struct spare_page *spare_pages; /* under lock */
static size_t spare_count;             /* under lock */

static size_t
page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static char *
take_spare_page(void)
{
    pthread_mutex_lock(&spare_lock);
    struct spare_page *page = spare_pages;
    if (page != NULL) {
        spare_pages = page->next;
        spare_count--;
        page->next = NULL;
    }
    pthread_mutex_unlock(&spare_lock);
    return (char *)page;
}

static bool
keep_spare_page(char *bytes)
{
    pthread_mutex_lock(&spare_lock);
    bool kept = spare_count < SPARE_PAGES_MAX;
    if (kept) {
        struct spare_page *page = (struct spare_page *)(void *)bytes;
        page->next = spare_pages;
        spare_pages = page;
        spare_count++;
    }
    pthread_mutex_unlock(&spare_lock);
    return kept;
}

static char *
map_pages(size_t size)
{
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED || madvise(bytes, size, MADV_DONTDUMP) != 0)
        abort();
    return bytes;
}

void
secret_init(struct secret *secret)
{
    *secret = (struct secret){0};
}

void
secret_fini(struct secret *secret)
{
    if (secret->bytes != NULL) {
        explicit_bzero(secret->bytes, secret->room);
        if (secret->room != page_size() || !keep_spare_page(secret->bytes))
            munmap(secret->bytes, secret->room);
    }
    secret_init(secret);
}

char *
secret_reserve(struct secret *secret, size_t room)
{
    secret_fini(secret);

    size_t page = page_size();
    size_t size = (room + 1 + page - 1) / page * page;
    if (size <= room)
        abort();
    char *bytes = size == page ? take_spare_page() : NULL;
    secret->bytes = bytes != NULL ? bytes : map_pages(size);
    secret->room = size;
    return secret->bytes;
}

void
secret_set(struct secret *secret, const char *bytes, size_t length)
{
    struct secret copy = {0};
    char *room = secret_reserve(&copy, length);
    if (length > 0)
        memcpy(room, bytes, length);
    copy.length = length;
    secret_fini(secret);
    *secret = copy;
}

bool
secret_equal(const struct secret *a, const struct secret *b)
{
    if (a->length != b->length)
        return false;
    const volatile char *left = a->bytes, *right = b->bytes;
    unsigned char difference = 0;
    for (size_t i = 0; i < a->length; i++)
        difference |= (unsigned char)(left[i] ^ right[i]);
    return difference == 0;
}
