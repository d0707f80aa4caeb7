/* Reads one price and some ticks of a region: FILE PRICES STRIDE TICKS SLOTS STRIDE COUNT (places as the schema says). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "crosstick.h"

static const unsigned char *base;

static void tick(uint64_t sequence, char *const *argv) {
    const unsigned char *slots = base + atol(argv[5]);
    size_t stride = (size_t)atol(argv[6]), count = (size_t)atol(argv[7]);
    struct crosstick_tick_event event;
    int seen = crosstick_read_slot(slots + sequence % count * stride, sequence, &event, sizeof event);
    if (seen == CROSSTICK_WHOLE)
        printf("%d is %d", (int)sequence, (int)event.price);
    else
        printf("%d %s", (int)sequence, seen == CROSSTICK_LAPPED ? "lapped" : "not there");
}

int main(int argc, char **argv) {
    struct stat meta;
    int file = argc == 8 ? open(argv[1], O_RDONLY) : -1;
    if (file < 0 || fstat(file, &meta) != 0)
        return 1;
    base = mmap(NULL, (size_t)meta.st_size, PROT_READ, MAP_SHARED, file, 0);
    if (base == MAP_FAILED)
        return 1;
    const struct crosstick_head *head = (const void *)base;
    if (!crosstick_is_region(head, (uint64_t)meta.st_size))
        return 1;
    struct crosstick_price price;
    if (crosstick_read_row(base + atol(argv[2]) + atol(argv[3]), &price, sizeof price, 100) != CROSSTICK_WHOLE)
        return 1;
    printf("%s, layout %u, bid %d ask %d, ", head->state == CROSSTICK_STATE_STARTING ? "starting" : "not starting",
           (unsigned)head->layout_version, (int)price.bid, (int)price.ask);
    printf("%d ticks: ", (int)crosstick_written(base + atol(argv[4])));
    tick(5, argv);
    printf(", ");
    tick(6, argv);
    printf(", ");
    tick(69, argv);
    printf(", ");
    tick(70, argv);
    printf("\n");
    return 0;
}
