/*
 * encoded_words: whether every program reads the encoded words of a header (RFC 2047) alike.
 *
 * Pure; costs the text's length. A program that does not know a charset shows the bytes as they
 * are, so an address may be written once for those that know it and once for the others. Only words
 * that are well formed, in a charset that mail programs share (WHATWG's list), have one reading;
 * for the rest the bytes are to be looked at too. A word that nobody can decode is a fault if
 * something in its bytes may stand for an '@': a control character, or one of "+~&|" (ISO 2022,
 * UTF-7, HZ, EBCDIC); else what its ASCII letters say is what readers see, and "Jörg" in
 * "unknown-8bit" passes.
 */
#ifndef MAILREEVE_ENCODED_WORDS_H
#define MAILREEVE_ENCODED_WORDS_H

#include <stdbool.h>

enum { ENCODED_WORDS_MAX = 1000 }; /* in one header */

struct encoded_words {
    const char *fault; /* a constant text; NULL: none */
    bool too_many;     /* what is behind ENCODED_WORDS_MAX has not been looked at */
    bool hides;        /* the fault is of a word that nobody can decode and that may hold an '@' */
    bool malformed;    /* words that some programs decode and others show as they are */
    char *rest;        /* the text with a ',' for each word that has one reading, the bytes of the
                          others, taken as ISO 8859-1; with a fault the bytes of all, apart */
};

/* The text as those see it who decode each word by itself, as RFC 2047 5 has it: GMime joins words
 * of one charset before it decodes them, and then loses what stands behind base64's padding. Looks
 * at no more than ENCODED_WORDS_MAX words. Free it. */
char *encoded_words_decode_each(const char *text);

void encoded_words_read(const char *text, struct encoded_words *words_r);
void encoded_words_fini(struct encoded_words *words);

#endif
