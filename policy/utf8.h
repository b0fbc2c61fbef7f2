/*
 * utf8: bytes from strangers, read as Unicode (RFC 3629).
 *
 * Pure. Overlong forms, surrogates and what lies above U+10FFFF are invalid.
 */
#ifndef MAILREEVE_UTF8_H
#define MAILREEVE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the character that bytes begin with. Returns how many bytes it takes, or 0 if they are not
 * valid. */
size_t utf8_decode(const char *bytes, size_t length, uint32_t *character_r);

/* Whether all of it is valid and nothing in it is a control character: C0 with NUL and TAB, DEL,
 * C1. */
bool utf8_is_printable(const char *bytes, size_t length);

/* Whether a character is not to reach a screen as it is: control characters, and those that hide
 * text, have no width, or turn its direction or its lines around (soft hyphen, zero-width, bidi,
 * line and paragraph separators, tags). */
bool utf8_is_hidden(uint32_t character);

#endif
