/* A table of rows of one size that grows, for a section in the making. */
#ifndef LEAKPROBE_HEAP_ROWS_H
#define LEAKPROBE_HEAP_ROWS_H

#include "memory.h"

struct rows {
    void *rows;
    uint32_t size;   /* bytes of a row */
    uint32_t count;
    uint32_t room;
};

/* A new row of zeros at the end; it may move the others. */
static inline void *
add_row(struct rows *table)
{
    if (table->count == table->room) {
        uint32_t room = table->room == 0 ? 64 : 2 * table->room;
        if (room < table->room) {
            give_up(EXIT_TOO_LARGE);
        }
        uint64_t bytes = (uint64_t)room * table->size;
        table->rows = table->room == 0
                          ? map_bytes(bytes)
                          : grow_bytes(table->rows, (uint64_t)table->room * table->size, bytes);
        table->room = room;
    }
    return (char *)table->rows + (uint64_t)table->count++ * table->size;
}

static inline void
drop_rows(struct rows *table)
{
    if (table->room > 0) {
        unmap_bytes(table->rows, (uint64_t)table->room * table->size);
    }
    table->count = table->room = 0;
}

#endif
