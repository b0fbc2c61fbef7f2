/*
 * gmime_door: the only file that knows GMime (libgmime-3.0) and GLib.
 *
 * Thread-safe once begun. Chosen because Evolution, Balsa and notmuch read their mail with it, it
 * is in Debian, and it is fuzzed (OSS-Fuzz) and kept. Texts are UTF-8.
 */
#ifndef MAILREEVE_GMIME_DOOR_H
#define MAILREEVE_GMIME_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once, before any other thread is there. */
void gmime_begin_process(void);

/* Takes an address list apart and hands over each mailbox (its address without comments) in order,
 * those of groups too. Returns how many there were; 0: GMime cannot read it. GMime recurses into
 * groups: only for what address_syntax_read has let through. */
size_t gmime_mailboxes(const char *value, void (*found)(void *context, const char *address),
                       void *context);

/* The text with its encoded words (RFC 2047) decoded, those too that stand where none may. The
 * caller frees it with free(3). */
char *gmime_decode_words(const char *text);

/* Whether all the bytes are characters of that charset; false also if nobody knows it. */
bool gmime_converts(const char *charset, const char *bytes, size_t length);

/* Writes the ASCII text that the character stands for: U+FF20 is "@", U+2026 "...". Returns its
 * length, or 0: it stands for itself. */
enum { GMIME_ASCII_MAX = 18 };
size_t gmime_ascii_of(uint32_t character, char ascii_r[GMIME_ASCII_MAX]);

#endif
