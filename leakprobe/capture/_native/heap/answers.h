/* What was asked for, between finding it and writing it. */
#ifndef LEAKPROBE_HEAP_ANSWERS_H
#define LEAKPROBE_HEAP_ANSWERS_H

#include "walk.h"

#include "rows.h"

struct answers {
    const struct walk *walk;
    uint8_t *why;       /* by node: enum why; 0: no path to it is asked for */
    uint8_t *named;     /* by node: another section names it, so that NODES has it */
    struct rows paths;  /* struct path_row, in the order of the node */
};

struct path_row {
    uint32_t node, why, first_step, steps;
};

static inline void
want_path(struct answers *answers, uint32_t node, enum why why)
{
    answers->why[node] |= (uint8_t)why;
}

/* largest.c: wants paths to the objects that retain most. */
void want_largest(struct answers *answers);

/* holders.c: wants paths to objects of the type that was asked for and to what holds them;
 * writes EDGES. */
void write_holders(struct answers *answers);

/* paths.c: PATHS and STEPS of all that is wanted by now. */
void write_paths(struct answers *answers);

/* The row of PATHS that leads to a node; UINT32_MAX where none does. */
uint32_t find_path(const struct answers *answers, uint32_t node);

/* entries.c: ENTRIES of the containers that were asked for by address. */
void write_entries(const struct answers *answers);

/* nodes.c: NODES, of all that was named. */
void write_nodes(const struct answers *answers);

#endif
