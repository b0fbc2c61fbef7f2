/*
 * Our own copies of a password are in struct secret and are wiped. But a password also goes through
 * buffers of libfcgi (request), libldap (BER), libssl and libc, which hand them back with free()
 * unwiped; a core file or a later leak would show it. So the program brings its own free and
 * realloc, which the dynamic linker gives to all libraries: memory is wiped when it is given back.
 * Allocation itself stays glibc's, whose __libc_ names are there for such wrappers.
 *
 * The wipe costs some nanoseconds a block; it is not in builds with a sanitizer, which has its own
 * allocator (MAILREEVE_HARDENED is set by the build for Release alone).
 */
#include "harden.h"

#ifdef MAILREEVE_HARDENED

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/prctl.h>

void __libc_free(void *memory);
void free(void *memory);
void *realloc(void *memory, size_t size);

void
free(void *memory)
{
    if (memory == NULL)
        return;
    int saved_errno = errno;
    explicit_bzero(memory, malloc_usable_size(memory));
    __libc_free(memory);
    errno = saved_errno;
}

/* glibc's may move the bytes and leave the old ones behind. */
void *
realloc(void *memory, size_t size)
{
    if (memory == NULL)
        return malloc(size);
    if (size == 0) {
        free(memory);
        return NULL;
    }
    size_t usable = malloc_usable_size(memory);
    if (size <= usable && size >= usable / 2)
        return memory;
    void *moved = malloc(size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, memory, size < usable ? size : usable);
    free(memory);
    return moved;
}

void
harden_process(void)
{
    prctl(PR_SET_DUMPABLE, 0);
}

#else

/* LeakSanitizer looks into the process, which PR_SET_DUMPABLE would forbid. */
void
harden_process(void)
{
}

#endif
