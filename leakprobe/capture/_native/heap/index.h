/* From the address of an object to its node: open addressing with linear probing. */
#ifndef LEAKPROBE_HEAP_INDEX_H
#define LEAKPROBE_HEAP_INDEX_H

#include "graph.h"

/* A table with room for so many nodes. */
void map_index(struct graph *graph, uint32_t nodes);

/* Keeps enough slots free; call it after each new node. */
void enlarge_index(struct graph *graph);

/* The slot of an object: its node, or 0 where it has none and belongs here. */
static inline uint32_t *
index_slot(const struct graph *graph, const void *address)
{
    /* Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4). A table in which
     * neighbours in memory are neighbours was tried: runs of full slots made it slower. */
    uint64_t product = ((uint64_t)(uintptr_t)address >> 4) * 0x9E3779B97F4A7C15u;
    uint32_t at = (uint32_t)(product >> 32) & graph->index_mask;
    while (graph->index[at] != 0 && (void *)graph->objects[graph->index[at]] != address) {
        at = (at + 1) & graph->index_mask;
    }
    return graph->index + at;
}

static inline void
grow_index(struct graph *graph)
{
    if (graph->nodes >= graph->index_limit) {
        enlarge_index(graph);
    }
}

#endif
