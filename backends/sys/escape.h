/*
 * escape: bytes from anywhere made safe for one value of a log line.
 *
 * Pure. Whatever the bytes are, the result is one line of valid UTF-8 and ends where it should.
 * Both forms cut a value that does not fit between two characters and end it in "..."; size is 8 at
 * least. Both return the length written, which is below size; the result is terminated.
 */
#ifndef MAILREEVE_ESCAPE_H
#define MAILREEVE_ESCAPE_H

#include <stddef.h>

/* Bare if it can be, else in double quotes with \n \r \t \" \\ and \xHH for each byte of what is
 * invalid or not to be shown. */
size_t escape_logfmt(const char *bytes, size_t length, char *text_r, size_t size);

/* A JSON string (RFC 8259) with its quotes. A byte that is not UTF-8 becomes the four characters
 * \xHH, as logfmt shows it: JSON has no bytes. */
size_t escape_json(const char *bytes, size_t length, char *text_r, size_t size);

#endif
