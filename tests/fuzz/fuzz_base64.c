/* Text that is base64 is what its bytes become again, and any bytes survive the way there and back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(const char *text, size_t length)
{
    char *bytes = xmalloc(length), *again = xmalloc(length);
    ssize_t count = base64_decode(text, length, bytes);
    if (count >= 0 && (base64_encode(bytes, (size_t)count, again) != again + length ||
                       memcmp(again, text, length) != 0))
        abort();
    free(bytes);
    free(again);
}

static void
check_bytes(const char *bytes, size_t length)
{
    size_t text_length = BASE64_LENGTH(length);
    char *text = xmalloc(text_length);
    if (base64_encode(bytes, length, text) != text + text_length ||
        base64_decode(text, text_length, text) != (ssize_t)length ||
        memcmp(text, bytes, length) != 0)
        abort();
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *input = xmalloc(size);
    if (size > 0)
        memcpy(input, data, size);
    check_text(input, size);
    check_bytes(input, size);
    free(input);
    return 0;
}
