#include "challenge.h"

#include <string.h>

#include "digest.h"

enum { ANSWER_LENGTH = 32 };

/* Writes the answer as bytes. Returns 0 or -1. */
static int
make_answer(const struct challenge *challenge, const struct secret *clear,
            unsigned char digest_r[DIGEST_MAX])
{
    const struct bytes salt = {challenge->salt, challenge->salt_length};
    const struct bytes password = {clear->bytes, clear->length};
    switch (challenge->kind) {
    case CHALLENGE_CRAM_MD5:
        return digest_hmac(DIGEST_MD5, password, &salt, 1, digest_r);
    case CHALLENGE_APOP:
        return digest_hash(DIGEST_MD5, (const struct bytes[]){salt, password}, 2, digest_r);
    }
    return -1;
}

int
challenge_answer(const struct challenge *challenge, const struct secret *clear,
                 char answer_r[ANSWER_LENGTH + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[DIGEST_MAX];
    if (make_answer(challenge, clear, digest) != 0)
        return -1;
    for (size_t i = 0; i < ANSWER_LENGTH; i++)
        answer_r[i] = digits[(i % 2 == 0 ? digest[i / 2] >> 4 : digest[i / 2]) & 0xf];
    answer_r[ANSWER_LENGTH] = '\0';
    return 0;
}

/* The answer in lower case, for the digits A to F alone. */
static void
lower_hex(const char *answer, char lower_r[ANSWER_LENGTH])
{
    for (size_t i = 0; i < ANSWER_LENGTH; i++)
        lower_r[i] =
            (char)(answer[i] >= 'A' && answer[i] <= 'F' ? answer[i] + ('a' - 'A') : answer[i]);
}

enum password_answer
challenge_verify(const struct challenge *challenge, const struct secret *answer,
                 const struct secret *clear)
{
    char right[ANSWER_LENGTH + 1], given[ANSWER_LENGTH];
    if (challenge_answer(challenge, clear, right) != 0)
        return PASSWORD_CANNOT_TELL;
    bool is_right = false;
    if (answer->length == ANSWER_LENGTH) {
        lower_hex(answer->bytes, given);
        is_right = digest_equal(given, right, ANSWER_LENGTH);
    }
    explicit_bzero(right, sizeof right);
    return is_right ? PASSWORD_RIGHT : PASSWORD_WRONG;
}
