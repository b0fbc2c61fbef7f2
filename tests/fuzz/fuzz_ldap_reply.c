/* A directory's answer of any bytes: what says that a password is right is a whole message, which
 * is none once its last byte is gone, and has the code of success. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ldap_ber.h"
#include "ldap_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How long the message is without its controls. */
static size_t
length_of_operation(const uint8_t *data, size_t size)
{
    struct ldap_ber from = {data, size}, contents;
    unsigned tag;
    for (int i = 0; i < 2; i++) /* the number and the operation */
        if (ldap_ber_take_any(&from, &tag, &contents) != 0)
            abort();
    return size - from.length;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ldap_reply reply, cut;
    if (ldap_reply_parse(data, size, &reply) != 0)
        return 0;
    if (strlen(reply.text) >= LDAP_REPLY_TEXT_MAX)
        abort();
    enum verify_outcome outcome = ldap_diagnosis(reply.code, reply.text, &reply.policy);
    if (outcome == VERIFY_OK && reply.code != 0)
        abort();
    if (size - 1 != length_of_operation(data, size) && ldap_reply_parse(data, size - 1, &cut) == 0)
        abort();
    return 0;
}
