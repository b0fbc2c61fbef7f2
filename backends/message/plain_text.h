/*
 * plain_text: what a text looks like to its reader, for whoever looks for addresses in it.
 *
 * Pure. Characters without width go, blanks of all kinds are spaces, full-width and other forms of
 * ASCII characters are those ("＠" is '@'), full stops of other scripts are '.', and punctuation
 * and symbols outside of ASCII are ',': no part of an address. Letters of other scripts stay: a
 * domain with a Cyrillic letter is another domain.
 */
#ifndef MAILREEVE_PLAIN_TEXT_H
#define MAILREEVE_PLAIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct plain_text {
    char *text;       /* valid UTF-8, no control characters */
    size_t ats;       /* how many '@' it has */
    bool controls;    /* a control character has gone: C0 but TAB, or DEL */
    bool directs;     /* marks of writing direction have gone: what stands where is hard to tell */
    bool overrides;   /* marks that turn text round (U+202D, U+202E) have gone */
    bool undecodable; /* "=?" is there: an encoded word that cannot be decoded, or twice encoded */
};

void plain_text_make(const char *text, struct plain_text *plain_r);
void plain_text_fini(struct plain_text *plain);

#endif
