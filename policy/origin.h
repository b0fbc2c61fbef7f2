/*
 * origin: where in the configuration something was said.
 *
 * A value; the file's name is borrowed from whoever loaded it and lives as long as the
 * configuration.
 */
#ifndef MAILREEVE_ORIGIN_H
#define MAILREEVE_ORIGIN_H

struct origin {
    const char *file; /* NULL: nowhere, the thing is built in */
    unsigned line;
};

#endif
