/*
 * err: one line of text that tells a person what failed.
 *
 * Pure; the caller owns the storage. The text says what was tried, on what, why it failed and,
 * where known, the fix in brackets: one line, no capital, no full stop. Whoever handles the error
 * logs it, once. Functions that take a struct err * accept NULL from callers who do not want the
 * text.
 */
#ifndef MAILREEVE_ERR_H
#define MAILREEVE_ERR_H

enum { ERR_TEXT_MAX = 512 };

struct err {
    char text[ERR_TEXT_MAX];
};

/* Sets the text; what does not fit is cut. */
void err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " before the text that is there, to say in whose name the failed thing was done.
 */
void err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
