/*
 * base64: bytes as printable text and back (RFC 4648 4).
 *
 * Pure; keeps nothing, for what goes through here are passwords.
 */
#ifndef MAILREEVE_BASE64_H
#define MAILREEVE_BASE64_H

#include <stddef.h>
#include <sys/types.h>

/* The characters that so many bytes become. */
#define BASE64_LENGTH(bytes) (((bytes) + 2) / 3 * 4)

/* Writes BASE64_LENGTH(length) characters without a NUL and returns the place behind them. */
char *base64_encode(const char *bytes, size_t length, char *text_r);

/* Decodes text of length characters into bytes_r, which may be text itself; no NUL is written.
 * Strict: padding must be there, nothing else may be (no line break, no space), and unused bits
 * must be zero, so that no two texts mean the same. Returns the number of bytes, or -1: then
 * bytes_r may have some of them. */
ssize_t base64_decode(const char *text, size_t length, char *bytes_r);

#endif
