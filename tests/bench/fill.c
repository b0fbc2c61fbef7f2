/*
 * bench_fill: fills the store of a service with bans before it starts.
 *
 *     fill FOLDER BYTES COUNT    an LMDB file of that size
 *     fill unix:PATH 0 COUNT     a Redis
 */
#include <stdio.h>
#include <stdlib.h>

#include "ban_filler.h"

int
main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: fill FOLDER|URL BYTES COUNT\n");
        return EXIT_FAILURE;
    }
    struct store *store = open_bench_store(argv[1], strtoll(argv[2], NULL, 10));
    fill_bans(store, strtoul(argv[3], NULL, 10));
    store_close(store);
    return EXIT_SUCCESS;
}
