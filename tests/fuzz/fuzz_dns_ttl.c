/* Whatever a DNS server answers, the reader stays inside the message. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "dns_ttl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *message = xmalloc(size); /* of its own, so that a sanitizer sees its end */
    uint32_t ttl_s;
    if (size > 0)
        memcpy(message, data, size);
    if (dns_least_ttl(message, size, &ttl_s) && ttl_s > INT32_MAX)
        abort();
    free(message);
    return 0;
}
