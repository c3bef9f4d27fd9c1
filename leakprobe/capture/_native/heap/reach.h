/* What each node hangs on: shortest ways from the roots (breadth first), in this order:
 * modules and the interpreter; threads and frames; what C code holds; leakprobe's own.
 * What is left is garbage that waits for the collector. */
#ifndef LEAKPROBE_HEAP_REACH_H
#define LEAKPROBE_HEAP_REACH_H

#include "graph.h"

enum node_state {
    STATE_GARBAGE = 0,
    STATE_MODULE = 1,  /* reached from a module or the interpreter */
    STATE_FRAME = 2,   /* only from a thread or a frame that runs */
    STATE_C_HELD = 3,  /* only through C code */
    STATE_OWN = 4,     /* only through leakprobe */
};

struct reach {
    uint8_t *state;    /* by node: enum node_state */
    uint32_t *parent;  /* by node: the one before it on the shortest way; NO_NODE: none */
};

struct own_roots {
    const uint64_t *addresses;  /* objects of leakprobe */
    uint32_t count;
    const char *file_prefix;    /* frames whose file begins so are leakprobe's; NULL: none */
    const char *shared_file;    /* but not this one, the middleware; NULL: none */
};

/* Fills `reach`, and the list of NODE_C_HELD in `graph`. */
void find_reach(struct graph *graph, const struct own_roots *own, struct reach *reach);

#endif
