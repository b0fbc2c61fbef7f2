/* Headers, each a letter (which one) and a value, a byte 0xfe (which UTF-8 does not have) between
 * them. What is simply an address in the bytes as they are, whatever is around it, must be found;
 * what has no fault has an author; nothing is found twice; Authentication-Results that we write are
 * known as ours. */
#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authentication_results.h"
#include "domain.h"
#include "domain_key.h"
#include "identity_headers.h"

enum { SEPARATOR = 0xfe };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"From", "Sender", "Resent-From", "Resent-Sender"};

static bool
is_found(const struct identity_headers *headers, const char *name, const char *local,
         const char *domain)
{
    size_t count;
    const struct shown_address *shown = identity_headers_shown(headers, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(shown[i].header, name) == 0 && strcmp(shown[i].mailbox.local, local) == 0 &&
            strcmp(shown[i].mailbox.domain, domain) == 0)
            return true;
    return false;
}

/* Reads lower-case letters at bytes[*at], with the byte sep between runs of them. */
static size_t
take_letters(const char *bytes, size_t length, size_t *at, char sep, char *text_r)
{
    size_t used = 0, runs = 0;
    while (*at < length && used < 60) {
        bool letter = islower((unsigned char)bytes[*at]) != 0;
        bool next = bytes[*at] == sep && used > 0 && text_r[used - 1] != sep;
        if (!letter && !next)
            break;
        runs += next ? 1 : 0;
        text_r[used++] = bytes[(*at)++];
    }
    text_r[used] = '\0';
    return runs;
}

/* Addresses of lower-case letters alone between blanks at both ends: an oracle that knows nothing
 * of headers. */
static void
check_plain(const struct identity_headers *headers, const char *name, const char *value,
            size_t length)
{
    size_t count;
    identity_headers_shown(headers, &count);
    for (size_t start = 0; start + 1 < length && count < 1000; start++) {
        char local[64], domain[64];
        size_t at = start + 1;
        if (value[start] != ' ')
            continue;
        take_letters(value, length, &at, 'z' + 1, local);
        if (local[0] == '\0' || at == length || value[at] != '@')
            continue;
        at++;
        size_t dots = take_letters(value, length, &at, '.', domain);
        if (dots > 0 && at < length && value[at] == ' ' && domain[strlen(domain) - 1] != '.')
            assert(is_found(headers, name, local, domain));
    }
}

static void
check_shown(const struct identity_headers *headers)
{
    size_t count, authors = 0;
    const struct shown_address *shown = identity_headers_shown(headers, &count);
    for (size_t i = 0; i < count; i++) {
        const struct mailbox *mailbox = &shown[i].mailbox;
        assert(mailbox->local[0] != '\0' && mailbox->domain[0] != '\0');
        assert(!shown[i].is_author || strcmp(shown[i].header, "From") == 0);
        authors += shown[i].is_author ? 1 : 0;
        if (domain_check(mailbox->domain, strlen(mailbox->domain), NULL) == 0) {
            char key[DOMAIN_KEY_MAX + 1];
            domain_key(mailbox->domain, key);
            assert(strcmp(key, mailbox->domain) == 0 || strlen(key) > MAILBOX_DOMAIN_MAX);
        }
        for (size_t j = 0; j < i && count < 50; j++)
            assert(strcmp(shown[j].header, shown[i].header) != 0 ||
                   strcmp(shown[j].mailbox.domain, mailbox->domain) != 0 ||
                   strcmp(shown[j].mailbox.local, mailbox->local) != 0);
    }
    assert(identity_headers_fault(headers) != NULL || authors > 0);
}

static void
check_authentication_results(const char *value, size_t length)
{
    char written[AUTHENTICATION_RESULTS_MAX], user[USERNAME_MAX + 1];
    authentication_results_claims(value, length, "mx.acme.example");
    snprintf(user, sizeof user, "%.*s", (int)(length < USERNAME_MAX ? length : USERNAME_MAX),
             value);
    if (authentication_results_write("mx.acme.example", user, AUTHENTICATED_BY_WINDOW, written) ==
        0) {
        assert(strpbrk(written, "\r\n") == NULL);
        assert(authentication_results_claims(written, strlen(written), "mx.acme.example"));
    }
}

/* Each value is an exact copy, so that the sanitizer sees a read of one byte too many. */
static void
add(struct identity_headers *headers, const uint8_t *data, size_t size)
{
    if (size == 0)
        return;
    const char *name = names[data[0] % 4];
    size_t length = size - 1;
    char *value = malloc(length > 0 ? length : 1);
    if (value == NULL)
        abort();
    memcpy(value, data + 1, length);
    identity_headers_add(headers, name, value, length);
    check_plain(headers, name, value, length);
    check_authentication_results(value, length);
    free(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;
    if (!begun)
        identity_headers_begin_process();
    begun = true;
    struct identity_headers *headers = identity_headers_create();
    while (size > 0) {
        const uint8_t *end = memchr(data, SEPARATOR, size);
        size_t length = end != NULL ? (size_t)(end - data) : size;
        add(headers, data, length);
        data += end != NULL ? length + 1 : length;
        size -= end != NULL ? length + 1 : length;
    }
    identity_headers_end(headers);
    check_shown(headers);
    identity_headers_free(headers);
    return 0;
}
