/* The join of sampled blocks with the objects that they belong to. */
#ifndef LEAKPROBE_HEAP_JOIN_H
#define LEAKPROBE_HEAP_JOIN_H

#include "walk.h"

/* Called with a block that belongs to an object, by where the allocator put it. */
typedef void (*block_visitor)(const void *address, enum owned_as how, void *argument);

/* blocks.c: every block that an object consists of. */
void visit_blocks(PyObject *object, block_visitor visit, void *argument);

struct owner {
    uint32_t node;  /* NO_NODE: none was found */
    uint32_t how;   /* enum owned_as */
};

struct join {
    struct owner *owners;  /* by pointer, in the order of the request */
    uint32_t count;
};

/* Finds the object of each pointer of the request. */
void find_owners(const struct walk *walk, struct join *join);

#endif
